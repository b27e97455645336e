/* The common fault, in line: it is near the one before, and nothing unusual is met. Whatever is not
 * common is found out before anything has changed, and fault.c does it from the start.
 *
 *   Q1  A reach is pages of one region under one leaf table that is its space's alone, above what
 *       is not promised of a stack. The region is the space's hit.
 *   Q2  It holds as long as nothing but common faults are served (U2): a request, a slice of what
 *       was put off or an uncommon fault empties it. */
#ifndef PAGER_FAULT_NEAR_H
#define PAGER_FAULT_NEAR_H

#include "fault.h"
#include "kernel.h"

struct fault_reach {
    uint64_t id; /* of its space */
    struct space *space;
    uint64_t first_page;
    uint64_t pages; /* 0: an empty one */
    uint64_t leaf;  /* the frame of the table */
    const volatile uint64_t *entries;
};

static inline void fault_reach_empty(struct fault_reach *reach)
{
    *reach = (struct fault_reach){0};
}

/* Around a page of the space of that id; empty: that is no common fault. */
struct fault_reach fault_reach_around(uint64_t id, uint64_t page);

/* One place where a page is to stand. */
struct spot {
    struct space *space;
    const struct region *region;
    uint32_t page;
    uint64_t leaf;                  /* the frame of the table, */
    const volatile uint64_t *entry; /* and the entry in it */
};

/* ------------------------------------------------------------------------------------ rights */
_Static_assert(FAULT_PAGE_WRITE - FAULT_PAGE_READ == 1 &&
                   FAULT_PAGE_EXECUTE - FAULT_PAGE_READ == 2 && MAP_W == MAP_R << 1 &&
                   MAP_X == MAP_R << 2 && (int)PTE_W == MAP_W << 1,
               "kinds of access and rights come in one order");

/* The right that a kind of access needs: MAP_*. */
FAULT_INLINE uint64_t right_of(uint64_t kind)
{
    return (uint64_t)MAP_R << (kind - FAULT_PAGE_READ);
}

FAULT_INLINE bool region_allows(const struct region *r, uint64_t right)
{
    return (r->rights & right) != 0;
}

FAULT_INLINE unsigned rights_without_write(const struct region *r)
{
    return r->rights & (MAP_R | MAP_X);
}

FAULT_INLINE bool entry_allows(uint64_t e, uint64_t right)
{
    uint64_t bits = PTE_V | right << 1;
    return (e & bits) == bits;
}

/* ----------------------------------------------------------------------------------- answers */
FAULT_INLINE void answer_map(struct fault_step *step, const struct spot *at, frame_t frame,
                             unsigned rights, frame_t taken, frame_t replaced)
{
    *step = (struct fault_step){.answer = FAULT_MAP,
                                .leaf = at->leaf,
                                .entry = at->entry,
                                .word = (uint64_t)frame.number << MAP_FRAME_SHIFT | rights,
                                .taken = taken,
                                .replaced = replaced};
}

FAULT_INLINE void answer_again(struct fault_step *step, const struct spot *at)
{
    at->space->faults_other++;
    *step = (struct fault_step){.answer = FAULT_AGAIN};
}

/* ----------------------------------------------------------------- entries of the common kind */
/* A frame that was taken before, or one that is free without further ado. */
FAULT_INLINE bool take_frame(frame_t *spare, frame_t *frame_out)
{
    if (spare->number != 0) {
        *frame_out = *spare;
        *spare = FRAME_NONE;
        return true;
    }
    return frame_alloc_quick(frame_out);
}

FAULT_INLINE bool resolve_zero(const struct spot *at, bool write, frame_t replaced, frame_t *spare,
                               struct fault_step *step)
{
    frame_t frame = fault_zero_frame;
    if (!write) {
        frame_ref(frame);
        answer_map(step, at, frame, rights_without_write(at->region), frame, replaced);
    } else {
        if (!take_frame(spare, &frame)) {
            return false;
        }
        answer_map(step, at, frame, at->region->rights, frame, replaced);
        step->fill = FILL_ZEROES;
    }
    at->space->faults_zero++;
    return true;
}

/* W back for those of the next pages that are the space's alone, too: whoever writes page after
 * page, as the last owner, faults once for many. */
void fault_regain_ahead(const struct region *r, uint64_t leaf, const volatile uint64_t *entry,
                        uint32_t page);

/* Was the page before written to? */
FAULT_INLINE bool goes_on(const struct spot *at)
{
    return page_leaf_index(at->page) != 0 && entry_allows(at->entry[-1], MAP_W);
}

/* A write to a page that is there. */
FAULT_INLINE bool resolve_write(const struct spot *at, uint64_t e, frame_t *spare,
                                struct fault_step *step)
{
    frame_t frame = entry_frame(e);
    if (entry_allows(e, MAP_W)) {
        answer_again(step, at);
        return true;
    }
    if (!frame_is_shared(frame) || region_is_shared(at->region)) {
        at->space->faults_last_owner++;
        if (goes_on(at)) {
            fault_regain_ahead(at->region, at->leaf, at->entry, at->page);
        }
        answer_map(step, at, frame, at->region->rights, FRAME_NONE, FRAME_NONE);
        return true;
    }
    if (frame.number == fault_zero_frame.number) {
        return resolve_zero(at, true, frame, spare, step);
    }
    frame_t copy;
    if (!take_frame(spare, &copy)) {
        return false;
    }
    at->space->faults_copy++;
    if (at->space->hot_count < HOT_PAGES) {
        at->space->hot_pages[at->space->hot_count++] = at->page;
    }
    answer_map(step, at, copy, at->region->rights, copy, frame);
    step->fill = FILL_COPY;
    step->source = frame;
    return true;
}

/* A read or fetch of a page that is there: the entry has the right already, or the region was
 * given more rights since. */
FAULT_INLINE void resolve_read(const struct spot *at, uint64_t e, uint64_t right,
                               struct fault_step *step)
{
    if (entry_allows(e, right)) {
        answer_again(step, at);
        return;
    }
    at->space->faults_other++;
    answer_map(step, at, entry_frame(e), rights_without_write(at->region), FRAME_NONE, FRAME_NONE);
}

/* The entry of a page whose path is ready. False: a frame is needed, or a backing that is not the
 * common one; nothing has changed. */
FAULT_INLINE bool resolve_entry(const struct spot *at, uint64_t right, frame_t *spare,
                                struct fault_step *step)
{
    uint64_t e = *at->entry;
    bool write = right == MAP_W;
    if (e == 0) {
        return at->region->backing == BACKING_ZERO &&
               resolve_zero(at, write, FRAME_NONE, spare, step);
    }
    if (write) {
        return resolve_write(at, e, spare, step);
    }
    resolve_read(at, e, right, step);
    return true;
}

FAULT_INLINE bool resolve_in_reach(const struct fault_reach *reach, uint64_t kind, uint64_t page,
                                   struct fault_step *step)
{
    frame_t none = FRAME_NONE;
    struct spot at = {.space = reach->space,
                      .region = &reach->space->hit,
                      .page = (uint32_t)page,
                      .leaf = reach->leaf,
                      .entry = reach->entries + (page & (GROUP_PAGES - 1))};
    uint64_t right = right_of(kind);
    return region_allows(at.region, right) && resolve_entry(&at, right, &none, step);
}

/* fault_resolve for the space of that id, with what the fault before has found. There may be no
 * such space any more. */
FAULT_INLINE void fault_resolve_near(struct fault_reach *reach, uint64_t id, uint64_t kind,
                                     uint64_t address, struct fault_step *step_out)
{
    uint64_t page = address >> PAGE_SHIFT;
    if (__builtin_expect(id != reach->id || page - reach->first_page >= reach->pages, 0)) {
        *reach = fault_reach_around(id, page);
    }
    if (__builtin_expect(reach->pages != 0, 1) && resolve_in_reach(reach, kind, page, step_out)) {
        return;
    }
    struct fault_step step;   /* step_out may live in registers */
    fault_reach_empty(reach); /* Q2 */
    fault_resolve_id(id, (unsigned)kind, address, &step);
    *step_out = step;
}

#endif
