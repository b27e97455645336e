/* The window: all RAM of kind USER (read, write) and TABLE (read) stands in the pager's space at
 * pager_window + physical address. Whoever reaches a frame goes through here; on the host the
 * window is an array.
 *
 *   V1  A pointer into the window stays good as long as the chunk keeps its kind.
 *   V2  Tables are read here and written only by the kernel.                                     */
#ifndef PAGER_WINDOW_H
#define PAGER_WINDOW_H

#include "types.h"

extern uintptr_t pager_window;

static inline void *pager_pointer(frame_t frame)
{
    return (void *)(pager_window + ((uintptr_t)frame.number << PAGE_SHIFT));
}

static inline frame_t pager_frame_of(const void *pointer)
{
    return (frame_t){(uint32_t)(((uintptr_t)pointer - pager_window) >> PAGE_SHIFT)};
}

/* The entries of a table. */
static inline const volatile uint64_t *table_entries(frame_t table)
{
    return pager_pointer(table);
}

/* Four entries at once. */
static inline bool table_entries_are_empty(const volatile uint64_t *at)
{
    return (at[0] | at[1] | at[2] | at[3]) == 0;
}

enum { ENTRIES_A_RUN = 8 };

/* Do entries from `at` on, of which e is the first, name frames that follow one another, all with the
 * same rights? */
static inline bool table_entries_are_a_run(const volatile uint64_t *at, uint64_t e)
{
#pragma GCC unroll 8
    for (unsigned i = 1; i < ENTRIES_A_RUN; i++) {
        uint64_t next = at[i];
        if (next - e != 1 << PTE_FRAME_SHIFT) {
            return false;
        }
        e = next;
    }
    return true;
}

/* The kernel's record of a table: frame 0 of its chunk holds those of all 512. */
static inline const volatile struct table_record *table_record(frame_t table)
{
    frame_t first = {table.number & ~(uint32_t)(CHUNK_PAGES - 1)};
    const struct table_record *records = pager_pointer(first);
    return &records[table.number & (CHUNK_PAGES - 1)];
}

static inline uint32_t table_count(frame_t table)
{
    return table_record(table)->count;
}

/* The same, of the table that an entry names: for loops over many. */
static inline uint32_t table_count_of_entry(uint64_t entry)
{
    uint64_t number = entry >> PTE_FRAME_SHIFT;
    uintptr_t records = pager_window + ((number & ~(uint64_t)(CHUNK_PAGES - 1)) << PAGE_SHIFT);
    return ((const volatile struct table_record *)records)[number & (CHUNK_PAGES - 1)].count;
}

#endif
