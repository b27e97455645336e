/* Faults resolved; the contract is in fault.h. */
#include "fault.h"

#include "beside.h"
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

/* ------------------------------------------------------------------------------------- reach */
struct fault_reach fault_reach_around(uint64_t id, uint64_t page)
{
    struct fault_reach reach = {0};
    frame_t leaf;
    struct space *s = space_find(id);
    const struct region *r =
        s != NULL && page < USER_PAGES ? space_region(s, (uint32_t)page) : NULL;
    if (r == NULL || !cow_path_is_private(s, (uint32_t)page, &leaf)) {
        return reach;
    }
    uint32_t group = (uint32_t)page & ~(uint32_t)(GROUP_PAGES - 1);
    uint32_t first = r->first_page > group ? r->first_page : group;
    uint32_t end = group + GROUP_PAGES;
    if ((r->flags & REGION_STACK) != 0 && s->stack_low > first) {
        first = s->stack_low;
    }
    if (region_end(r) < end) {
        end = region_end(r);
    }
    if (page >= first) {
        reach.id = id;
        reach.space = s;
        reach.first_page = first;
        reach.pages = end - first;
        reach.leaf = leaf.number;
        reach.entries = table_entries(leaf);
    }
    return reach;
}

void fault_regain_ahead(const struct region *r, uint64_t leaf, const volatile uint64_t *entry,
                        uint32_t page)
{
    uint32_t words[KERNEL_MAP_BATCH];
    uint32_t in_table = GROUP_PAGES - page_leaf_index(page);
    uint32_t in_region = region_end(r) - page;
    uint32_t end = in_table < in_region ? in_table : in_region;
    unsigned most = end - 1 < KERNEL_MAP_BATCH ? end - 1 : KERNEL_MAP_BATCH;
    unsigned count = 0;
    most = beside_free_entries(entry + 1, most);
    while (count < most) {
        uint64_t e = entry[count + 1];
        if (!entry_is_valid(e) || entry_allows(e, MAP_W) || frame_is_shared(entry_frame(e))) {
            break;
        }
        words[count++] = map_word(entry_frame(e), r->rights);
    }
    if (count > 0) {
        err_t error =
            kernel_table_map((frame_t){(uint32_t)leaf}, page_leaf_index(page) + 1, count, words);
        PAGER_ASSERT(error == ERR_OK);
    }
}

static void answer_kill(struct fault_step *step, unsigned reason)
{
    *step = (struct fault_step){.answer = FAULT_KILL, .reason = reason};
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
    answer_map(step, at, frame, at->region->rights, frame, FRAME_NONE);
    step->fill = bytes == PAGE_BYTES ? FILL_COPY : FILL_BEGINNING;
    step->source = source;
    step->source_bytes = bytes;
}

enum { BLOCK_PAGES = 4 }; /* of which those behind the one wanted are filled with it */

/* Empty entries behind a file's page that nobody may write to, to the end of its block: a program
 * that runs here will soon run there. */
static void fill_ahead(const struct spot *at)
{
    const struct region *r = at->region;
    frame_t leaf = {(uint32_t)at->leaf};
    const volatile uint64_t *entries = table_entries(leaf);
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
    err_t error = kernel_table_map_run(leaf, page_leaf_index(first), end - first,
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
        answer_map(step, at, source, rights_without_write(r), source, FRAME_NONE);
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
    answer_map(step, at, frame, r->rights, frame, FRAME_NONE);
}

/* Zeroes, or a frame for a copy, when none is at hand: teardown may have to give one. */
static void resolve_with_spare(const struct spot *at, uint64_t right, struct fault_step *step)
{
    frame_t spare;
    if (memory_take_frame(&spare) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    uint64_t e = *at->entry;
    bool done = e == 0 ? resolve_zero(at, right == MAP_W, FRAME_NONE, &spare, step)
                       : resolve_entry(at, right, &spare, step);
    PAGER_ASSERT(done);
    if (spare.number != 0) { /* teardown has made the space the last owner meanwhile */
        frame_unref(spare);
    }
}

static void resolve_other(const struct spot *at, uint64_t right, struct fault_step *step)
{
    const struct region *r = at->region;
    bool empty = *at->entry == 0;
    bool in_file = r->backing == BACKING_ARCHIVE && at->page - r->first_page < r->file_pages;
    if (!empty || r->backing == BACKING_ZERO || (r->backing == BACKING_ARCHIVE && !in_file)) {
        frame_t none = FRAME_NONE;
        if (empty && right != MAP_W) { /* zeroes to read need no frame */
            (void)resolve_zero(at, false, FRAME_NONE, &none, step);
        } else {
            resolve_with_spare(at, right, step);
        }
    } else if (in_file) {
        fill_archive(at, right == MAP_W, step);
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

static unsigned reason_refused(uint64_t right)
{
    switch (right) {
    case MAP_R:
        return PAGER_REASON_NOT_READABLE;
    case MAP_W:
        return PAGER_REASON_READ_ONLY;
    default:
        return PAGER_REASON_NOT_EXECUTABLE;
    }
}

static void settle_on(struct spot *at, frame_t leaf)
{
    at->leaf = leaf.number;
    at->entry = table_entries(leaf) + page_leaf_index(at->page);
}

/* The spot's path made as the access needs it. A read is content with tables that others share, as
 * long as nothing has to be written there. */
static err_t make_path(struct spot *at, uint64_t right)
{
    frame_t leaf;
    err_t error;
    if (right != MAP_W) {
        error = cow_make_readable(at->space, at->page, &leaf);
        if (error != ERR_OK) {
            return error;
        }
        settle_on(at, leaf);
        if (leaf.number != 0 && entry_allows(*at->entry, right)) {
            return ERR_OK;
        }
    }
    error = cow_make_private(at->space, at->page, &leaf);
    settle_on(at, leaf);
    return error;
}

void fault_resolve(struct space *s, unsigned kind, uint64_t address, struct fault_step *step)
{
    if (address >> PAGE_SHIFT >= USER_PAGES) {
        answer_kill(step, PAGER_REASON_KERNEL);
        return;
    }
    uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
    uint64_t right = right_of(kind);
    struct spot at = {.space = s, .region = space_region(s, page), .page = page};
    if (at.region == NULL) {
        answer_kill(step, reason_unmapped(s, page));
        return;
    }
    if (!region_allows(at.region, right)) {
        answer_kill(step, reason_refused(right));
        return;
    }
    bool below = (at.region->flags & REGION_STACK) != 0 && page < s->stack_low;
    if ((below && space_grow_stack(s, at.region, page) != ERR_OK) ||
        make_path(&at, right) != ERR_OK) {
        answer_kill(step, PAGER_REASON_NO_MEMORY);
        return;
    }
    at.region = space_region(s, page); /* making the path may have looked elsewhere */
    frame_t none = FRAME_NONE;
    if (!resolve_entry(&at, right, &none, step)) {
        resolve_other(&at, right, step);
    }
}

void fault_resolve_id(uint64_t id, unsigned kind, uint64_t address, struct fault_step *step)
{
    struct space *s = space_find(id);
    if (s == NULL) {
        answer_kill(step, PAGER_REASON_ACCESS);
        return;
    }
    fault_resolve(s, kind, address, step);
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
        fault_fill(&step);
        frame_t leaf = {(uint32_t)step.leaf};
        if (*step.entry !=
            0) { /* C5: before the old frame's count drops, and the new one is seen */
            err_t flushed = kernel_table_drop(leaf, page_leaf_index(page), 1);
            PAGER_ASSERT(flushed == ERR_OK);
            flushed = kernel_flush(s->cap, page, 1);
            PAGER_ASSERT(flushed == ERR_OK);
        }
        err_t error = kernel_table_map_one(leaf, page_leaf_index(page), (uint32_t)step.word);
        PAGER_ASSERT(error == ERR_OK);
        fault_finish(&step);
    }
    return ERR_OK;
}
