/* What entry.S does with a system call: arguments go in registers. What a call has not stored of
 * its own is lost, as on the machine; the two calls with a short path may look. */
#pragma once

#include "arch_message.h"
#include "core/entry.h"
#include "core/ipc_fast.h"
#include "core/schedule.h"
#include "core/syscall.h"

static inline void trap_general(struct thread *caller, const uint64_t a[8])
{
    uint64_t *r = caller->registers;
    uint64_t number = a[7] < SYS_COUNT ? a[7] : SYS_COUNT;
    err_t error;

    for (unsigned i = 0; i < 8; i++) {
        r[REGISTER_A0 + i] = 0xbad0000000000000 + i;
    }
    error = system_calls[number](a[0], a[1], a[2], a[3], a[4], a[5], a[6], caller);
    if (error == ERR_RESTART) {
        r[REGISTER_PC] -= SYSCALL_BYTES;
    } else if (error != ERR_DONE) {
        r[REGISTER_A0] = error;
        caller->progress = 0;
        for (unsigned i = 2; i < 8; i++) {
            r[REGISTER_A0 + i] = 0;
        }
    }
    (void)schedule_settle(caller->hart);
}

static inline void trap_system_call(struct hart *hart)
{
    struct thread *caller = hart->current;
    uint64_t *r = caller->registers;
    uint64_t a[8];

    for (unsigned i = 0; i < 8; i++) {
        a[i] = r[REGISTER_A0 + i];
    }
    r[REGISTER_RA] = 0;
    r[REGISTER_T6] = 0;
    message_index = a[0];
    message_label = a[1];
    __builtin_memcpy(message_words, &a[2], sizeof(message_words));
    message_descriptor = a[6];
    message_caller = caller;
    message_hart = hart;
    if (a[7] == SYS_CALL) {
        (void)core_call();
    } else if (a[7] == SYS_REPLY_RECEIVE) {
        (void)core_reply_receive();
    } else {
        trap_general(caller, a);
    }
}
