/* Tables: the page tables, which the kernel alone writes. Rules T1 to T5 are in byre/table.h.
 *
 * Requests name a table by its frame, under a MEMORY capability with BIND that covers it, and say
 * frame and rights; the entry is composed here. No request can make an entry that breaks a rule,
 * whoever asks; what the entries mean to programs is the asker's affair.
 */
#pragma once

#include <stdbool.h>

#include "arch.h"
#include "core/memory.h"
#include "core/panic.h"

static_assert((int)MAP_R << 1 == (int)PTE_R && (int)MAP_X << 1 == (int)PTE_X &&
                  (int)MAP_SOFT0 << 5 == (int)PTE_SOFT0,
              "a map word's bits are the entry's, shifted");

enum {
    MAP_RIGHTS = MAP_R | MAP_W | MAP_X,
    MAP_RIGHTS_VALID = 1 << MAP_R | 1 << (MAP_R | MAP_W) | 1 << (MAP_R | MAP_X), /* T3 */
    MAP_SOFT = MAP_SOFT0 | MAP_SOFT1,
    MAP_LOW = (1 << MAP_FRAME_SHIFT) - 1,
    MAP_LOW_VALID = /* the same by all low bits: any soft ones, the last unused */
    MAP_RIGHTS_VALID * (1 + (1 << MAP_SOFT0) + (1 << MAP_SOFT1) + (1 << MAP_SOFT)),
};

enum { TABLE_SLICE_ENTRIES = 64, TABLE_MAP_MAX = 16, TABLE_GROUPS = 16, TABLE_COPY_PAIRS = 3 };

struct table {
    frame_t frame;
    struct table_record *record;
    uint64_t *entries;
    unsigned level;
};

static inline bool entry_is_leaf(uint64_t entry)
{
    return (entry & PTE_V) != 0 && (entry & (PTE_R | PTE_W | PTE_X)) != 0;
}

/* Valid or lazy, it names a table (T1). */
static inline bool entry_names_table(uint64_t entry)
{
    return (entry & PTE_V) != 0 ? (entry & (PTE_R | PTE_W | PTE_X)) == 0 : (entry & PTE_LAZY) != 0;
}

static inline frame_t entry_frame(uint64_t entry)
{
    return (frame_t){entry >> PTE_FRAME_SHIFT};
}

/* Of a frame in a TABLE chunk. */
static inline struct table_record *table_record_of(frame_t frame)
{
    uint64_t first = frame.number & ~(uint64_t)CHUNK_FRAME_MASK;
    struct table_record *records = arch_window((paddr_t){first << PAGE_SHIFT});

    return &records[frame.number & CHUNK_FRAME_MASK];
}

static inline uint64_t *table_entries_of(frame_t frame)
{
    return arch_window((paddr_t){frame.number << PAGE_SHIFT});
}

/* T4: is there, will there be anything but zeroes in the entry's group? */
static inline bool table_uses_group(const struct table *table, uint64_t index)
{
    return (table->record->groups >> (index / TABLE_GROUP_ENTRIES) & 1) != 0;
}

static inline void table_use_group(const struct table *table, uint64_t index)
{
    table->record->groups |= (uint16_t)(1u << (index / TABLE_GROUP_ENTRIES));
}

/* One store: the hardware may read the entry at any time. */
static inline void table_store(const struct table *table, uint64_t index, uint64_t entry)
{
    *(volatile uint64_t *)&table->entries[index] = entry;
}

/* An entry that is not zero, for a group that may be new. */
static inline void table_write(const struct table *table, uint64_t index, uint64_t entry)
{
    table_use_group(table, index);
    table_store(table, index, entry);
}

/* A leaf entry: V, U and A always, D with W. */
static inline uint64_t table_entry(uint64_t frame, uint64_t rights, uint64_t soft)
{
    return frame << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | rights << 1 | soft << 5 |
           (rights & MAP_W) * (PTE_D / MAP_W);
}

/* The leaf entry for a map word under that capability: ARGUMENT, RANGE, KIND, RIGHTS. What is to be
 * executed was written before: its call fences code, once. */
[[nodiscard]] static inline err_t table_compose(const struct capability *memory, uint64_t map_word,
                                                bool *code_is_fenced, uint64_t *entry_out)
{
    uint64_t rights = map_word & MAP_RIGHTS;
    frame_t frame = {map_word >> MAP_FRAME_SHIFT};
    unsigned kind;

    REFUSE_IF(((uint64_t)MAP_LOW_VALID >> (map_word & MAP_LOW) & 1) == 0, ERR_ARGUMENT);
    if (!memory_covers_one(memory, frame)) {
        return map_word > UINT32_MAX ? ERR_ARGUMENT : ERR_RANGE;
    }
    kind = chunk_kind_covered(frame);
    if (kind == KIND_USER) {
        if ((rights & MAP_W) != 0) {
            REFUSE_IF((memory->rights & RIGHT_WRITE) == 0, ERR_RIGHTS);
        } else if ((rights & MAP_X) != 0 && !*code_is_fenced) {
            arch_fence_code();
            *code_is_fenced = true;
        }
    } else if (kind != KIND_TABLE) {
        return ERR_KIND;
    } else if (rights != MAP_R) {
        return ERR_ARGUMENT;
    }
    *entry_out = table_entry(frame.number, rights, map_word & MAP_SOFT);
    return ERR_OK;
}

/* A table that a MEMORY capability covers: RANGE, KIND, LEVEL (no table). */
[[nodiscard]] static inline err_t table_open(const struct capability *memory, frame_t frame,
                                             struct table *table_out)
{
    REFUSE_IF(!memory_covers_one(memory, frame), ERR_RANGE);
    REFUSE_IF(chunk_kind_covered(frame) != KIND_TABLE, ERR_KIND);
    table_out->frame = frame;
    table_out->record = table_record_of(frame);
    REFUSE_IF(table_out->record->state == 0, ERR_LEVEL);
    table_out->entries = table_entries_of(frame);
    table_out->level = table_out->record->state - 1u;
    return ERR_OK;
}

/* The same, of the frame in the n-th argument, and an event. */
[[nodiscard]] err_t table_find(const struct thread *caller, const struct capability *memory,
                               unsigned n, struct table *table_out);
/* The entries are all the table's, and a root's are user's: RANGE. */
[[nodiscard]] err_t table_check_range(const struct table *table, uint64_t index, uint64_t entries);
/* A map item: one entry for a page of a leaf table. */
struct map_item {
    struct table table;
    uint64_t entry;
};

[[nodiscard]] static inline err_t table_decode_item(const struct capability *memory, frame_t frame,
                                                    uint64_t map_word, struct map_item *item_out)
{
    bool code_is_fenced = false;

    TRY(table_open(memory, frame, &item_out->table));
    REFUSE_IF(item_out->table.level != TABLE_LEVEL_LEAF, ERR_LEVEL);
    return table_compose(memory, map_word, &code_is_fenced, &item_out->entry);
}

/* An entry that named it is gone. */
static inline void table_unref(frame_t child)
{
    struct table_record *record = table_record_of(child);

    KASSERT(record->count > 0); /* T2 */
    record->count--;
}
