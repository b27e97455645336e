/* Page tables as user mode may read them: entries, and the record of each table.
 *
 * The kernel alone writes tables; the pager (and an auditor) reads them through read-only mappings
 * of TABLE chunks. Frame 0 of a TABLE chunk holds 512 records, record i for frame i of the chunk.
 *
 *   T1  A valid non-leaf entry, and every lazy entry, names a table of the next lower level.
 *   T2  record.count == valid and lazy entries that name the table, + 1 for a space's root.
 *   T3  A user leaf entry names a USER or DEVICE frame, or a TABLE frame with R alone; it carries
 *       V, U, A and R; D exactly with W; never W with X.
 *   T4  Group g of a table (32 entries) holds only zero entries if bit g of record.groups is 0.
 *   T5  A free frame of a TABLE chunk is all zero, and so is its record.
 *
 * RISC-V privileged architecture 1.12, section 4.4 (Sv39).
 */
#ifndef BYRE_TABLE_H
#define BYRE_TABLE_H

#include <stdint.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_BYTES = 1 << PAGE_SHIFT,
    CHUNK_SHIFT = 21,
    CHUNK_BYTES = 1 << CHUNK_SHIFT,
    CHUNK_PAGES = CHUNK_BYTES / PAGE_BYTES,
    TABLE_ENTRIES = 512,
    TABLE_GROUP_ENTRIES = 32,
    TABLE_LEVEL_LEAF = 0,
    TABLE_LEVEL_MIDDLE = 1,
    TABLE_LEVEL_ROOT = 2,
    ROOT_USER_ENTRIES = 256, /* the lower half of Sv39 */
};

/* Bits of an entry. */
enum {
    PTE_V = 1 << 0,
    PTE_R = 1 << 1,
    PTE_W = 1 << 2,
    PTE_X = 1 << 3,
    PTE_U = 1 << 4,
    PTE_G = 1 << 5,
    PTE_A = 1 << 6,
    PTE_D = 1 << 7,
    PTE_SOFT0 = 1 << 8,
    PTE_SOFT1 = 1 << 9,
    PTE_FRAME_SHIFT = 10,
    /* With V = 0 the hardware ignores the rest. Bit 1 set: lazy, the kernel's, names a table.
     * Bits 1..0 clear and the rest not zero: the pager's own. */
    PTE_LAZY = 1 << 1,
};

/* A request to map: one frame and its rights in 32 bits. Frames above 2^26 (256 GiB) do not
 * exist. */
enum {
    MAP_R = 1 << 0,
    MAP_W = 1 << 1,
    MAP_X = 1 << 2,
    MAP_SOFT0 = 1 << 3,
    MAP_SOFT1 = 1 << 4,
    MAP_FRAME_SHIFT = 6,
};

struct table_record {
    uint32_t count;  /* T2 */
    uint8_t state;   /* 0: free; else level + 1 */
    uint8_t space;   /* 1: bound to a space (roots) */
    uint16_t groups; /* T4 */
};

#endif
