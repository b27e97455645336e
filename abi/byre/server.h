/* What init gives to the servers it starts: the slots of their capability tables, their address
 * space, and the two words in a0 and a1 of their first instruction.
 *
 *   pager     a0 = address of its struct pager_boot (pager_boot.h)
 *   proc      a0 = PROC_START_* flags | bytes of the archive << 32   a1 = its space's id
 *   console   a0 = struct console_start as a word                     a1 = its space's id
 */
#ifndef BYRE_SERVER_H
#define BYRE_SERVER_H

#include <stdint.h>

/* proc and console, loaded through the pager's protocol. */
enum server_slot {
    SERVER_SLOT_CAPTABLE = 1,     /* its own, all rights */
    SERVER_SLOT_THREAD = 2,       /* its own, MANAGE */
    SERVER_SLOT_ENDPOINT = 3,     /* RECEIVE; proc: MANAGE and GRANT too, to badge copies */
    SERVER_SLOT_PAGER = 4,        /* proc: badge of trust; console: its space */
    SERVER_SLOT_INIT = 5,         /* init's endpoint, CALL */
    SERVER_SLOT_MACHINE = 6,      /* early log, counters; proc may grant it */
    SERVER_SLOT_NOTIFICATION = 7, /* all rights; to be bound to the server's thread */
    SERVER_SLOT_REPLY = 8,        /* an empty reply object */
    SERVER_SLOT_FREE = 32,        /* from here on the server's own */

    PROC_SLOT_PAGER_BASE = 9,    /* the pager's endpoint, unbadged, CALL MANAGE BIND GRANT */
    PROC_SLOT_CONSOLE_BASE = 10, /* the console's endpoint, unbadged, CALL MANAGE GRANT */

    CONSOLE_SLOT_PROC = 9,       /* proc's endpoint, PROC_BADGE_CONSOLE */
    CONSOLE_SLOT_INTERRUPT = 10, /* its UART's, bound to its notification, CALL */
    CONSOLE_SLOT_OBJECTS = 11,   /* MEMORY over CONSOLE_OBJECT_PAGES pages for reply objects */
};

enum {
    PROC_CAPTABLE_SLOTS = 32768,
    CONSOLE_CAPTABLE_SLOTS = 4096,
    CONSOLE_OBJECT_PAGES = 4,
};

/* Badges that are no process's: bit 63 set. */
#define SERVER_BADGE_TRUSTED (1ul << 63)
#define PROC_BADGE_INIT      (SERVER_BADGE_TRUSTED | 1)
#define PROC_BADGE_CONSOLE   (SERVER_BADGE_TRUSTED | 2)

/* proc's a0 */
enum {
    PROC_START_TESTHOOKS = 1 << 0,
    PROC_START_QUIET = 1 << 1,
    PROC_START_ARCHIVE_SHIFT = 32,
};

/* console's a0, from the device tree */
enum uart_kind { UART_NONE, UART_16550, UART_DESIGNWARE, UART_SIFIVE };
struct console_start {
    uint8_t uart;             /* enum uart_kind */
    uint8_t reg_shift : 4;    /* distance of registers: 1 << reg_shift bytes */
    uint8_t reg_io_width : 4; /* bytes an access */
    uint16_t reg_offset : 12; /* of the registers from SERVER_DEVICE */
    uint16_t framed : 1;      /* 1: output stands between the bytes 0x02 and 0x03 */
    uint32_t timebase_hz;
};
_Static_assert(sizeof(struct console_start) == sizeof(uint64_t), "one register");

/* Bits of a server's notification (the badges of the copies that others signal). */
enum {
    PROC_SIGNAL_VICTIM = 1 << 0,       /* the pager has a victim */
    CONSOLE_SIGNAL_INTERRUPT = 1 << 0, /* the UART */
    CONSOLE_SIGNAL_PROC = 1 << 1,      /* proc: someone has gone, or there is a message */
};

/* Address space of proc and console. */
#define SERVER_BASE        0x0000000010000000ul /* linked here */
#define SERVER_STACK_TOP   0x0000000040000000ul
#define SERVER_STACK_PAGES 16
#define SERVER_ARCHIVE     0x0000000800000000ul /* proc: the boot archive, read-only */
#define SERVER_DEVICE      0x0000000900000000ul /* console: the UART's registers */
#define SERVER_GROW        0x0000000a00000000ul /* wired memory that the server adds */

#endif
