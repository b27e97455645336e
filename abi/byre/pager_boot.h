/* What init gives to the pager: slots of its capability table, its address space, and one page of
 * facts whose address is in a0 at its first instruction.
 *
 *   B1  init loads the pager's ELF at PAGER_BASE and the stacks of its threads below
 *       PAGER_STACK_TOP into USER frames of its own choice, and maps everything wired; `used` names
 *       these frames.
 *   B2  Every chunk of `memory` that is of kind USER stands at PAGER_WINDOW + physical address by
 *       2 MiB entries, R and W; every chunk of kind TABLE likewise, R alone. A middle table of the
 *       pager's space exists for each GiB of the window that has RAM.
 *   B3  From the first instruction on, all USER frames that `used` does not name, all free TABLE
 *       frames and the OBJECT pages `object_pages` are the pager's; init takes none of them again.
 *   B4  The pager takes the memory for its frame records from the bottom of the USER frames that
 *       `used` leaves, at a place that follows from these facts alone; <byre/pager_records.h> is at
 *       its start, where a later pager finds it.
 *   B5  The first of the pager's threads is started by init; the others, of which there are as many
 *       as harts or PAGER_THREADS_MAX in all, are configured and not started.
 */
#ifndef BYRE_PAGER_BOOT_H
#define BYRE_PAGER_BOOT_H

#include <stdint.h>

#include <byre/boot_info.h>
#include <byre/table.h>

enum { PAGER_THREADS_MAX = 8 };

/* The pager's capability table at its first instruction. Those without a word about rights: all. */
enum pager_slot {
    PAGER_SLOT_NONE = 0,
    PAGER_SLOT_CAPTABLE = 1,
    PAGER_SLOT_SPACE = 2,        /* its own */
    PAGER_SLOT_MEMORY = 3,       /* all RAM, all rights */
    PAGER_SLOT_ENDPOINT = 4,     /* requests and faults: RECEIVE */
    PAGER_SLOT_NOTIFICATION = 5, /* bound to its first thread */
    PAGER_SLOT_MACHINE = 6,      /* early log, counters: CALL */
    /* From here on one of each thread: */
    PAGER_SLOT_THREAD = 8,
    PAGER_SLOT_REPLY = PAGER_SLOT_THREAD + PAGER_THREADS_MAX, /* an empty reply object */
    /* PAGER_THREADS_MAX notifications, if there are several threads: */
    PAGER_SLOT_PARK = PAGER_SLOT_REPLY + PAGER_THREADS_MAX,
    PAGER_SLOT_FREE = PAGER_SLOT_PARK + PAGER_THREADS_MAX, /* from here on the pager's own */
    PAGER_SLOT_SPACES = 128,                               /* from here on one a space */
    PAGER_CAPTABLE_SLOTS_MIN = 1024,
    PAGER_CAPTABLE_SLOTS_MAX =
        16384, /* what init's first OBJECT chunk has room for; else half the frames */
};

enum {
    PAGER_BOOT_VERSION = 3,
    PAGER_USED_MAX = 16,
    PAGER_BOOT_OVERCOMMIT = 1 << 0,
    PAGER_BOOT_TESTHOOKS = 1 << 1,
    PAGER_STACK_PAGES = 8, /* of each thread */
};

/* Its address space. */
#define PAGER_BASE         0x0000000010000000ul
#define PAGER_STACK_TOP    0x0000000040000000ul /* the first thread's */
#define PAGER_BOOT_ADDRESS 0x0000000040000000ul /* struct pager_boot, one page, R */
#define PAGER_WINDOW       0x0000002000000000ul /* + physical address */

/* The others' stand below, each with an empty page under it. */
static inline uint64_t pager_stack_top(uint64_t thread)
{
    return PAGER_STACK_TOP - thread * (PAGER_STACK_PAGES + 1) * PAGE_BYTES;
}

/* Badges at the pager's endpoint: a space's id (index | generation << 32, both below 2^30), or */
#define PAGER_BADGE_TRUSTED (1ul << 63) /* init and proc */
#define PAGER_BADGE_AUDIT   (1ul << 62) /* or-ed to a space's id: it may call audit_begin */

/* Where an auditor finds memory while it holds the pager still: read-only, + physical address. */
#define PAGER_AUDIT_WINDOW     0x0000003000000000ul
#define PAGER_AUDIT_WINDOW_END 0x0000003e00000000ul /* nothing is mapped below here for a client */

struct pager_boot {
    uint32_t version;
    uint32_t flags; /* PAGER_BOOT_* */
    uint64_t timebase_hz;
    uint64_t threads;                                 /* B5 */
    struct boot_range memory[BOOT_MEMORY_RANGES_MAX]; /* as in boot_info */
    uint32_t memory_count;
    uint32_t used_count;
    struct boot_range used[PAGER_USED_MAX]; /* B3: init's frames, archive, tree, pager's image */
    struct boot_range archive;              /* what backing 1 of region_add means */
    uint64_t archive_bytes;
    struct boot_range object_pages; /* B3: at least 8, in an OBJECT chunk */
    uint64_t root_frame;            /* the pager's own root table */
};

#endif
