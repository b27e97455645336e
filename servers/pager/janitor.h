/* The janitor: one more thread of the pager, below all programs, in whose time long teardown is
 * done.
 *
 *   J1  It touches nothing but a look at whether work waits: each of its signals makes the first
 *       thread do one slice, at once, between two messages. And it makes the kernel's call that
 *       changes a chunk (N3), which takes long and which an interrupt interrupts.
 *   J2  It sleeps while nothing waits, and is woken when something is put off.
 *   J3  Nothing depends on it: who is short of memory does slices of its own, and who asks for
 *       statistics is answered when all are done. It may be halted at any time and begun anew. */
#ifndef PAGER_JANITOR_H
#define PAGER_JANITOR_H

#include "types.h"

enum {
    JANITOR_PRIORITY = 4,
};

/* Make it, and a reply object for a second caller. */
void janitor_start(void);
/* Something was put off (J2). Costs nothing when it is awake already. */
void janitor_wake(void);
/* Stop it wherever it is, and let it begin anew. */
void janitor_halt(void);
void janitor_restart(void);

static inline bool work_waits(void)
{
    return pager_state.dead.number != 0 || pager_state.dead_objects != NULL;
}

#endif
