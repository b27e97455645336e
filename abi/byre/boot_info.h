/* What the kernel hands to init: slots of its capability table, and one read-only page of facts.
 * The page is mapped at INIT_BOOT_INFO in init's space, read-only as the copy of the device tree
 * is. They share one leaf table with init's image (<byre/init_image.h>) and stack. The boot archive
 * is for init to map. */
#ifndef BYRE_BOOT_INFO_H
#define BYRE_BOOT_INFO_H

#include <stdint.h>

/* init's capability table at its first instruction. */
enum init_slot {
    INIT_SLOT_NONE = 0, /* never valid, in every table */
    INIT_SLOT_CAPTABLE = 1,
    INIT_SLOT_THREAD = 2,
    INIT_SLOT_SPACE = 3,
    INIT_SLOT_MEMORY = 4, /* all RAM frames, all rights */
    INIT_SLOT_INTERRUPT_CONTROL = 5,
    INIT_SLOT_MACHINE = 6,
    INIT_SLOT_DEVICE_FIRST = 8, /* device_count ranges: everything that is neither RAM nor barred */
    INIT_CAPTABLE_SLOTS = 1024,
};

enum {
    BOOT_INFO_VERSION = 2,
    BOOT_MEMORY_RANGES_MAX = 16,
    BOOT_ARGS_BYTES = 1024,
};

#define INIT_BOOT_INFO 0x10100000ul /* this page */
#define INIT_STACK_TOP 0x10120000ul
#define INIT_TREE      0x10130000ul /* the device tree */
#define INIT_TREE_END  0x10200000ul

struct boot_range {
    uint64_t first_frame;
    uint64_t frames;
};

struct boot_info {
    uint32_t version;
    uint32_t abi_version;
    uint64_t timebase_hz;
    uint64_t boot_ticks;                              /* `time` at the kernel's first instruction */
    uint64_t boot_instret;                            /* `instret` then */
    uint32_t hart_count;                              /* usable harts */
    uint32_t boot_hart;                               /* its hart id */
    struct boot_range memory[BOOT_MEMORY_RANGES_MAX]; /* RAM in whole chunks; kind by memory_info */
    uint32_t memory_count;
    uint32_t device_count;
    struct boot_range archive; /* USER frames that hold it */
    uint64_t archive_bytes;
    struct boot_range tree;
    uint64_t tree_bytes;
    struct boot_range init_frames; /* USER frames of init's data and stack: wired, init's own */
    /* First frame that nobody has used in the TABLE and OBJECT chunks that boot made. */
    uint64_t table_next_frame;
    uint64_t table_chunk_frame;
    uint64_t root_frame;       /* init's own root table, in that chunk */
    uint64_t object_next_page; /* before it stand init's own table, thread and space */
    uint64_t object_chunk_frame;
    char arguments[BOOT_ARGS_BYTES]; /* bootargs, NUL-terminated, cut with a warning if longer */
};

#endif
