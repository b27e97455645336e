/* Tables: the page tables, which the kernel alone writes. Rules T1 to T5 are in byre/table.h.
 *
 * Requests name a table by its frame, under a MEMORY capability with BIND that covers it, and say
 * frame and rights; the entry is composed here. No request can make an entry that breaks a rule,
 * whoever asks; what the entries mean to programs is the asker's affair.
 */
#pragma once

#include <stdbool.h>

#include "core/capability.h"
#include "core/chunk.h"
#include "core/types.h"

#include <byre/table.h>

enum { TABLE_SLICE_ENTRIES = 64, TABLE_MAP_MAX = 16, TABLE_GROUPS = 16 };

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

struct table_record *table_record_of(frame_t frame); /* of a frame in a TABLE chunk */
uint64_t *table_entries_of(frame_t frame);

/* A table that a MEMORY capability covers: RANGE, KIND, LEVEL (no table). */
[[nodiscard]] err_t table_open(const struct capability *memory, frame_t frame,
                               struct table *table_out);
/* The same, by the call's arguments n (the capability, with BIND) and n + 1 (the frame). */
[[nodiscard]] err_t table_find(const struct thread *caller, unsigned n, struct table *table_out,
                               struct capability **memory_out);
[[nodiscard]] err_t table_check_level(const struct table *table, unsigned level); /* LEVEL */
/* The entries are all the table's, and a root's are user's: RANGE. */
[[nodiscard]] err_t table_check_range(const struct table *table, uint64_t index, uint64_t entries);
void table_write(const struct table *table, uint64_t index, uint64_t entry);

/* A leaf entry: V, U and A always, D with W. */
uint64_t table_entry(uint64_t frame, uint64_t rights, uint64_t soft);
/* The leaf entry for a map word under that capability: ARGUMENT, RANGE, KIND, RIGHTS. */
[[nodiscard]] err_t table_compose(const struct capability *memory, uint64_t map_word,
                                  uint64_t *entry_out);
/* One page of a level-0 table, for the answer to a fault. */
[[nodiscard]] err_t table_map_page(const struct capability *memory, frame_t frame, vaddr_t address,
                                   uint64_t map_word, bool *was_valid_out);
void table_unref(frame_t child); /* an entry that named it is gone */
