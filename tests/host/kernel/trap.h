/* What entry.S does with a system call: the two calls with a short path get their arguments in
 * registers, and a thread that the short path resumes finds zero in t0 to t6. ra and t6 are lost. */
#pragma once

#include "core/entry.h"
#include "core/ipc_fast.h"
#include "core/syscall.h"

static inline void trap_system_call(struct hart *hart)
{
    struct thread *caller = hart->current;
    const uint64_t *r = caller->registers;
    struct ipc_next next;

    caller->registers[REGISTER_RA] = 0;
    caller->registers[REGISTER_T6] = 0;
    if (r[REGISTER_A7] != SYS_CALL && r[REGISTER_A7] != SYS_REPLY_RECEIVE) {
        core_syscall(hart);
        return;
    }
    next = (r[REGISTER_A7] == SYS_CALL ? core_call : core_reply_receive)(
        r[REGISTER_A0], r[REGISTER_A1], r[REGISTER_A2], r[REGISTER_A3], r[REGISTER_A4],
        r[REGISTER_A5], r[REGISTER_A6], caller);
    if (next.is_whole == 0) {
        static const uint8_t zeroed[] = {REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3,
                                         REGISTER_T4, REGISTER_T5, REGISTER_T6};
        for (unsigned i = 0; i < sizeof zeroed; i++) {
            next.thread->registers[zeroed[i]] = 0;
        }
    }
}
