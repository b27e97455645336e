/* Scrub: how a chunk changes kind. Phases, with progress in chunk.position:
 *
 *   1  It becomes CLOSING: install and create refuse it from now on (C3). What must be gone before
 *      is looked at first: tables of a TABLE chunk, live objects of an OBJECT chunk (C4).
 *   2  Search: every entry of every table (for a USER or TABLE chunk), or every capability slot and
 *      weak reference inside objects (for an OBJECT chunk). A leaf entry found is BUSY, with its
 *      address, and the chunk has its old kind again. Capabilities found are dead (phase 1): they
 *      are emptied, so that no pointer into the chunk is left.
 *   3  Every hart has flushed; the chunk is zeroed through the window.
 *   4  It has its new kind.
 *
 * What moves meanwhile cannot escape the search: dead capabilities do not move (P2), and copies of
 * leaf entries are checked while any chunk is CLOSING. If the asker dies in between, any other
 * call of memory_retype for the chunk goes on where it stopped.
 */
#include "arch.h"
#include "core/interrupt.h"
#include "core/syscall.h"
#include "core/table.h"
#include "core/timer.h"

static struct scrub_offender {
    uint64_t address; /* physical, of the entry, table or object that refers to the chunk */
    uint64_t index;   /* of the entry or slot in it */
} offender;           /* what the present call found [K] */

/* A position is a chunk and a unit in it: a group of 32 entries, or 32 bytes of objects. After the
 * last chunk come the pages to be zeroed. */
enum {
    POSITION_CHUNK_SHIFT = 32,
    UNIT_BYTES = sizeof(struct capability),
    UNITS_PER_PAGE = PAGE_BYTES / UNIT_BYTES,
    SEARCH_SLICE_UNITS = 4,
};

static frame_t first_frame(const struct chunk *chunk)
{
    return chunk_first_frame((uint64_t)(chunk - chunks.records));
}

/* Phase 1: a table or a live object in the chunk; its page. */
static err_t check_unused(const struct chunk *chunk)
{
    frame_t first = first_frame(chunk);

    if (chunk->used == 0) {
        return ERR_OK;
    }
    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        frame_t frame = {first.number + i};
        bool is_used = chunk->kind == KIND_TABLE
                           ? table_record_of(frame)->state != 0
                           : i >= OBJECT_MAP_PAGES && object_page_map(frame)->live != 0;

        if (is_used) {
            offender = (struct scrub_offender){.address = frame.number << PAGE_SHIFT};
            break;
        }
    }
    return ERR_BUSY;
}

/* One group of a table; *unit moves on. */
static err_t search_group(const struct chunk *closing, frame_t first, uint64_t *unit)
{
    frame_t frame = {first.number + *unit / TABLE_GROUPS};
    unsigned group = *unit % TABLE_GROUPS;
    const struct table_record *record = table_record_of(frame);
    const uint64_t *entries = table_entries_of(frame) + group * TABLE_GROUP_ENTRIES;

    if (*unit < TABLE_GROUPS || record->state == 0) {
        *unit = (*unit / TABLE_GROUPS + 1) * TABLE_GROUPS;
        return ERR_OK;
    }
    *unit += 1;
    if ((record->groups >> group & 1) == 0) {
        return ERR_OK;
    }
    for (unsigned i = 0; i < TABLE_GROUP_ENTRIES; i++) {
        if (entry_is_leaf(entries[i]) && chunk_of(entry_frame(entries[i])) == closing) {
            unsigned index = group * TABLE_GROUP_ENTRIES + i;

            offender = (struct scrub_offender){
                .address = (frame.number << PAGE_SHIFT) + index * sizeof(uint64_t),
                .index = index,
            };
            return ERR_BUSY;
        }
    }
    return ERR_OK;
}

/* Forget a capability of an object that was in the chunk. */
static void forget(const struct chunk *closing, struct capability *capability)
{
    uint64_t first = (uint64_t)arch_window((paddr_t){first_frame(closing).number << PAGE_SHIFT});

    if (capability->header >= (1 << OBJECT_GENERATION_SHIFT) &&
        (uint64_t)capability->object - first < CHUNK_BYTES) {
        *capability = (struct capability){0};
    }
}

/* Where an object names another weakly; 0: nowhere. */
static const uint16_t weak_offsets[OBJECT_TYPES] = {
    [OBJECT_THREAD] = offsetof(struct thread, fault_endpoint),
    [OBJECT_INTERRUPT] = offsetof(struct interrupt, notification),
    [OBJECT_TIMER] = offsetof(struct timer, notification),
};

static void forget_inside(const struct chunk *closing, struct object *object)
{
    unsigned offset = weak_offsets[object_type(object)];

    if (offset != 0) {
        forget(closing, (struct capability *)((char *)object + offset));
    }
}

/* One slot of a capability table, or one other object; *unit moves on. */
static void search_object(const struct chunk *closing, frame_t first, uint64_t *unit)
{
    frame_t page = {first.number + *unit / UNITS_PER_PAGE};
    unsigned offset = (unsigned)(*unit % UNITS_PER_PAGE) * UNIT_BYTES;
    const struct page_map *map = object_page_map(page);
    uint64_t next_page = (*unit / UNITS_PER_PAGE + 1) * UNITS_PER_PAGE;
    unsigned object_units;
    unsigned slot;
    struct object *object;

    if (page.number - first.number < OBJECT_MAP_PAGES || (map->live == 0 && !map->is_continued)) {
        *unit = next_page;
        return;
    }
    slot = offset >> map->shift;
    object = object_at(page, slot, map->shift);
    object_units = (1u << map->shift) / UNIT_BYTES;
    if (!map->is_continued &&
        ((map->live >> slot & 1) == 0 || object_type(object) != OBJECT_CAPTABLE)) {
        if ((map->live >> slot & 1) != 0) {
            forget_inside(closing, object);
        }
        *unit = (*unit / object_units + 1) * object_units;
        return;
    }
    if (map->is_continued || offset != slot << map->shift) { /* not the table's own header */
        forget(closing, (struct capability *)((char *)object_at(page, 0, map->shift) + offset));
    }
    *unit += 1;
}

/* Phase 2, one step. */
static err_t search(struct chunk *closing)
{
    uint64_t index = closing->position >> POSITION_CHUNK_SHIFT;
    uint64_t unit = closing->position & UINT32_MAX;
    const struct chunk *chunk = &chunks.records[index];
    unsigned kind = closing->old_kind == KIND_OBJECT ? KIND_OBJECT : KIND_TABLE;
    uint64_t units = (uint64_t)CHUNK_PAGES * (kind == KIND_OBJECT ? UNITS_PER_PAGE : TABLE_GROUPS);
    err_t error = ERR_OK;

    if (chunk->kind != kind) {
        unit = units;
    } else if (kind == KIND_OBJECT) {
        search_object(closing, chunk_first_frame(index), &unit);
    } else {
        error = search_group(closing, chunk_first_frame(index), &unit);
    }
    closing->position =
        unit >= units ? (index + 1) << POSITION_CHUNK_SHIFT : index << POSITION_CHUNK_SHIFT | unit;
    return error;
}

/* Phase 3, one page. */
static void zero_page(struct chunk *closing)
{
    frame_t first = first_frame(closing);
    uint64_t page = closing->position & UINT32_MAX;

    if (page == 0) {
        arch_flush_all();
        if (closing->old_kind == KIND_USER) {
            arch_window_open(first); /* C2 */
        }
    }
    __builtin_memset(arch_window((paddr_t){(first.number + page) << PAGE_SHIFT}), 0, PAGE_BYTES);
    closing->position++;
}

static void set_kind(struct chunk *chunk, unsigned kind)
{
    chunk->kind = (uint8_t)kind;
    chunk->position = 0;
    chunks.closing--;
}

/* OK when the last slice is done. */
static err_t go_on(struct chunk *chunk, unsigned new_kind)
{
    uint64_t zero_position = chunks.count << POSITION_CHUNK_SHIFT;

    if (chunk->kind != KIND_CLOSING) {
        TRY(check_unused(chunk));
        chunk->old_kind = chunk->kind;
        chunk->kind = KIND_CLOSING;
        chunks.closing++;
    }
    for (unsigned steps = 1; chunk->position < zero_position; steps++) {
        if (search(chunk) != ERR_OK) {
            set_kind(chunk, chunk->old_kind);
            return ERR_BUSY;
        }
        REFUSE_IF(steps % SEARCH_SLICE_UNITS == 0 && arch_interrupt_pending(), ERR_RESTART);
    }
    while (chunk->position < zero_position + CHUNK_PAGES) {
        zero_page(chunk);
        REFUSE_IF(arch_interrupt_pending(), ERR_RESTART);
    }
    if (new_kind == KIND_USER) {
        arch_window_close(first_frame(chunk));
    }
    set_kind(chunk, new_kind);
    return ERR_OK;
}

err_t sys_memory_retype(struct thread *caller, struct capability *memory)
{
    uint64_t kind = argument(caller, 2);
    struct chunk *chunk;
    err_t error;

    TRY(memory_find_chunk(caller, memory, &chunk));
    REFUSE_IF(kind != KIND_USER && kind != KIND_TABLE && kind != KIND_OBJECT, ERR_ARGUMENT);
    REFUSE_IF(chunk->kind == KIND_FIRMWARE || chunk->kind == KIND_KERNEL, ERR_KIND);
    offender = (struct scrub_offender){0};
    error = chunk->kind == kind ? ERR_OK : go_on(chunk, (unsigned)kind);
    if (error != ERR_RESTART) { /* else the arguments stay as they are */
        result(caller, 0, offender.address);
        result(caller, 1, offender.index);
    }
    return error;
}
