/* What boot/ hands to the portable kernel: written once with paging off, read once by core_start.
 *
 *   B1  Pointers are addresses of the running kernel; the memory behind them is of kind KERNEL.
 *   B2  Every chunk's kind is set. The TABLE and the OBJECT chunk are zero but for what init's
 *       space takes: the tables from frame 1 up to boot_info.table_next_frame, with their records.
 *   B3  init's root table has count 1, is marked as bound and holds the kernel's half; core_start
 *       makes the space for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <byre/boot_info.h>

#include "core/types.h"

struct chunk;

enum {
    BOOT_DEVICE_RANGES_MAX = 64,
    /* Pages of the OBJECT chunk that core_start takes: 2 of slot maps, init's capability table of
     * 1024 slots, its thread, its space. boot/ must name the next one before paging is on. */
    BOOT_OBJECT_PAGE_CAPTABLE = 2,
    BOOT_OBJECT_PAGE_THREAD = 10,
    BOOT_OBJECT_PAGE_SPACE = 11,
    BOOT_OBJECT_PAGES = 12,
};

struct boot_facts {
    /* Chunks: record i is for frame (chunk_first + i) << 9. */
    struct chunk *chunks;
    uint64_t chunk_first;
    uint64_t chunk_count;
    frame_t object_chunk;

    /* init. */
    frame_t init_root;
    vaddr_t init_entry;
    struct boot_range devices[BOOT_DEVICE_RANGES_MAX];
    uint32_t device_count;

    /* The machine. */
    uint64_t timebase_hz;

    /* Boot arguments that concern the kernel. */
    bool quiet;
    bool test_hooks; /* a panic powers off */
    uint64_t asid_bits_max;
    uint64_t harts_max;
    bool preempt; /* random preemption */
    uint64_t preempt_seed;
    uint64_t preempt_mean_us; /* 0: the kernel's choice */
};
