/* The short path of IPC: the common call, fault and reply-and-receive, from thread to thread in one
 * go. No deadline, nobody queued, and nobody ready who should run first.
 *
 *   J1  What is any other case is found out before anything has changed; then the general path
 *       (ipc.c) does it, and the result is what the general path would have made of the short case:
 *       host tests run each case through both.
 *   J2  The arguments come in the hart's registers, and the message leaves in them: registers[] of
 *       who waits after it hold what a call must keep, and of its arguments only the accept slot.
 *   J3  run_ticks is brought up to date only if somebody else is ready: reading the time may be a
 *       trap to firmware. Otherwise the next slow switch or tick charges whoever runs then.
 */
#pragma once

#include "core/hart.h"

#define MESSAGE_REGISTERS                                                               \
    uint64_t index, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, \
        uint64_t descriptor, struct thread *caller
#define MESSAGE index, label, w0, w1, w2, w3, descriptor, caller

/* Called by assembly alone, which has saved what a call must keep: compiled not to keep it again.
 * Return the thread to resume, all of it from registers[]; NULL: idle. Each passes on what is not
 * its own: the first have messages of four words and nothing else. */
struct thread *core_call(void);
struct thread *core_call_carrying(void);
struct thread *core_call_generally(MESSAGE_REGISTERS);
struct thread *core_reply_receive(void);
struct thread *core_reply_receive_carrying(void);
struct thread *core_reply_receive_fault(MESSAGE_REGISTERS); /* by receive_reply */
struct thread *core_reply_receive_generally(MESSAGE_REGISTERS);
