/* Faults resolved; the contract is in fault.h. */
#include "fault.h"

#include "cow.h"
#include "frame.h"
#include "kernel.h"
#include "object.h"
#include "page.h"
#include "start.h"

frame_t fault_zero_frame;

err_t faults_start(void)
{
    err_t error = memory_take_frame(&fault_zero_frame);
    if (error == ERR_OK) {
        page_zero(fault_zero_frame);
        frame_record(fault_zero_frame)->flags |= FRAME_FIXED;
    }
    return error;
}

/* The path of a fault is one function when nothing unusual is met: region remembered, tables
 * private, a frame at hand. Everything else is out of line and begins again from the start. */
#define HOT  static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline))

/* ----------------------------------------------------------------------------- the answers */
HOT void answer_kill(struct fault_step *step, unsigned reason)
{
    step->answer = FAULT_KILL;
    step->reason = reason;
}

/* One place where a page is to stand. */
struct spot {
    struct space *space;
    const struct region *region;
    uint32_t page;
    frame_t leaf;
    uint32_t index;
};

HOT void answer_map(struct fault_step *step, const struct spot *at, uint32_t word, frame_t taken,
                    frame_t replaced)
{
    step->answer = FAULT_MAP;
    step->leaf = at->leaf;
    step->index = at->index;
    step->word = word;
    step->taken = taken;
    step->replaced = replaced;
}

HOT void answer_again(struct fault_step *step, const struct spot *at)
{
    at->space->faults_other++;
    step->answer = FAULT_AGAIN;
}

HOT unsigned rights_without_write(const struct region *r)
{
    return r->rights & (MAP_R | MAP_X);
}

/* ------------------------------------------------------------------- entries of the common kind */
/* A frame that was taken before, or one that is free without further ado. */
HOT bool take_frame(frame_t *spare, frame_t *frame_out)
{
    if (spare->number != 0) {
        *frame_out = *spare;
        *spare = FRAME_NONE;
        return true;
    }
    return frame_alloc_quick(frame_out);
}

HOT bool fill_zero(const struct spot *at, bool write, frame_t replaced, frame_t *spare,
                   struct fault_step *step)
{
    frame_t frame = fault_zero_frame;
    unsigned rights = rights_without_write(at->region);
    if (write) {
        if (!take_frame(spare, &frame)) {
            return false;
        }
        page_zero(frame);
        rights = at->region->rights;
    } else {
        frame_ref(frame);
    }
    at->space->faults_zero++;
    answer_map(step, at, map_word(frame, rights), frame, replaced);
    return true;
}

/* A write to a page that is there. */
HOT bool write_present(const struct spot *at, uint64_t e, frame_t *spare, struct fault_step *step)
{
    frame_t frame = entry_frame(e);
    if ((e & (PTE_V | PTE_W)) == (PTE_V | PTE_W)) {
        answer_again(step, at);
        return true;
    }
    if (!frame_is_shared(frame) || region_is_shared(at->region)) {
        at->space->faults_last_owner++;
        answer_map(step, at, map_word(frame, at->region->rights), FRAME_NONE, FRAME_NONE);
        return true;
    }
    if (frame.number == fault_zero_frame.number) {
        return fill_zero(at, true, frame, spare, step);
    }
    frame_t copy;
    if (!take_frame(spare, &copy)) {
        return false;
    }
    page_copy(copy, frame);
    at->space->faults_copy++;
    if (at->space->hot_count < HOT_PAGES) {
        at->space->hot_pages[at->space->hot_count++] = at->page;
    }
    answer_map(step, at, map_word(copy, at->region->rights), copy, frame);
    return true;
}

/* A read or fetch of a page that is there: the entry has the right already, or the region was
 * given more rights since. */
HOT void read_present(const struct spot *at, uint64_t e, unsigned right_bit,
                      struct fault_step *step)
{
    if (entry_is_valid(e) && (e & right_bit) != 0) {
        answer_again(step, at);
        return;
    }
    at->space->faults_other++;
    answer_map(step, at, map_word(entry_frame(e), rights_without_write(at->region)), FRAME_NONE,
               FRAME_NONE);
}

/* The entry of a page whose path is ready. False: a frame is needed, or a backing that is not the
 * common one; nothing has changed. */
HOT bool resolve_entry(const struct spot *at, unsigned right_bit, frame_t *spare,
                       struct fault_step *step)
{
    uint64_t e = table_entries(at->leaf)[at->index];
    bool write = right_bit == PTE_W;
    if (e == 0) {
        return at->region->backing == BACKING_ZERO && fill_zero(at, write, FRAME_NONE, spare, step);
    }
    if (write) {
        return write_present(at, e, spare, step);
    }
    read_present(at, e, right_bit, step);
    return true;
}

/* ------------------------------------------------------------------------- other backings */
/* A page of the space's own: the first `bytes` of a frame, and zeroes. */
static void fill_private(const struct spot *at, frame_t source, unsigned bytes,
                         struct fault_step *step)
{
    frame_t frame;
    if (memory_take_frame(&frame) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    if (bytes == PAGE_BYTES) {
        page_copy(frame, source);
    } else {
        page_zero(frame);
        __builtin_memcpy(pager_pointer(frame), pager_pointer(source), bytes);
    }
    answer_map(step, at, map_word(frame, at->region->rights), frame, FRAME_NONE);
}

enum { BLOCK_PAGES = 4 }; /* of which those behind the one wanted are filled with it */

/* Empty entries behind a file's page that nobody may write to, to the end of its block: a program that
 * runs here will soon run there. */
static void fill_ahead(const struct spot *at)
{
    const struct region *r = at->region;
    const volatile uint64_t *entries = table_entries(at->leaf);
    uint32_t whole = r->first_page + (uint32_t)r->file_pages - (r->file_tail != 0 ? 1 : 0);
    uint32_t block_end = (at->page / BLOCK_PAGES + 1) * BLOCK_PAGES;
    uint32_t first = at->page + 1;
    uint32_t end = first;
    while (end < block_end && end < whole && entries[page_leaf_index(end)] == 0) {
        end++;
    }
    if (first == end) {
        return;
    }
    frame_t source = {pager_archive.number + r->offset_pages + first - r->first_page};
    for (uint32_t i = 0; i < end - first; i++) {
        frame_ref((frame_t){source.number + i});
    }
    err_t error = kernel_table_map_run(at->leaf, page_leaf_index(first), end - first,
                                       map_word(source, rights_without_write(r)));
    PAGER_ASSERT(error == ERR_OK);
}

/* A page that the archive holds at least the beginning of. */
static void fill_archive(const struct spot *at, bool write, struct fault_step *step)
{
    const struct region *r = at->region;
    uint32_t relative = at->page - r->first_page;
    frame_t source = {pager_archive.number + r->offset_pages + relative};
    at->space->faults_other++;
    if (relative + 1 == r->file_pages && r->file_tail != 0) {
        fill_private(at, source, r->file_tail, step);
    } else if (write) {
        fill_private(at, source, PAGE_BYTES, step);
    } else {
        frame_t leaf;
        if ((r->max_rights & MAP_W) == 0 && cow_path_is_private(at->space, at->page, &leaf)) {
            fill_ahead(at);
        }
        frame_ref(source);
        answer_map(step, at, map_word(source, rights_without_write(r)), source, FRAME_NONE);
    }
}

static void fill_object(const struct spot *at, struct fault_step *step)
{
    const struct region *r = at->region;
    struct object *object = object_at(r->backing - BACKING_OBJECT);
    PAGER_ASSERT(object != NULL);
    frame_t frame;
    at->space->faults_other++;
    if (object_page(object, r->offset_pages + at->page - r->first_page, &frame) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    frame_ref(frame);
    answer_map(step, at, map_word(frame, r->rights), frame, FRAME_NONE);
}

/* Zeroes, or a frame for a copy, when none is at hand: teardown may have to give one. */
static void resolve_with_spare(const struct spot *at, unsigned right_bit, struct fault_step *step)
{
    frame_t spare;
    if (memory_take_frame(&spare) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    uint64_t e = table_entries(at->leaf)[at->index];
    bool done = e == 0 ? fill_zero(at, right_bit == PTE_W, FRAME_NONE, &spare, step)
                       : resolve_entry(at, right_bit, &spare, step);
    PAGER_ASSERT(done);
    if (spare.number != 0) { /* teardown has made the space the last owner meanwhile */
        frame_unref(spare);
    }
}

static void resolve_other(const struct spot *at, unsigned right_bit, struct fault_step *step)
{
    const struct region *r = at->region;
    bool empty = table_entries(at->leaf)[at->index] == 0;
    bool in_file = r->backing == BACKING_ARCHIVE && at->page - r->first_page < r->file_pages;
    if (!empty || r->backing == BACKING_ZERO || (r->backing == BACKING_ARCHIVE && !in_file)) {
        frame_t none = FRAME_NONE;
        if (empty && right_bit != PTE_W) { /* zeroes to read need no frame */
            (void)fill_zero(at, false, FRAME_NONE, &none, step);
        } else {
            resolve_with_spare(at, right_bit, step);
        }
    } else if (in_file) {
        fill_archive(at, right_bit == PTE_W, step);
    } else if (r->backing == BACKING_DEVICE) {
        answer_kill(step, PAGER_REASON_ACCESS);
    } else {
        fill_object(at, step);
    }
}

/* --------------------------------------------------------------------------------- resolve */
static unsigned reason_unmapped(struct space *s, uint32_t page)
{
    const struct region *next = region_find_next(s->map, page);
    bool guard = next != NULL && (next->flags & REGION_STACK) != 0 && next->first_page == page + 1;
    return guard ? PAGER_REASON_GUARD : PAGER_REASON_UNMAPPED;
}

/* Of each kind of access: the bit in an entry, the right of a region, why it is refused. */
static const struct {
    uint8_t right_bit;
    uint8_t right;
    uint8_t reason;
} accesses[] = {
    [FAULT_PAGE_READ] = {PTE_R, MAP_R, PAGER_REASON_NOT_READABLE},
    [FAULT_PAGE_WRITE] = {PTE_W, MAP_W, PAGER_REASON_READ_ONLY},
    [FAULT_PAGE_EXECUTE] = {PTE_X, MAP_X, PAGER_REASON_NOT_EXECUTABLE},
};

/* The spot's path made as the access needs it. A read is content with tables that others share, as
 * long as nothing has to be written there. */
static err_t make_path(struct spot *at, unsigned right_bit)
{
    if (right_bit != PTE_W) {
        err_t error = cow_make_readable(at->space, at->page, &at->leaf);
        if (error != ERR_OK) {
            return error;
        }
        if (at->leaf.number != 0) {
            uint64_t e = table_entries(at->leaf)[at->index];
            if (entry_is_valid(e) && (e & right_bit) != 0) {
                return ERR_OK;
            }
        }
    }
    return cow_make_private(at->space, at->page, &at->leaf);
}

/* Whatever the quick way could not do. */
COLD void resolve_slowly(struct space *s, unsigned kind, uint64_t address, struct fault_step *step)
{
    if (address >> PAGE_SHIFT >= USER_PAGES) {
        answer_kill(step, PAGER_REASON_KERNEL);
        return;
    }
    uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
    struct spot at = {
        .space = s, .region = space_region(s, page), .page = page, .index = page_leaf_index(page)};
    if (at.region == NULL) {
        answer_kill(step, reason_unmapped(s, page));
        return;
    }
    if ((at.region->rights & accesses[kind].right) == 0) {
        answer_kill(step, accesses[kind].reason);
        return;
    }
    bool below = (at.region->flags & REGION_STACK) != 0 && page < s->stack_low;
    if ((below && space_grow_stack(s, at.region, page) != ERR_OK) ||
        make_path(&at, accesses[kind].right_bit) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    at.region = space_region(s, page); /* making the path may have looked elsewhere */
    frame_t none = FRAME_NONE;
    if (!resolve_entry(&at, accesses[kind].right_bit, &none, step)) {
        resolve_other(&at, accesses[kind].right_bit, step);
    }
}

void fault_resolve(struct space *s, unsigned kind, uint64_t address, struct fault_step *step)
{
    uint64_t wide = address >> PAGE_SHIFT;
    uint32_t page = (uint32_t)wide;
    struct spot at = {.space = s, .region = &s->hit, .page = page, .index = page_leaf_index(page)};
    frame_t none = FRAME_NONE;
    bool plain = wide < USER_PAGES && region_holds(&s->hit, page) &&
                 (s->hit.rights & accesses[kind].right) != 0 &&
                 ((s->hit.flags & REGION_STACK) == 0 || page >= s->stack_low);
    if (__builtin_expect(plain && cow_path_is_private(s, page, &at.leaf), 1) &&
        resolve_entry(&at, accesses[kind].right_bit, &none, step)) {
        return;
    }
    resolve_slowly(s, kind, address, step);
}

err_t fault_populate(struct space *s, uint32_t page, bool write)
{
    struct fault_step step;
    fault_resolve(s, write ? FAULT_PAGE_WRITE : FAULT_PAGE_READ, (uint64_t)page << PAGE_SHIFT,
                  &step);
    if (step.answer == FAULT_KILL) {
        return step.reason == PAGER_REASON_NO_MEMORY ? PAGER_ERR_NOMEM : PAGER_ERR_FAULT;
    }
    if (step.answer == FAULT_MAP) {
        bool replaces = table_entries(step.leaf)[step.index] != 0;
        err_t error = kernel_table_map_one(step.leaf, step.index, step.word);
        PAGER_ASSERT(error == ERR_OK);
        if (replaces) { /* C5: before the old frame's count drops */
            error = kernel_flush(s->cap, page, 1);
            PAGER_ASSERT(error == ERR_OK);
        }
        fault_finish(&step);
    }
    return ERR_OK;
}
