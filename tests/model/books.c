/* The audit of the books. See books.h. */
#include "books.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <byre/gen/kernel.h>

#include "fake_calls.h"
#include "fake_kernel.h"
#include "fault.h"
#include "frame.h"
#include "model.h"
#include "object.h"
#include "port.h"
#include "region.h"
#include "sim.h"
#include "space.h"
#include "table.h"

static struct {
    uint32_t *frame_counts; /* by frame number from the first on: references found */
    uint64_t first, total;
    uint64_t user_free, table_free, table_dead;
} found;

static uint64_t opening_dead; /* tables without a name that others left */
static unsigned opening_caps;
static uint64_t opening_free; /* frames, those that chunks of another kind have taken included */

/* ------------------------------------------------------------- what is there */
static bool is_device(uint64_t frame)
{
    return frame - PORT_DEVICE_FRAME < PORT_DEVICE_FRAMES;
}

static uint32_t *count_of(uint64_t frame)
{
    return &found.frame_counts[frame - found.first];
}

static void check_leaf_entry(uint64_t table, unsigned index, uint64_t entry)
{
    uint64_t frame = fake_entry_frame(entry);
    unsigned kind = fake_kind(frame);
    bool writable = (entry & PTE_W) != 0;
    if (!(entry & PTE_U) || !(entry & PTE_A) || writable != ((entry & PTE_D) != 0) ||
        (writable && (!(entry & PTE_R) || (entry & PTE_X)))) {
        model_fail("entry %u of table 0x%" PRIx64 " is 0x%" PRIx64, index, table, entry);
    }
    if (kind != KIND_USER && !(kind == KIND_TABLE && !writable && !(entry & PTE_X)) &&
        !is_device(frame)) {
        model_fail("entry %u of table 0x%" PRIx64 " names a frame of kind %u", index, table, kind);
    }
}

static void check_table_entry(uint64_t table, unsigned index, uint64_t entry, unsigned level)
{
    uint64_t child = fake_entry_frame(entry);
    if (fake_kind(child) != KIND_TABLE || fake_record(child)->state != level) {
        model_fail("entry %u of table 0x%" PRIx64 " names no table of the next level", index,
                   table);
    }
    ++*count_of(child);
}

static void scan_table(uint64_t table)
{
    const struct table_record *record = fake_record(table);
    unsigned level = record->state - 1u;
    unsigned entries = level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
    for (unsigned i = 0; i < entries; i++) {
        uint64_t entry = fake_entries(table)[i];
        if (entry == 0) {
            continue;
        }
        if (!(record->groups >> (i / TABLE_GROUP_ENTRIES) & 1)) {
            model_fail("table 0x%" PRIx64 " has an entry in an unused group (T4)", table);
        }
        if (fake_entry_names_table(entry, level)) {
            check_table_entry(table, i, entry, level);
        } else if (entry & PTE_V) {
            check_leaf_entry(table, i, entry);
            if (level == TABLE_LEVEL_LEAF && !is_device(fake_entry_frame(entry))) {
                ++*count_of(fake_entry_frame(entry));
            }
        } else if (entry_is_hidden(entry)) {
            ++*count_of(fake_entry_frame(entry));
        }
    }
}

static bool is_zero(const void *memory, size_t bytes)
{
    const uint64_t *words = memory;
    for (size_t i = 0; i < bytes / sizeof(*words); i++) {
        if (words[i] != 0) {
            return false;
        }
    }
    return true;
}

static void scan_tables(void)
{
    for (uint64_t frame = found.first; frame < found.first + found.total; frame++) {
        if (fake_kind(frame) != KIND_TABLE || frame % CHUNK_PAGES == 0) {
            continue;
        }
        if (fake_record(frame)->state != 0) {
            scan_table(frame);
            *count_of(frame) += fake_record(frame)->space;
        } else if (!is_zero(fake_memory_at(frame), PAGE_BYTES) ||
                   !is_zero(fake_record(frame), sizeof(struct table_record))) {
            model_fail("free table frame 0x%" PRIx64 " is not zero (T5)", frame);
        }
    }
}

static void scan_object(const struct object *object)
{
    for (uint32_t page = 0; page < object->pages; page++) {
        frame_t frame = object_peek(object, page);
        if (frame.number != 0) {
            ++*count_of(frame.number);
        }
    }
}

static void scan_objects(void)
{
    for (uint32_t i = 0; i < pager_state.object_indices.length; i++) {
        const struct object *object = object_at(i);
        if (object != NULL) {
            scan_object(object);
        }
    }
    for (const struct object *o = pager_state.dead_objects; o != NULL; o = o->next_dead) {
        scan_object(o);
    }
}

/* --------------------------------------------------------------- comparisons */
/* N3: in the books a chunk that changes has no frames; nor may anything refer to one. */
static bool is_changing(uint64_t number)
{
    frame_t frame = {(uint32_t)number};
    bool changing = frame_chunk(frame)->kind == KIND_CLOSING;
    if (changing && *count_of(number) != 0) {
        model_fail("frame 0x%" PRIx64 " of a chunk that changes is in use", number);
    }
    return changing;
}

static void compare_tables(void)
{
    for (uint64_t frame = found.first; frame < found.first + found.total; frame++) {
        if (is_changing(frame) || fake_kind(frame) != KIND_TABLE || frame % CHUNK_PAGES == 0) {
            continue;
        }
        if (fake_record(frame)->count != *count_of(frame)) {
            model_fail("table 0x%" PRIx64 " counts %u, named by %u entries", frame,
                       fake_record(frame)->count, *count_of(frame));
        }
        if (fake_record(frame)->state == 0) {
            found.table_free++;
        } else if (fake_record(frame)->count == 0) {
            found.table_dead++;
        }
    }
    if (found.table_dead != opening_dead + tables_dead() + tables_kept()) {
        model_fail("%" PRIu64 " tables are named by nobody, %u wait to be buried, %u are kept",
                   found.table_dead - opening_dead, tables_dead(), tables_kept());
    }
    if (found.table_free != frames.totals.table_free) {
        model_fail("%" PRIu64 " table frames are free, the books say %" PRIu64, found.table_free,
                   frames.totals.table_free);
    }
}

static bool was_handed_out(frame_t frame)
{
    return frame.number % CHUNK_PAGES < frame_chunk(frame)->bump;
}

static void compare_frames(void)
{
    for (uint64_t number = found.first; number < found.first + found.total; number++) {
        frame_t frame = {(uint32_t)number};
        if (is_changing(number) || fake_kind(number) != KIND_USER) {
            continue;
        }
        uint32_t book = was_handed_out(frame) ? frame_count(frame) : 0;
        uint32_t seen = *count_of(number);
        bool own = book != 0 && (frame_record(frame)->flags & (FRAME_FIXED | FRAME_SYSTEM));
        seen += own; /* the pin */
        if (book != seen) {
            model_fail("frame 0x%" PRIx64 " counts %u, %u references exist", number, book, seen);
        }
        found.user_free += book == 0;
    }
    if (found.user_free != frames.totals.user_free) {
        model_fail("%" PRIu64 " frames are free, the books say %" PRIu64, found.user_free,
                   frames.totals.user_free);
    }
    if (!is_zero(fake_memory_at(fault_zero_frame.number), PAGE_BYTES)) {
        model_fail("the zero frame was written");
    }
}

/* ----------------------------------------------------------------- one space */
struct path {
    uint64_t entry;   /* of the leaf table */
    uint64_t leaf;    /* 0: none */
    bool shared;      /* a table on the way has count > 1 */
    bool leaf_shared; /* the leaf table has */
    bool reachable;   /* every entry on the way is valid */
};

static struct path find_path(unsigned space, uint64_t page)
{
    struct path path = {.reachable = true};
    uint64_t table = fake_space_root(space);
    for (unsigned level = TABLE_LEVEL_ROOT; level > TABLE_LEVEL_LEAF; level--) {
        uint64_t entry = fake_entries(table)[(page >> (9 * level)) & (TABLE_ENTRIES - 1)];
        if (!fake_entry_names_table(entry, level)) {
            return (struct path){0};
        }
        path.reachable = path.reachable && (entry & PTE_V);
        table = fake_entry_frame(entry);
        path.leaf_shared = fake_record(table)->count > 1;
        path.shared = path.shared || path.leaf_shared;
        if (level == TABLE_LEVEL_ROOT && path.leaf_shared && (entry & PTE_V)) {
            model_fail("a valid entry names a middle table with count > 1 (C2)");
        }
    }
    path.leaf = table;
    path.entry = fake_entries(table)[page & (TABLE_ENTRIES - 1)];
    return path;
}

static unsigned rights_of(uint64_t entry)
{
    return (entry & PTE_R ? MAP_R : 0u) | (entry & PTE_W ? MAP_W : 0u) |
           (entry & PTE_X ? MAP_X : 0u);
}

static void check_page(const struct sim_process *process, const struct oracle_region *region,
                       uint64_t page, const struct path *path)
{
    uint64_t entry = path->entry;
    if (region == NULL) {
        model_fail("process %" PRIx64 ": an entry 0x%" PRIx64 " is left at page 0x%" PRIx64,
                   process->id, entry, page);
    }
    if (!(entry & PTE_V)) {
        return;
    }
    if (rights_of(entry) & ~region->rights) {
        model_fail("process %" PRIx64 ": page 0x%" PRIx64 " has rights %u, its region %u",
                   process->id, page, rights_of(entry), region->rights);
    }
    frame_t frame = {(uint32_t)fake_entry_frame(entry)};
    if ((entry & PTE_W) && region->object == NULL && !is_device(frame.number) &&
        frame_count(frame) > 1) {
        model_fail("process %" PRIx64 ": page 0x%" PRIx64 " writes a frame of count %u (C3)",
                   process->id, page, frame_count(frame));
    }
    if ((entry & PTE_W) && path->reachable && path->leaf_shared) {
        model_fail("process %" PRIx64 ": page 0x%" PRIx64
                   " is writable through a shared table (C4)",
                   process->id, page);
    }
}

static void check_words(const struct sim_process *process, const struct oracle_region *region,
                        uint64_t page, uint64_t frame)
{
    for (unsigned word = 0; word < ORACLE_WORDS; word++) {
        unsigned offset = oracle_word_offset(word);
        uint64_t expected = oracle_read(&process->oracle, page, offset);
        uint64_t seen = frame != 0 ? ((const uint64_t *)fake_memory_at(frame))[offset / 8]
                                   : oracle_backing(region, page, offset);
        if (seen != expected) {
            model_fail("process %" PRIx64 ": page 0x%" PRIx64 " offset %u holds 0x%" PRIx64
                       ", should be 0x%" PRIx64,
                       process->id, page, offset, seen, expected);
        }
    }
}

static uint64_t cached_frame(const struct space *space, uint64_t page)
{
    const struct region *region = region_find(space->map, (uint32_t)page);
    if (region == NULL || region->backing < BACKING_OBJECT || region->backing == BACKING_DEVICE) {
        return 0;
    }
    const struct object *object = object_at(region->backing - BACKING_OBJECT);
    return object_peek(object, region->offset_pages + (uint32_t)page - region->first_page).number;
}

static void check_space(const struct sim_process *process)
{
    struct space *space = space_find(process->id);
    if (space == NULL || !region_map_check(space->map)) {
        model_fail("process %" PRIx64 ": its regions are not sound", process->id);
    }
    uint64_t page = 0;
    for (unsigned r = 0; r <= process->oracle.region_count; r++) {
        bool last = r == process->oracle.region_count;
        const struct oracle_region *region = last ? NULL : &process->oracle.regions[r];
        /* The hole before the region: a few groups of it are looked at. */
        uint64_t hole_end = last ? page + TABLE_ENTRIES : region->start;
        uint64_t hole = hole_end - page > 2 * TABLE_ENTRIES ? hole_end - TABLE_ENTRIES : page;
        for (uint64_t p = hole; p < hole_end && p < USER_PAGES; p++) {
            struct path path = find_path(process->space, p);
            if (path.entry != 0) {
                check_page(process, NULL, p, &path);
            }
        }
        for (uint64_t p = hole_end; !last && p < region->end; p++) {
            struct path path = find_path(process->space, p);
            uint64_t frame = 0;
            if (path.entry != 0 && (region->flags & REGION_STACK) && p < space->stack_low) {
                model_fail("process %" PRIx64 ": stack page 0x%" PRIx64 " was not promised",
                           process->id, p);
            }
            if (path.entry != 0) {
                check_page(process, region, p, &path);
                frame = fake_entry_frame(path.entry);
            }
            uint64_t cached = cached_frame(space, p);
            if (region->object != NULL && frame != 0 && frame != cached) {
                model_fail("process %" PRIx64 ": shared page 0x%" PRIx64 " is not the object's",
                           process->id, p);
            }
            if (!region->is_device) {
                check_words(process, region, p, frame != 0 ? frame : cached);
            }
        }
        page = last ? page : region->end;
    }
}

static void recount(void)
{
    found.first = frames.first_frame;
    found.total = (uint64_t)frames.chunk_count * CHUNK_PAGES;
    found.user_free = found.table_free = found.table_dead = 0;
    if (found.frame_counts == NULL) {
        found.frame_counts = malloc(found.total * sizeof(uint32_t));
    }
    memset(found.frame_counts, 0, found.total * sizeof(uint32_t));
    scan_tables();
    scan_objects();
    compare_tables();
    compare_frames();
    if (!frames_check()) {
        model_fail("the frame records are not sound");
    }
}

/* A chunk that became TABLE or OBJECT takes frames that nobody holds. */
static uint64_t free_frames(void)
{
    return found.user_free + found.table_free + frames.totals.table_chunks +
           (uint64_t)frames.totals.object_chunks * CHUNK_PAGES;
}

void books_check(void)
{
    recount();
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        if (sim_processes[i].live) {
            check_space(&sim_processes[i]);
        }
    }
    books_check_promises();
}

static uint64_t dead_at_start(void)
{
    uint64_t dead = 0;
    for (uint32_t i = 0; i < frames.chunk_count * CHUNK_PAGES; i++) {
        uint64_t frame = frames.first_frame + i;
        dead += fake_kind(frame) == KIND_TABLE && frame % CHUNK_PAGES != 0 &&
                fake_record(frame)->state != 0 && fake_record(frame)->count == 0;
    }
    return dead;
}

void books_open(void)
{
    free(found.frame_counts);
    found.frame_counts = NULL;
    opening_dead = dead_at_start();
    opening_caps = fake_caps_used();
    recount();
    opening_free = free_frames();
}

/* Say what is left, to help whoever looks for it. */
static void print_leftovers(void)
{
    for (uint32_t i = 0; i < frames.chunk_count * CHUNK_PAGES; i++) {
        frame_t frame = {frames.first_frame + i};
        const struct table_record *record =
            fake_kind(frame.number) == KIND_TABLE ? fake_record(frame.number) : NULL;
        if (record != NULL && frame.number % CHUNK_PAGES != 0 && record->state != 0) {
            fprintf(stderr, "# table 0x%x, state %u, count %u\n", frame.number, record->state,
                    record->count);
        }
        if (fake_kind(frame.number) == KIND_USER && was_handed_out(frame) &&
            frame_count(frame) != 0 && !(frame_record(frame)->flags & FRAME_FIXED)) {
            fprintf(stderr, "# frame 0x%x, count %u, flags %u\n", frame.number, frame_count(frame),
                    frame_record(frame)->flags);
        }
    }
}

void books_check_empty(void)
{
    books_check();
    if (space_next(0) != NULL || promises.user != 0 || promises.tables != 0 || tables_dead() != 0) {
        model_fail("something lives on: %" PRIu64 " frames and %" PRIu64 " tables are promised",
                   promises.user, promises.tables);
    }
    /* What was sent last and what came last may still be in their two slots. */
    if (fake_objects_live() != 0 || fake_caps_used() > opening_caps + 2) {
        model_fail("%u kernel objects and %u capabilities are left", fake_objects_live(),
                   fake_caps_used() - opening_caps);
    }
    if (free_frames() != opening_free) {
        print_leftovers();
        model_fail("%" PRIu64 " frames were free at the start, %" PRIu64 " are now", opening_free,
                   free_frames());
    }
}
