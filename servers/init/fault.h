/* Faults of the pager: a thread of init that does nothing but wait for one.
 *
 *   F1  A fault is printed with its kind, address, pc, all registers and what looks like return
 *       addresses on the stack (servers are built without frame pointers). Then the system ends, in
 *       words: without a pager no program could go on.
 *   F2  It calls nobody and needs no memory, so it works whatever state the pager is in.
 */
#ifndef INIT_FAULT_H
#define INIT_FAULT_H

#include "system.h"

/* Start the thread; system->fault_endpoint is where it receives. */
void fault_watch(struct system *system);

#endif
