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

/* ----------------------------------------------------------------------------- the answers */
static void answer_kill(struct fault_step *step, unsigned reason)
{
    step->answer = FAULT_KILL;
    step->reason = reason;
}

static void answer_map(struct fault_step *step, frame_t leaf, uint32_t index, uint32_t word,
                       frame_t taken, frame_t replaced)
{
    step->answer = FAULT_MAP;
    step->leaf = leaf;
    step->index = index;
    step->word = word;
    step->taken = taken;
    step->replaced = replaced;
}

/* One place where a page is to stand. */
struct spot {
    struct space *space;
    const struct region *region;
    uint32_t page;
    frame_t leaf;
    uint32_t index;
};

static unsigned rights_without_write(const struct region *r)
{
    return r->rights & (MAP_R | MAP_X);
}

/* ---------------------------------------------------------------------------- empty entries */
/* A page of the space's own, its contents a copy of `source` (first `bytes` of it), or zeroes. */
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
    answer_map(step, at->leaf, at->index, map_word(frame, at->region->rights), frame, FRAME_NONE);
}

static void fill_zero(const struct spot *at, bool write, struct fault_step *step)
{
    at->space->faults_zero++;
    if (write) {
        fill_private(at, fault_zero_frame, 0, step);
        return;
    }
    frame_ref(fault_zero_frame);
    answer_map(step, at->leaf, at->index,
               map_word(fault_zero_frame, rights_without_write(at->region)), fault_zero_frame,
               FRAME_NONE);
}

static void fill_archive(const struct spot *at, bool write, struct fault_step *step)
{
    const struct region *r = at->region;
    uint32_t relative = at->page - r->first_page;
    if (relative >= r->file_pages) {
        fill_zero(at, write, step);
        return;
    }
    frame_t source = {pager_archive.number + r->offset_pages + relative};
    at->space->faults_other++;
    if (relative + 1 == r->file_pages && r->file_tail != 0) {
        fill_private(at, source, r->file_tail, step);
    } else if (write) {
        fill_private(at, source, PAGE_BYTES, step);
    } else {
        frame_ref(source);
        answer_map(step, at->leaf, at->index, map_word(source, rights_without_write(r)), source,
                   FRAME_NONE);
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
    answer_map(step, at->leaf, at->index, map_word(frame, r->rights), frame, FRAME_NONE);
}

static void fill(const struct spot *at, bool write, struct fault_step *step)
{
    switch (at->region->backing) {
    case BACKING_ZERO:
        fill_zero(at, write, step);
        return;
    case BACKING_ARCHIVE:
        fill_archive(at, write, step);
        return;
    case BACKING_DEVICE:
        answer_kill(step, PAGER_REASON_ACCESS);
        return;
    default:
        fill_object(at, step);
        return;
    }
}

/* --------------------------------------------------------------------------- entries in use */
/* A write to a page whose frame others have too: a copy takes its place. */
static void copy_frame(const struct spot *at, frame_t shared, struct fault_step *step)
{
    bool is_zero = shared.number == fault_zero_frame.number;
    frame_t frame;
    if (memory_take_frame(&frame) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    if (is_zero) {
        at->space->faults_zero++;
        page_zero(frame);
    } else {
        at->space->faults_copy++;
        page_copy(frame, shared);
    }
    answer_map(step, at->leaf, at->index, map_word(frame, at->region->rights), frame, shared);
}

static void write_present(const struct spot *at, uint64_t e, struct fault_step *step)
{
    frame_t frame = entry_frame(e);
    if ((e & PTE_W) != 0 && entry_is_valid(e)) {
        at->space->faults_other++;
        step->answer = FAULT_AGAIN;
    } else if (frame_is_shared(frame) && !region_is_shared(at->region)) {
        copy_frame(at, frame, step);
    } else {
        at->space->faults_last_owner++;
        answer_map(step, at->leaf, at->index, map_word(frame, at->region->rights), FRAME_NONE,
                   FRAME_NONE);
    }
}

/* A read or fetch of a page that is there: the entry has the right already, or the region was
 * given more rights since. */
static void read_present(const struct spot *at, uint64_t e, unsigned right_bit,
                         struct fault_step *step)
{
    at->space->faults_other++;
    if (entry_is_valid(e) && (e & right_bit) != 0) {
        step->answer = FAULT_AGAIN;
        return;
    }
    answer_map(step, at->leaf, at->index,
               map_word(entry_frame(e), rights_without_write(at->region)), FRAME_NONE, FRAME_NONE);
}

/* --------------------------------------------------------------------------------- resolve */
static unsigned reason_unmapped(struct space *s, uint32_t page)
{
    const struct region *next = region_find_next(s->map, page);
    bool guard = next != NULL && (next->flags & REGION_STACK) != 0 && next->first_page == page + 1;
    return guard ? PAGER_REASON_GUARD : PAGER_REASON_UNMAPPED;
}

/* The spot's path made as the access needs it. A read is content with tables that others share, as
 * long as nothing has to be written there. */
static err_t make_path(struct spot *at, bool write, unsigned right_bit)
{
    if (!write) {
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

static void resolve_in_region(struct spot *at, bool write, unsigned right_bit,
                              struct fault_step *step)
{
    if ((at->region->flags & REGION_STACK) != 0 &&
        __builtin_expect(at->page < at->space->stack_low, 0) &&
        space_grow_stack(at->space, at->region, at->page) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    if (!cow_path_is_private(at->space, at->page, &at->leaf)) {
        if (make_path(at, write, right_bit) != ERR_OK) {
            answer_kill(step, PAGER_REASON_NO_MEMORY);
            return;
        }
        at->region = space_region(at->space, at->page); /* making it may have looked elsewhere */
    }
    uint64_t e = table_entries(at->leaf)[at->index];
    if (e == 0) {
        fill(at, write, step);
    } else if (write) {
        write_present(at, e, step);
    } else {
        read_present(at, e, right_bit, step);
    }
}

void fault_resolve(struct space *s, unsigned kind, uint64_t address, struct fault_step *step)
{
    if (address >> PAGE_SHIFT >= USER_PAGES) {
        answer_kill(step, PAGER_REASON_KERNEL);
        return;
    }
    uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
    const struct region *r = space_region(s, page);
    if (r == NULL) {
        answer_kill(step, reason_unmapped(s, page));
        return;
    }
    struct spot at = {.space = s, .region = r, .page = page, .index = page_leaf_index(page)};
    switch (kind) {
    case FAULT_PAGE_WRITE:
        if ((r->rights & MAP_W) == 0) {
            answer_kill(step, PAGER_REASON_READ_ONLY);
            return;
        }
        resolve_in_region(&at, true, PTE_W, step);
        return;
    case FAULT_PAGE_EXECUTE:
        if ((r->rights & MAP_X) == 0) {
            answer_kill(step, PAGER_REASON_NOT_EXECUTABLE);
            return;
        }
        resolve_in_region(&at, false, PTE_X, step);
        return;
    default:
        if ((r->rights & MAP_R) == 0) {
            answer_kill(step, PAGER_REASON_NOT_READABLE);
            return;
        }
        resolve_in_region(&at, false, PTE_R, step);
        return;
    }
}

void fault_finish(const struct fault_step *step)
{
    if (step->answer != FAULT_MAP || step->taken.number == 0) {
        return;
    }
    uint64_t e = table_entries(step->leaf)[step->index];
    if (__builtin_expect(entry_frame(e).number == step->taken.number, 1)) {
        if (step->replaced.number != 0) {
            frame_unref(step->replaced);
        }
    } else {
        frame_unref(step->taken); /* the faulter had gone: the kernel wrote nothing */
    }
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
