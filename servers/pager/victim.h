/* Victims: threads that may not go on, and why. proc asks for them and ends their processes.
 *
 *   X1  A thread that the pager answered FAIL is in the queue until proc has asked.
 *   X2  The queue is in the pager's own memory: it needs no frame when memory is short. When it is
 *       full, the faulter is made to fault again until proc has come round.                      */
#ifndef PAGER_VICTIM_H
#define PAGER_VICTIM_H

#include "types.h"

struct victim {
    uint64_t space_id;
    uint64_t kind;
    uint64_t address;
    uint64_t pc;
    uint64_t reason;
    uint64_t sp;
};

/* False: the queue is full (X2). */
bool victim_put(const struct victim *victim);
/* False: there is none. */
bool victim_take(struct victim *victim_out);
/* proc's notification lies in that slot now. */
void victim_watch(cap_t notification);

#endif
