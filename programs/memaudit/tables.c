/* Every entry of every table: T1..T5 of <byre/table.h>, and what each one names is counted. Tables
 * are found as the kernel's records tell, not by walking spaces: what no space reaches any more
 * (being taken apart) counts too. */
#include <stddef.h>

#include <byre/gen/kernel.h>

#include "audit.h"

enum { RECORD_FRAME = 0, ENTRY_LEAF = PTE_R | PTE_W | PTE_X };

struct place { /* of one entry */
    struct audit *audit;
    uint64_t table;
    unsigned level;
    unsigned index;
    uint64_t entry;
};

static void place_find(const struct place *p, const char *what)
{
    audit_find(p->audit, "table 0x%lx (level %u) entry %u = 0x%lx: %s", p->table, p->level,
               p->index, p->entry, what);
}

static void check_rights(const struct place *p)
{
    uint64_t e = p->entry;
    if ((e & PTE_R) == 0) {
        place_find(p, "a leaf without R");
    }
    if ((e & (PTE_W | PTE_X)) == (PTE_W | PTE_X)) {
        place_find(p, "writable and executable");
    }
    if ((e & PTE_U) == 0) {
        place_find(p, "U is clear");
    }
    if ((e & PTE_A) == 0) {
        place_find(p, "A is not preset");
    }
    if (((e & PTE_D) != 0) != ((e & PTE_W) != 0)) {
        place_find(p, "D does not go with W");
    }
    if ((e & PTE_G) != 0) {
        place_find(p, "G in a user entry");
    }
    if (e >> 54 != 0) {
        place_find(p, "reserved bits are set");
    }
}

static void check_user_page(const struct place *p, uint64_t frame)
{
    if (p->audit->owners[p->table - p->audit->first_frame] != OWNER_SYSTEM) {
        p->audit->references[frame - p->audit->first_frame]++;
        p->audit->totals.entries_leaf++;
        return;
    }
    const struct pager_frame_record *record = audit_frame_record(p->audit, frame);
    p->audit->totals.entries_system++;
    if (record == NULL || (record->flags & (PAGER_FRAME_FIXED | PAGER_FRAME_SYSTEM)) == 0) {
        place_find(p, "init or the pager maps a frame that is a client's");
    }
}

/* A 4 KiB entry. */
static void check_leaf(const struct place *p)
{
    uint64_t frame = audit_entry_frame(p->entry);
    check_rights(p);
    if (!audit_has_frame(p->audit, frame)) {
        p->audit->totals.entries_device++;
        if ((p->entry & PTE_X) != 0) {
            place_find(p, "an executable device");
        }
        return;
    }
    switch (audit_kind(p->audit, frame)) {
    case KIND_USER:
        check_user_page(p, frame);
        break;
    case KIND_TABLE:
        if ((p->entry & (PTE_W | PTE_X)) != 0) {
            place_find(p, "a page table with more than R");
        }
        break;
    default:
        place_find(p, "names memory that is neither USER nor TABLE");
        break;
    }
}

/* A 2 MiB entry of a middle table: the pager's window, or ours. */
static void check_chunk(const struct place *p)
{
    uint64_t frame = audit_entry_frame(p->entry);
    check_rights(p);
    p->audit->totals.entries_chunk++;
    unsigned kind = audit_kind(p->audit, frame);
    if (p->level != TABLE_LEVEL_MIDDLE || frame % CHUNK_PAGES != 0) {
        place_find(p, "a large entry where none may be");
    } else if ((p->entry & PTE_X) != 0) {
        place_find(p, "an executable large entry");
    } else if (kind != KIND_USER && (kind != KIND_TABLE || (p->entry & PTE_W) != 0)) {
        place_find(p, "a large entry for memory that may not be mapped so");
    }
}

/* A valid or lazy entry that names a table: T1, T2. */
static void check_pointer(const struct place *p, bool valid)
{
    uint64_t frame = audit_entry_frame(p->entry);
    if (p->level == TABLE_LEVEL_LEAF) {
        place_find(p, "a leaf table names a table");
        return;
    }
    if (valid && (p->entry & (PTE_U | PTE_A | PTE_D | PTE_G)) != 0) {
        place_find(p, "A, D, U or G in an entry that names a table");
    }
    if (audit_kind(p->audit, frame) != KIND_TABLE) {
        place_find(p, "names a table outside TABLE memory");
        return;
    }
    if (audit_table_record(p->audit, frame)->state != p->level) {
        place_find(p, "names a table of the wrong level, or a free frame");
        return;
    }
    p->audit->references[frame - p->audit->first_frame]++;
    if (valid) {
        p->audit->valid_references[frame - p->audit->first_frame]++;
        p->audit->totals.entries_valid++;
    } else {
        p->audit->totals.entries_lazy++;
    }
}

/* Not valid, not lazy: the pager's own, which holds on to its frame. */
static void check_own(const struct place *p)
{
    uint64_t frame = audit_entry_frame(p->entry);
    p->audit->totals.entries_hidden++;
    if (p->level != TABLE_LEVEL_LEAF || audit_kind(p->audit, frame) != KIND_USER) {
        place_find(p, "the pager's own entry where it may not be");
        return;
    }
    p->audit->references[frame - p->audit->first_frame]++;
}

static void check_entry(const struct place *p)
{
    if ((p->entry & PTE_V) != 0 && (p->entry & ENTRY_LEAF) != 0) {
        if (p->level == TABLE_LEVEL_LEAF) {
            check_leaf(p);
        } else {
            check_chunk(p);
        }
    } else if ((p->entry & PTE_V) != 0) {
        check_pointer(p, true);
    } else if ((p->entry & PTE_LAZY) != 0) {
        check_pointer(p, false);
    } else {
        check_own(p);
    }
}

/* The kernel's half is the same in every root that a space uses. */
static void check_kernel_half(struct audit *audit, uint64_t root, const uint64_t *entries)
{
    if (audit->kernel_half_root == 0) {
        audit->kernel_half_root = (uint32_t)root;
        return;
    }
    const uint64_t *model = audit_frame(audit, audit->kernel_half_root);
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i++) {
        if (entries[i] != model[i]) {
            audit_find(audit, "root 0x%lx entry %u = 0x%lx: the kernel's half differs from 0x%lx",
                       root, i, entries[i], model[i]);
        }
    }
}

static void check_table(struct audit *audit, uint64_t table, const struct table_record *record)
{
    const uint64_t *entries = audit_frame(audit, table);
    struct place p = {.audit = audit, .table = table, .level = record->state - 1u};
    bool root = p.level == TABLE_LEVEL_ROOT;
    audit->totals.tables[p.level]++;
    for (p.index = 0; p.index < (root ? ROOT_USER_ENTRIES : TABLE_ENTRIES); p.index++) {
        p.entry = entries[p.index];
        if (p.entry == 0) {
            continue;
        }
        if ((record->groups >> p.index / TABLE_GROUP_ENTRIES & 1) == 0) {
            place_find(&p, "its group is recorded as empty (T4)");
        }
        check_entry(&p);
    }
    if (root && record->space != 0) {
        check_kernel_half(audit, table, entries);
    }
}

/* T5: a free frame is zero, record and all. */
static void check_free(struct audit *audit, uint64_t frame, const struct table_record *record)
{
    const uint64_t *words = audit_frame(audit, frame);
    audit->totals.tables_free++;
    if (record->count != 0 || record->space != 0 || record->groups != 0) {
        audit_find(audit, "free table frame 0x%lx: its record is not zero (count %u)", frame,
                   record->count);
    }
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (words[i] != 0) {
            audit_find(audit, "free table frame 0x%lx: word %u = 0x%lx, not zero", frame, i,
                       words[i]);
            return;
        }
    }
}

static void check_table_chunk(struct audit *audit, uint64_t first, unsigned used)
{
    unsigned tables = 0;
    for (unsigned i = RECORD_FRAME + 1; i < CHUNK_PAGES; i++) {
        const struct table_record *record = audit_table_record(audit, first + i);
        if (record->state == 0) {
            check_free(audit, first + i, record);
        } else if (record->state > TABLE_LEVEL_ROOT + 1) {
            audit_find(audit, "table frame 0x%lx: unknown state %u", first + i, record->state);
        } else {
            check_table(audit, first + i, record);
            tables++;
        }
    }
    if (tables != used) {
        audit_find(audit, "chunk 0x%lx: the kernel counts %u tables, there are %u", first, used,
                   tables);
    }
}

/* ---------------------------------------------------------------------------- whose it is */

static void mark_system(struct audit *audit, uint64_t table, unsigned level)
{
    const uint64_t *entries = audit_frame(audit, table);
    audit->owners[table - audit->first_frame] = OWNER_SYSTEM;
    unsigned end = level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
    for (unsigned i = 0; level > TABLE_LEVEL_LEAF && i < end; i++) {
        uint64_t child = audit_child(audit, entries[i], level - 1);
        if (child != 0) {
            mark_system(audit, child, level - 1); /* at most two deep: levels fall */
        }
    }
}

void audit_owners(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->records->spaces_max; i++) {
        const struct pager_space *space = audit_space(audit, i);
        if (space != NULL && audit_kind(audit, space->root) == KIND_TABLE) {
            audit->owners[space->root - audit->first_frame] = OWNER_SPACE;
        }
    }
    for (uint64_t i = 0; i < audit->frame_count; i++) {
        if (i % CHUNK_PAGES == RECORD_FRAME || audit->chunks[i / CHUNK_PAGES].kind != KIND_TABLE) {
            continue;
        }
        const struct table_record *record = audit_table_record(audit, audit->first_frame + i);
        if (record->state == TABLE_LEVEL_ROOT + 1 && record->space != 0 &&
            audit->owners[i] != OWNER_SPACE) {
            audit->totals.system_roots++;
            if (audit->first_frame + i != audit->records->root_frame) {
                audit->init_root = (uint32_t)(audit->first_frame + i);
            }
            mark_system(audit, audit->first_frame + i, TABLE_LEVEL_ROOT);
        }
    }
}

void audit_tables(struct audit *audit)
{
    for (uint64_t i = 0; i < audit->frame_count; i += CHUNK_PAGES) {
        const struct chunk_view *chunk = &audit->chunks[i / CHUNK_PAGES];
        if (chunk->kind < sizeof(audit->totals.chunks) / sizeof(audit->totals.chunks[0])) {
            audit->totals.chunks[chunk->kind]++;
        }
        if (chunk->kind == KIND_TABLE) {
            check_table_chunk(audit, audit->first_frame + i, chunk->used);
        }
    }
}
