/* What the short paths of messages and of faults have in common: see ipc_fast.h. */
#pragma once

#include "arch.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"

/* Nobody who is ready has a claim to run before it: equals have none while its slice lasts and the
 * timer is set to its end, or earlier (it will be set again then). */
ALWAYS_INLINE bool may_follow(const struct hart *hart, uint64_t ready, const struct thread *next)
{
    return ready < next->rank ||
           (ready < 2 * next->rank && hart->timer_ticks <= schedule_slice_end(next) &&
            arch_time_ticks() < schedule_slice_end(next));
}

/* The receiver that would take a call now; NULL: none, or not by the short path. */
ALWAYS_INLINE struct thread *find_receiver(const struct hart *hart, uint64_t ready,
                                           const struct endpoint *endpoint)
{
    struct thread *receiver = endpoint->receiver;

    return receiver != NULL && receiver->receive_reply != NULL && may_follow(hart, ready, receiver)
               ? receiver
               : NULL;
}

ALWAYS_INLINE void hand_over(struct hart *hart, uint64_t ready, struct thread *to)
{
    if (ready != 0) { /* J3 */
        (void)schedule_account(hart, hart->current);
        if (ready >= to->rank) {
            to->slice_end_ticks = schedule_slice_end(to); /* G3 */
        }
    }
    to->hart = hart; /* partners stay together: H4 says that it may run anywhere */
    schedule_hand_over(hart, to);
}

/* The receiver's reply object holds the caller, and the receiver runs. */
ALWAYS_INLINE void hold_and_run(struct hart *hart, uint64_t ready, struct endpoint *endpoint,
                                struct thread *caller, bool accepts, struct thread *receiver)
{
    endpoint_take_receiver(endpoint, receiver);
    reply_hold(receiver->receive_reply, caller);
    caller->wait_flags = accepts ? WAIT_ACCEPTS : 0;
    hand_over(hart, ready, receiver);
}

/* The thread's reply object, if the descriptor names it, whatever its flags. If it names another,
 * whose caller was to wait, then that is the thread's from now on. NULL: not by the short path. */
ALWAYS_INLINE struct reply *find_reply(struct thread *server, uint64_t descriptor)
{
    uint64_t flags = (uint64_t)((int32_t)descriptor ^ server->receive_descriptor); /* W3, F3 */
    const struct capability *slot;

    if (flags > IPC_FLAGS_MASK) {
        slot = captable_good(server->captable, descriptor >> IPC_REPLY_SHIFT & IPC_SLOT_MASK,
                             OBJECT_REPLY, 0);
        if (slot == NULL || server->receive_descriptor == RECEIVE_NONE ||
            ((const struct reply *)slot->object)->receiver != NULL) {
            return NULL;
        }
        reply_pair(server, (struct reply *)slot->object, descriptor);
    }
    return server->receive_reply;
}

/* The caller in the reply object, if it may be answered and there is nothing to receive. */
ALWAYS_INLINE struct thread *find_answered(const struct hart *hart, uint64_t ready,
                                           const struct endpoint *endpoint,
                                           const struct reply *reply)
{
    struct thread *answered = reply->caller;

    return answered != NULL && may_follow(hart, ready, answered) && endpoint->callers.root == NULL
               ? answered
               : NULL;
}

/* The caller has its answer and runs, the server waits for the next message. */
ALWAYS_INLINE void answer_and_wait(struct hart *hart, uint64_t ready, struct thread *server,
                                   uint64_t label, bool accepts, struct endpoint *endpoint,
                                   struct reply *reply, struct thread *answered)
{
    event_record_at(hart, hart->switched_ticks, EVENT_REPLY, (uint64_t)answered, label);
    reply->caller = NULL;
    server->wait_flags = accepts ? WAIT_ACCEPTS : 0;
    endpoint_add_receiver(endpoint, server);
    hand_over(hart, ready, answered);
}

/* Does it accept no capability, or into a fit slot? */
ALWAYS_INLINE bool may_accept(struct thread *thread, uint64_t descriptor)
{
    uint64_t index = arch_accept_slot(thread);
    const struct capability *slot = captable_slot(thread->captable, index);

    thread->registers[REGISTER_T4] = index; /* J2 */
    return (descriptor & IPC_ACCEPT) == 0 || (slot != NULL && capability_is_empty(slot));
}
