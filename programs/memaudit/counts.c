/* The two books against what was counted: law 6, both ways. Frames: the pager's count of each
 * against entries, slots of shared objects and the pager's own holds. Tables: the kernel's count
 * of each against the entries that name it. */
#include <stddef.h>

#include <byre/gen/kernel.h>

#include "audit.h"

enum { LEAF_SLOTS = PAGE_BYTES / sizeof(uint32_t) };

/* ------------------------------------------------------------------------ shared objects */

static void count_leaf(struct audit *audit, uint32_t object, uint32_t leaf)
{
    if (audit_kind(audit, leaf) != KIND_USER) {
        audit_find(audit, "shared object %u: index page 0x%x is no USER frame", object, leaf);
        return;
    }
    const uint32_t *slots = audit_frame(audit, leaf);
    for (unsigned i = 0; i < LEAF_SLOTS; i++) {
        if (slots[i] == 0) {
            continue;
        }
        if (audit_kind(audit, slots[i]) != KIND_USER) {
            audit_find(audit, "shared object %u: slot names 0x%x, no USER frame", object, slots[i]);
            continue;
        }
        audit->references[slots[i] - audit->first_frame]++;
        audit->totals.slots++;
    }
}

/* Leaves before `sweep` are gone already, in a dead object. */
static const struct pager_object *count_object(struct audit *audit, uint64_t address)
{
    const struct pager_object *object =
        audit_pager_memory(audit, address, sizeof(struct pager_object));
    if (object == NULL) {
        audit_find(audit, "shared object at 0x%lx: the record is out of reach", address);
        return NULL;
    }
    for (unsigned i = 0; i < PAGER_OBJECT_LEAVES; i++) {
        if (object->leaf[i] != 0) {
            count_leaf(audit, object->index, object->leaf[i]);
        }
    }
    return object;
}

void audit_slots(struct audit *audit)
{
    const struct pager_records *records = audit->records;
    for (uint32_t i = 0; i < records->objects_max; i++) {
        const uint64_t *address = audit_pager_element(audit, records->objects, i, sizeof(uint64_t));
        if (address != NULL && *address != 0) {
            (void)count_object(audit, *address);
        }
    }
    const uint64_t *head = audit_pager_memory(audit, records->dead_objects, sizeof(uint64_t));
    uint64_t next = head != NULL ? *head : 0;
    for (uint32_t i = 0; next != 0 && i < records->objects_max; i++) {
        const struct pager_object *object = count_object(audit, next);
        next = object != NULL ? object->next_dead : 0;
    }
}

/* -------------------------------------------------------------------------------- frames */

/* True: the frame is in use. Fixed frames (the zero frame is one) and the pager's records have
 * one count more than what names them. */
static bool check_frame(struct audit *audit, uint64_t frame)
{
    uint32_t found = audit->references[frame - audit->first_frame];
    const struct pager_frame_record *record = audit_frame_record(audit, frame);
    uint32_t count = record != NULL ? record->count : 0;
    if (count == UINT32_MAX) {
        return true; /* sticky: it says no more than that */
    }
    bool held = record != NULL && (record->flags & (PAGER_FRAME_FIXED | PAGER_FRAME_SYSTEM)) != 0;
    uint32_t expected = found + (count != 0 && held);
    if (count != expected) {
        audit_find(audit, "frame 0x%lx: the pager counts %u, there are %u (%u entries and slots)",
                   frame, count, expected, found);
    }
    audit->totals.frames_shared += found > 1;
    return count != 0;
}

static void check_user_chunk(struct audit *audit, uint64_t first)
{
    uint64_t index = (first - audit->first_frame) / CHUNK_PAGES;
    const struct pager_chunk_record *chunk = audit_pager_element(
        audit, audit->records->chunk_records, index, sizeof(struct pager_chunk_record));
    if (chunk == NULL) {
        audit_find(audit, "chunk 0x%lx: the pager's record is out of reach", first);
        return;
    }
    if (chunk->kind != KIND_USER) {
        audit_find(audit, "chunk 0x%lx: USER to the kernel, kind %u to the pager", first,
                   chunk->kind);
    }
    unsigned used = 0;
    for (unsigned i = 0; i < CHUNK_PAGES; i++) {
        used += check_frame(audit, first + i);
    }
    if (used != chunk->used) {
        audit_find(audit, "chunk 0x%lx: the pager counts %u frames in use, there are %u", first,
                   chunk->used, used);
    }
    audit->totals.frames_used += used;
    audit->totals.frames_free += CHUNK_PAGES - used;
}

/* -------------------------------------------------------------------------------- tables */

static const char *level_name(unsigned state)
{
    static const char *const names[] = {"free", "leaf", "middle", "root"};
    return names[state <= 3 ? state : 0];
}

static void check_table_count(struct audit *audit, uint64_t table)
{
    const struct table_record *record = audit_table_record(audit, table);
    uint32_t found = audit->references[table - audit->first_frame] + (record->space != 0);
    if (record->count != found) {
        audit_find(audit, "%s table 0x%lx: the kernel counts %u, there are %u",
                   level_name(record->state), table, record->count, found);
    }
    uint32_t valid = audit->valid_references[table - audit->first_frame];
    if (record->state == TABLE_LEVEL_MIDDLE + 1 && record->count > 1 && valid > 0) {
        audit_find(audit, "middle table 0x%lx: shared by %u, and %u valid entries name it", table,
                   record->count, valid);
    }
    if (record->state != TABLE_LEVEL_LEAF + 1 || record->count < 2 || valid == 0) {
        return;
    }
    const uint64_t *entries = audit_frame(audit, table);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if ((entries[i] & (PTE_V | PTE_W)) == (PTE_V | PTE_W)) {
            audit_find(audit, "leaf table 0x%lx: shared, named by a valid entry, entry %u has W",
                       table, i);
        }
    }
}

void audit_counts(struct audit *audit)
{
    for (uint64_t i = 0; i < audit->frame_count; i += CHUNK_PAGES) {
        uint64_t first = audit->first_frame + i;
        unsigned kind = audit->chunks[i / CHUNK_PAGES].kind;
        if (kind == KIND_USER) {
            check_user_chunk(audit, first);
        }
        for (unsigned k = 1; kind == KIND_TABLE && k < CHUNK_PAGES; k++) {
            if (audit_table_record(audit, first + k)->state != 0) {
                check_table_count(audit, first + k);
            }
        }
    }
}
