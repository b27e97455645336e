/* Requests that only look: statistics, reading another space; and the test hooks. */
#include <byre/object_book.h>

#include "cow.h"
#include "fault.h"
#include "frame.h"
#include "hook.h"
#include "image.h"
#include "kernel.h"
#include "object.h"
#include "own.h"
#include "promise.h"
#include "request.h"
#include "start.h"

/* ------------------------------------------------------------------------------- statistics */
enum { SHARED_SCAN_CHUNKS = 64, EXACT_LEAVES = 16 };

/* USER frames with more than one reference, those never freed aside. What a small machine has is
 * counted; of a big one the first chunks, in proportion. */
static uint64_t count_shared_frames(void)
{
    uint64_t shared = 0;
    uint32_t scanned = 0;
    for (uint32_t c = 0; c < frames.chunk_count && scanned < SHARED_SCAN_CHUNKS; c++) {
        const struct chunk_record *chunk = &frames.chunks[c];
        if (chunk->kind != KIND_USER) {
            continue;
        }
        scanned++;
        for (uint32_t i = 0; i < chunk->bump; i++) {
            const struct frame_record *r = &frames.records[c * CHUNK_PAGES + i];
            shared += r->count > 1 && (r->flags & FRAME_FIXED) == 0;
        }
    }
    return scanned < SHARED_SCAN_CHUNKS ? shared : shared * frames.totals.user_chunks / scanned;
}

/* The archive's that several entries name: text and constants of what runs. Each has one count more
 * than entries. */
static uint64_t count_shared_archive(void)
{
    uint64_t shared = 0;
    for (uint32_t i = 0; i < pager_archive_pages && i < SHARED_SCAN_CHUNKS * CHUNK_PAGES; i++) {
        shared += frame_count((frame_t){pager_archive.number + i}) > 2;
    }
    return shared;
}

static uint64_t tables_used(void)
{
    return (uint64_t)frames.totals.table_chunks * (CHUNK_PAGES - 1) - frames.totals.table_free;
}

void pager_on_statistics(struct pager_request *request)
{
    const struct frame_totals *t = &frames.totals;
    uint64_t *out = request->out;
    while (memory_release_kept() || image_release_kept(false)) { /* so that counts are comparable */
    }
    switch (request->in.statistics.which) {
    case 0:
        out[0] = (uint64_t)t->user_chunks * CHUNK_PAGES;
        out[1] = t->user_free;
        out[2] = frame_count(fault_zero_frame) - 1;
        out[3] = promises.user;
        out[4] = promise_user_capacity();
        out[5] = tables_used();
        out[6] = t->table_free;
        out[7] = promises.tables;
        return;
    case 1:
        out[0] = count_shared_frames();
        out[1] = t->fixed;
        out[2] = t->user_chunks;
        out[3] = t->table_chunks;
        out[4] = t->object_chunks;
        out[5] = promise_tables_capacity();
        out[6] = tables_dead();
        out[7] = t->user_free + t->table_free + t->table_chunks;
        return;
    case 2:
        out[0] = count_shared_archive();
        return;
    default:
        request->error = PAGER_ERR_INVAL;
    }
}

void pager_on_promises(struct pager_request *request)
{
    request->result.promises.promised = promises.user;
    request->result.promises.limit = promise_user_reach();
    request->result.promises.tables_promised = promises.tables;
    request->result.promises.tables_limit = promise_tables_capacity();
    request->result.promises.frames = (uint64_t)frames.totals.user_chunks * CHUNK_PAGES;
    request->result.promises.harts = pager_harts;
}

struct tally {
    uint64_t resident;
    uint64_t private;
    uint64_t tables;
    unsigned leaves;
    uint64_t looked_at; /* pages of the leaf tables that were looked at frame by frame */
};

static void tally_leaf(struct tally *tally, frame_t leaf, bool shared_table)
{
    const volatile uint64_t *entries = table_entries(leaf);
    unsigned groups = table_record(leaf)->groups;
    bool exact = tally->leaves++ < EXACT_LEAVES;
    for (unsigned base = 0; groups != 0; base += TABLE_GROUP_ENTRIES, groups >>= 1) {
        if ((groups & 1) == 0) {
            continue;
        }
        if (!exact) { /* a used group is taken as full */
            tally->resident += TABLE_GROUP_ENTRIES;
            continue;
        }
        for (unsigned i = base; i < base + TABLE_GROUP_ENTRIES; i++) {
            uint64_t e = entries[i];
            if (e == 0) {
                continue;
            }
            tally->resident++;
            tally->looked_at++;
            tally->private += !shared_table && frame_is_counted(entry_frame(e)) &&
                              !frame_is_shared(entry_frame(e));
        }
    }
}

static void tally_middle(struct tally *tally, frame_t middle, bool shared)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t e = table_entries(middle)[i];
        if (entry_is_table(e)) {
            tally->tables++;
            tally_leaf(tally, entry_frame(e), shared || table_count(entry_frame(e)) > 1);
        }
    }
}

static struct tally tally_space(const struct space *s)
{
    struct tally tally = {.tables = 1};
    unsigned groups = table_record(s->root)->groups;
    for (unsigned i = 0; i < ROOT_USER_ENTRIES; i++) {
        uint64_t e = (groups >> i / TABLE_GROUP_ENTRIES & 1) != 0 ? table_entries(s->root)[i] : 0;
        if (e != 0) {
            tally.tables++;
            tally_middle(&tally, entry_frame(e), table_count(entry_frame(e)) > 1);
        }
    }
    return tally;
}

void pager_on_space_statistics(struct pager_request *request)
{
    uint64_t id = request->in.space_statistics.space_id;
    struct space *s = request_space(request, id != 0 ? id : request->badge & ~PAGER_BADGE_AUDIT);
    if (s == NULL) {
        return;
    }
    struct tally tally = tally_space(s);
    uint64_t private = tally.looked_at == 0 ? 0 : tally.private * tally.resident / tally.looked_at;
    request->result.space_statistics.resident_pages = tally.resident;
    request->result.space_statistics.private_pages = private;
    request->result.space_statistics.shared_pages = tally.resident - private;
    request->result.space_statistics.faults_zero = s->faults_zero;
    request->result.space_statistics.faults_copy = s->faults_copy;
    request->result.space_statistics.faults_last_owner = s->faults_last_owner;
    request->result.space_statistics.faults_other = s->faults_other;
    request->result.space_statistics.tables = tally.tables;
}

/* ------------------------------------------------------------------------------------ debug */
/* The frame that a read of the page would find; FRAME_NONE: none, or zeroes. */
static frame_t frame_as_read(const struct space *s, const struct region *r, uint32_t page)
{
    uint64_t e = cow_peek(s, page);
    uint32_t relative = page - r->first_page;
    if (e != 0) {
        return entry_frame(e);
    }
    if (r->backing == BACKING_ARCHIVE && relative < r->file_pages) {
        return (frame_t){pager_archive.number + r->offset_pages + relative};
    }
    if (region_is_shared(r)) {
        return object_peek(object_at(r->backing - BACKING_OBJECT), r->offset_pages + relative);
    }
    return FRAME_NONE;
}

/* Which bits of the eight bytes there are the file's, when the page is still the archive's own. */
static uint64_t file_mask(const struct region *r, uint32_t page, uint32_t offset)
{
    if (r->backing != BACKING_ARCHIVE || page - r->first_page + 1 != r->file_pages ||
        r->file_tail == 0 || offset + sizeof(uint64_t) <= r->file_tail) {
        return UINT64_MAX;
    }
    return offset >= r->file_tail ? 0 : (1ul << 8 * (r->file_tail - offset)) - 1;
}

void pager_on_debug_read(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.debug_read.space_id);
    uint64_t address = request->in.debug_read.address;
    if (s == NULL) {
        return;
    }
    uint32_t page = (uint32_t)(address >> PAGE_SHIFT);
    const struct region *r = address >> PAGE_SHIFT < USER_PAGES ? region_find(s->map, page) : NULL;
    if (r == NULL || address % sizeof(uint64_t) != 0 || r->backing == BACKING_DEVICE) {
        request->error = PAGER_ERR_FAULT;
        return;
    }
    frame_t frame = frame_as_read(s, r, page);
    if (frame_is_counted(frame)) {
        const uint64_t *words = pager_pointer(frame);
        uint32_t offset = (uint32_t)(address % PAGE_BYTES);
        uint64_t mask = cow_peek(s, page) == 0 ? file_mask(r, page, offset) : UINT64_MAX;
        request->result.debug_read.value = words[offset / sizeof(uint64_t)] & mask;
    }
}

/* ------------------------------------------------------------------------------------ hooks */
static uint64_t hook_space; /* its id */
static uint32_t hook_page;

/* The leaf table of the page hooked, whatever its state; FRAME_NONE: none. */
static frame_t hook_leaf(void)
{
    const struct space *s = space_find(hook_space);
    uint64_t e = s != NULL ? table_entries(s->root)[page_root_index(hook_page)] : 0;
    e = e != 0 ? table_entries(entry_frame(e))[page_middle_index(hook_page)] : 0;
    return entry_is_table(e) ? entry_frame(e) : FRAME_NONE;
}

static frame_t hook_frame(void)
{
    const struct space *s = space_find(hook_space);
    return s != NULL ? entry_frame(cow_peek(s, hook_page)) : FRAME_NONE;
}

/* An object that no book knows. Its page is the first in a range that takes it. */
static struct object_place stray;
enum { SLOT_RARELY_USED = PAGE_BYTES / OBJECT_BYTES_NOTIFICATION - 1 };

static err_t stray_make(uint32_t first, uint32_t end, unsigned type, unsigned slot)
{
    for (stray = (struct object_place){.page = first, .slot = (uint16_t)slot}; stray.page < end;
         stray.page++) {
        if (byre_object_create(PAGER_SLOT_MEMORY, stray.page, slot, type, 0, 0, SLOT_STRAY) ==
            ERR_OK) {
            return kernel_cap_delete(SLOT_STRAY);
        }
    }
    stray = (struct object_place){0};
    return PAGER_ERR_NOENT;
}

static err_t stray_make_of_proc(void)
{
    uint32_t own = pager_state.space_object_page[0].number / CHUNK_PAGES * CHUNK_PAGES;
    for (uint32_t i = frames.chunk_count; i-- > 0;) {
        uint32_t first = frames.first_frame + i * CHUNK_PAGES;
        if (frames.chunks[i].kind == KIND_OBJECT && first != own) {
            return stray_make(first, first + CHUNK_PAGES, OBJECT_NOTIFICATION, SLOT_RARELY_USED);
        }
    }
    return PAGER_ERR_NOENT;
}

static err_t hook_stray_object(uint64_t whose)
{
    uint32_t own = pager_state.space_object_page[0].number;
    switch (whose) {
    case PAGER_STRAY_NONE:
        return stray.page != 0 ? kernel_object_destroy((frame_t){stray.page}, stray.slot)
                               : PAGER_ERR_NOENT;
    case PAGER_STRAY_OF_PAGER: /* index 0 is never used: nor is its slot */
        return stray_make(own, own + 1, OBJECT_SPACE, 0);
    case PAGER_STRAY_OF_INIT: /* its pages are the chunk's first, up to those of the pager */
        return stray_make(own / CHUNK_PAGES * CHUNK_PAGES, own - OWN_OBJECT_PAGES,
                          OBJECT_NOTIFICATION, SLOT_RARELY_USED);
    case PAGER_STRAY_OF_PROC:
        return stray_make_of_proc();
    default:
        return PAGER_ERR_INVAL;
    }
}

static void hook_on_page(struct pager_request *request)
{
    frame_t frame = hook_frame();
    uint64_t value = request->in.hook.value;
    if (!frame_is_counted(frame)) {
        request->error = PAGER_ERR_FAULT;
        return;
    }
    switch (request->in.hook.what) {
    case PAGER_HOOK_COUNT_PRESET:
        frame_record(frame)->count = (uint32_t)value;
        break;
    case PAGER_HOOK_CORRUPT_COUNT:
        frame_record(frame)->count += (uint32_t)value;
        break;
    case PAGER_HOOK_CORRUPT_ENTRY:
        request->error = value == 0 ? kernel_table_drop(hook_leaf(), page_leaf_index(hook_page), 1)
                                    : kernel_table_map_one(hook_leaf(), page_leaf_index(hook_page),
                                                           map_word(frame, (unsigned)value));
        break;
    case PAGER_HOOK_TABLE_COUNT:
        request->result.hook.result = table_count(hook_leaf());
        return;
    default:
        break;
    }
    request->result.hook.result = frame_count(frame);
}

static void hook_crash(void)
{
    volatile uint64_t *volatile nowhere = (volatile uint64_t *)sizeof(uint64_t);
    *nowhere = 0;
}

void pager_on_hook(struct pager_request *request)
{
    uint64_t what = request->in.hook.what;
    uint64_t value = request->in.hook.value;
    if (!pager_testhooks) {
        request->error = PAGER_ERR_DENIED;
        return;
    }
    if (what < PAGER_HOOK_FAIL_KINDS) {
        request->result.hook.result = hooks.fail[what];
        hooks.fail[what] = (uint32_t)value;
        return;
    }
    switch (what) {
    case PAGER_HOOK_SPACE:
        hook_space = value;
        return;
    case PAGER_HOOK_ADDRESS:
        hook_page = (uint32_t)(value >> PAGE_SHIFT) % USER_PAGES;
        request->result.hook.result = hook_frame().number;
        return;
    case PAGER_HOOK_ZERO_COUNT:
        request->result.hook.result = frame_count(fault_zero_frame);
        return;
    case PAGER_HOOK_CRASH:
        hook_crash();
        return;
    case PAGER_HOOK_COUNTER:
        request->error =
            byre_machine_counter(PAGER_SLOT_MACHINE, value, &request->result.hook.result);
        return;
    case PAGER_HOOK_CORRUPT_OBJECT:
        request->error = hook_stray_object(value);
        return;
    default:
        hook_on_page(request);
    }
}
