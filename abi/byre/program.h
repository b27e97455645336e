/* What every program finds when it starts: the slots of its capability table and its address space.
 * proc fills both. */
#ifndef BYRE_PROGRAM_H
#define BYRE_PROGRAM_H

enum program_slot {
    PROGRAM_SLOT_PROC = 1,    /* proc's endpoint, badge: this process */
    PROGRAM_SLOT_PAGER = 2,   /* the pager's endpoint, badge: this space */
    PROGRAM_SLOT_CONSOLE = 3, /* the console's endpoint, badge: this process */
    PROGRAM_SLOT_PARK = 4,    /* the first thread's own notification, to sleep and wait on */
    PROGRAM_SLOT_AUDIT = 5,   /* the pager's audit endpoint; only in programs that may audit */
    PROGRAM_SLOT_MACHINE = 6, /* machine, for programs that may power off or read counters */
    /* Its own table needs no slot: index 0 in calls means it. */
    PROGRAM_SLOT_FREE = 8, /* up to 31 the program's own: accepted caps; above, threads' parks */
    PROGRAM_CAPTABLE_SLOTS = 64,
};

/* Address space of a program. One 2 MiB group (PROGRAM_BASE) holds text, data, bss, the first
 * heap pages and the main stack of a small program, so that it needs one leaf table. */
#define PROGRAM_BASE 0x0000000000200000ul /* where programs are linked */
#define PROGRAM_STACK_TOP \
    0x0000000000400000ul /* the main stack of a program below 1 MiB grows down from here */
#define PROGRAM_MMAP_BASE   0x0000001000000000ul /* private mappings, upwards */
#define PROGRAM_SHARED_BASE 0x0000002000000000ul /* shared mappings: arenas of 2 MiB */
#define PROGRAM_BIG_STACK_TOP \
    0x0000003f00000000ul /* for programs whose image does not leave room */

#endif
