/* The recount of all tables. See audit.h; the rules are T1..T5 of byre/table.h. */
#include "support/audit.h"

#include "support/test.h"
#include "support/world.h"

enum { CHUNKS_MAX = 1024 };

static uint8_t kind_of[CHUNKS_MAX]; /* by chunk, from the first RAM frame on */
static uint64_t first_chunk, chunk_limit;
static uint32_t counted[8][CHUNK_PAGES]; /* naming entries, for up to 8 TABLE chunks */
static uint64_t table_chunks[8];
static unsigned table_chunk_count;
static uint64_t leaves;

static void kinds_read(void)
{
    table_chunk_count = 0;
    first_chunk = boot_info()->memory[0].first_frame / CHUNK_PAGES;
    for (unsigned i = 0; i < boot_info()->memory_count; i++) {
        struct boot_range range = boot_info()->memory[i];
        for (uint64_t f = 0; f < range.frames; f += CHUNK_PAGES) {
            uint64_t chunk = (range.first_frame + f) / CHUNK_PAGES - first_chunk;
            uint64_t out[CALL_RESULTS];
            EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, range.first_frame + f));
            if (chunk >= CHUNKS_MAX) {
                continue;
            }
            chunk_limit = chunk + 1;
            kind_of[chunk] = (uint8_t)out[0];
            if (out[0] == KIND_TABLE && table_chunk_count < 8) {
                for (unsigned n = 0; n < CHUNK_PAGES; n++) {
                    counted[table_chunk_count][n] = 0;
                }
                table_chunks[table_chunk_count++] = range.first_frame + f;
            }
        }
    }
}

/* The kind of a frame; 0xff: not RAM that this book knows. */
static unsigned kind(uint64_t frame)
{
    uint64_t chunk = frame / CHUNK_PAGES - first_chunk;
    return chunk < chunk_limit ? kind_of[chunk] : 0xff;
}

static void count_child(uint64_t table, unsigned index, uint64_t child, unsigned level)
{
    for (unsigned i = 0; i < table_chunk_count; i++) {
        if (child > table_chunks[i] && child < table_chunks[i] + CHUNK_PAGES) {
            counted[i][child - table_chunks[i]]++;
            if (table_record(child)->state != level) {
                fail("T1: entry %u of table 0x%lx (level %u) names 0x%lx of state %u", index, table,
                     level, child, table_record(child)->state);
            }
            return;
        }
    }
    fail("T1: entry %u of table 0x%lx names 0x%lx, which is in no TABLE chunk", index, table,
         child);
}

static void check_leaf(uint64_t table, unsigned index, uint64_t entry)
{
    uint64_t frame = entry_frame(entry);
    unsigned rights = entry & (PTE_R | PTE_W | PTE_X);
    uint64_t must = PTE_V | PTE_U | PTE_A | PTE_R;
    unsigned of_kind = kind(frame);
    bool ok = (entry & must) == must && (entry >> 54) == 0 &&
              ((entry & PTE_W) != 0) == ((entry & PTE_D) != 0) &&
              (rights & (PTE_W | PTE_X)) != (PTE_W | PTE_X);
    /* What is not RAM may be a device; whether it is barred is the business of another test. */
    ok = ok &&
         (of_kind == KIND_USER || of_kind == 0xff || (of_kind == KIND_TABLE && rights == PTE_R));
    if (!ok) {
        fail("T3: entry %u of table 0x%lx is 0x%lx, frame of kind %u", index, table, entry,
             of_kind);
    }
    leaves++;
}

static void check_entry(uint64_t table, unsigned level, unsigned index, uint64_t entry)
{
    if ((entry & PTE_V) != 0 && (entry & (PTE_R | PTE_W | PTE_X)) == 0) {
        if (level == 0 || (entry & ~(~0ul << PTE_FRAME_SHIFT)) != PTE_V) {
            fail("T1: entry %u of table 0x%lx is 0x%lx", index, table, entry);
            return;
        }
        count_child(table, index, entry_frame(entry), level);
    } else if ((entry & PTE_V) != 0) {
        if (level == 2 || (level == 1 && entry_frame(entry) % CHUNK_PAGES != 0)) {
            fail("T3: entry %u of table 0x%lx, level %u, is the leaf 0x%lx", index, table, level,
                 entry);
        }
        check_leaf(table, index, entry);
    } else if ((entry & PTE_LAZY) != 0) {
        if (level == 0) {
            fail("T1: entry %u of leaf table 0x%lx is lazy: 0x%lx", index, table, entry);
            return;
        }
        count_child(table, index, entry_frame(entry), level);
    }
}

static void check_table(uint64_t table, const struct table_record *record)
{
    const uint64_t *entries = table_pointer(table);
    unsigned level = record->state - 1u;
    unsigned limit = level == 2 ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
    for (unsigned i = 0; i < limit; i++) {
        if (entries[i] == 0) {
            continue;
        }
        if ((record->groups >> (i / TABLE_GROUP_ENTRIES) & 1) == 0) {
            fail("T4: entry %u of table 0x%lx is used, its group is not (0x%x)", i, table,
                 record->groups);
        }
        check_entry(table, level, i, entries[i]);
    }
    for (unsigned i = ROOT_USER_ENTRIES; level == 2 && i < TABLE_ENTRIES; i++) {
        if (entries[i] != table_pointer(own_root())[i] || (entries[i] & PTE_U) != 0) {
            fail("kernel half: entry %u of root 0x%lx is 0x%lx", i, table, entries[i]);
        }
    }
}

static void check_free(uint64_t table)
{
    const uint64_t *entries = table_pointer(table);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (entries[i] != 0) {
            fail("T5: entry %u of the free table frame 0x%lx is 0x%lx", i, table, entries[i]);
            return;
        }
    }
}

void audit_tables(void)
{
    leaves = 0;
    kinds_read();
    for (unsigned c = 0; c < table_chunk_count; c++) {
        for (unsigned i = 1; i < CHUNK_PAGES; i++) {
            const struct table_record *record = table_record(table_chunks[c] + i);
            if (record->state == 0) {
                if (record->count != 0 || record->space != 0 || record->groups != 0) {
                    fail("T5: the record of the free frame 0x%lx is not zero", table_chunks[c] + i);
                }
                check_free(table_chunks[c] + i);
            } else {
                check_table(table_chunks[c] + i, record);
            }
        }
    }
    for (unsigned c = 0; c < table_chunk_count; c++) {
        for (unsigned i = 1; i < CHUNK_PAGES; i++) {
            const struct table_record *record = table_record(table_chunks[c] + i);
            if (record->count != counted[c][i] + record->space) {
                fail("T2: table 0x%lx has count %u, but %u entries name it and %u space",
                     table_chunks[c] + i, record->count, counted[c][i], record->space);
            }
        }
    }
}

uint64_t audit_entries(void)
{
    return leaves;
}
