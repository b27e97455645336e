/* The short path of IPC: the common call, fault and reply-and-receive, from thread to thread in one
 * go. No capability sent, no deadline, nobody queued, and nobody ready who should run first.
 *
 *   J1  What is any other case is found out before anything has changed; then the general path
 *       (ipc.c) does it, and the result is what the general path would have made of the short case:
 *       host tests run each case through both.
 *   J2  The arguments are in registers[], and the first seven come in the hart's registers too.
 *   J3  run_ticks is brought up to date only if somebody else is ready: reading the time may be a
 *       trap to firmware. Otherwise the next slow switch or tick charges whoever runs then.
 */
#pragma once

#include <stdbool.h>

#include "core/hart.h"

/* Where the entry goes from here: in a0 and a1. */
struct ipc_next {
    struct thread *thread; /* hart->current; NULL: idle */
    uint64_t is_whole;     /* 0: t0 to t6 are zero, whatever registers[] says */
};

struct ipc_next core_call(uint64_t endpoint, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2,
                          uint64_t w3, uint64_t descriptor, struct thread *caller);
struct ipc_next core_reply_receive(uint64_t endpoint, uint64_t label, uint64_t w0, uint64_t w1,
                                   uint64_t w2, uint64_t w3, uint64_t descriptor,
                                   struct thread *server);
/* false: not by the short path. The faulter's fault_* are set. */
bool ipc_fast_fault(struct hart *hart, struct thread *faulter);
