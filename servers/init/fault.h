/* Faults of the servers that nobody else can tell of, the pager and proc: a thread of init that
 * does nothing but wait for one. (Both are wired: a fault of theirs is a bug of theirs. The
 * console's faults go to the pager, for it reads its clients' buffers, and from there to proc.)
 *
 *   F1  A fault is printed with its kind, address, pc, all registers and what looks like return
 *       addresses on the pager's stack (servers are built without frame pointers). Then the
 *       system ends, in words: no program could go on.
 *   F2  It calls nobody and needs no memory, so it works whatever state the pager is in.
 */
#ifndef INIT_FAULT_H
#define INIT_FAULT_H

#include "system.h"

/* Badges of fault messages at system->fault_endpoint. */
enum {
    FAULT_OF_PROC = 1,
    FAULT_OF_PAGER = 2, /* + the number of its thread */
};

/* Start the thread; it makes system->fault_endpoint, where it receives. */
void fault_watch(struct system *system);

#endif
