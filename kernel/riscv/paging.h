/* The kernel's half of every address space: one root that boot/ built, copied into every other. */
#pragma once

#include <stdint.h>

#include <byre/table.h>

extern uint64_t kernel_root[TABLE_ENTRIES];

/* Index into a table of `level` that translates the address. */
static inline unsigned table_index(uint64_t address, unsigned level)
{
    return (unsigned)(address >> (PAGE_SHIFT + 9 * level)) & (TABLE_ENTRIES - 1);
}

/* Note which root entries are in use; before the first arch_root_fill. */
void paging_start(void);
/* How many ASID bits are used: those there are, so many at most. On the kernel's own root. */
void asid_start(uint64_t bits_max);
/* The kernel's own root with ASID 0, for a hart without a space. */
void paging_load_kernel(void);
