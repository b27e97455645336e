/* The short path of IPC; see ipc_fast.h. */
#include "core/ipc_fast.h"

#include "arch.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/fault.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

/* The object of that slot if all is as it should be; NULL: the general path says what is not. */
static inline void *find(const struct thread *caller, uint64_t index, enum object_type type,
                         unsigned rights)
{
    const struct capability *capability = captable_slot(caller->captable, index);

    if (capability == NULL || capability_type(capability) != type ||
        (capability->rights & rights) != rights ||
        capability->object->header != capability->header) {
        return NULL;
    }
    return capability->object;
}

/* Nobody who is ready has a claim to run before it, or beside it. */
static inline bool may_run_at_once(const struct hart *hart, const struct thread *thread)
{
    return hart->ready_bitmap >> thread->priority == 0 && thread->hart == hart &&
           hart->random_ticks == 0 && !tree_is_linked(&thread->deadline.node);
}

static inline void deliver(struct thread *to, uint64_t label, const uint64_t *words, uint64_t badge,
                           unsigned info)
{
    uint64_t *r = to->registers;

    r[REGISTER_A0] = ERR_OK;
    r[REGISTER_A1] = label;
    for (unsigned i = 0; i < 4; i++) {
        r[REGISTER_A2 + i] = words[i];
    }
    r[REGISTER_A6] = badge;
    r[REGISTER_A7] = info;
    r[REGISTER_T0] = r[REGISTER_T1] = r[REGISTER_T2] = 0;
    r[REGISTER_T3] = r[REGISTER_T4] = r[REGISTER_T5] = r[REGISTER_T6] = 0;
}

/* The receiver that would take a call now; NULL: none, or not by the short path. */
static inline struct thread *find_receiver(const struct hart *hart, const struct endpoint *endpoint)
{
    struct thread *receiver = container_of(endpoint->receivers.next, struct thread, queue);

    return !list_is_empty(&endpoint->receivers) && receiver->receive_reply != NULL &&
                   may_run_at_once(hart, receiver)
               ? receiver
               : NULL;
}

/* The receiver's reply object holds the caller, and the receiver runs. */
static inline void hold_and_run(struct hart *hart, struct thread *caller, struct thread *receiver)
{
    struct reply *reply = receiver->receive_reply;

    list_remove(&receiver->queue);
    receiver->receive_reply = NULL;
    reply->receiver = NULL;
    reply->caller = caller;
    caller->state = THREAD_REPLYING;
    caller->waits_on.reply = reply;
    schedule_run(hart, caller, receiver);
}

bool ipc_fast_call(struct hart *hart, struct thread *caller)
{
    const uint64_t *r = caller->registers;
    struct endpoint *endpoint = find(caller, r[REGISTER_A0], OBJECT_ENDPOINT, RIGHT_CALL);
    struct thread *receiver;

    if (endpoint == NULL || (r[REGISTER_A6] & IPC_FLAGS_MASK) != 0 || r[REGISTER_A1] > UINT32_MAX) {
        return false;
    }
    receiver = find_receiver(hart, endpoint);
    if (receiver == NULL) {
        return false;
    }
    deliver(receiver, r[REGISTER_A1], &r[REGISTER_A2],
            captable_slot(caller->captable, r[REGISTER_A0])->badge, IPC_INFO_CALL);
    hold_and_run(hart, caller, receiver);
    return true;
}

bool ipc_fast_fault(struct hart *hart, struct thread *faulter)
{
    const struct capability *capability = &faulter->fault_endpoint;
    struct thread *receiver = capability_is_alive(capability)
                                  ? find_receiver(hart, (struct endpoint *)capability->object)
                                  : NULL;

    if (receiver == NULL) {
        return false;
    }
    faulter->badge = capability->badge;
    fault_deliver_message(faulter, receiver);
    hold_and_run(hart, faulter, receiver);
    return true;
}

/* Is there nothing for the server to receive, and are its slots as they should be? */
static inline bool would_wait(const struct thread *server, const struct endpoint *endpoint)
{
    const uint64_t *r = server->registers;
    const struct capability *accept = captable_slot(server->captable, r[REGISTER_T4]);

    return endpoint->callers.root == NULL &&
           (server->bound_notification == NULL || server->bound_notification->bits == 0) &&
           ((r[REGISTER_A6] & IPC_ACCEPT) == 0 || (accept != NULL && capability_is_empty(accept)));
}

bool ipc_fast_reply_receive(struct hart *hart, struct thread *server)
{
    const uint64_t *r = server->registers;
    unsigned flags = r[REGISTER_A6] & IPC_FLAGS_MASK;
    struct endpoint *endpoint = find(server, r[REGISTER_A0], OBJECT_ENDPOINT, RIGHT_RECEIVE);
    struct reply *reply =
        find(server, r[REGISTER_A6] >> IPC_REPLY_SHIFT & IPC_REPLY_MASK, OBJECT_REPLY, 0);
    struct thread *caller;

    if (endpoint == NULL || reply == NULL || reply->caller == NULL ||
        (flags & ~(unsigned)(IPC_ACCEPT | IPC_MAP | IPC_FENCE)) != 0 ||
        r[REGISTER_A1] > UINT32_MAX || !would_wait(server, endpoint)) {
        return false;
    }
    caller = reply->caller;
    if (!may_run_at_once(hart, caller)) {
        return false;
    }
    if (caller->in_fault) {
        if (fault_answer(caller, server, flags) != ERR_OK) {
            return false; /* the general path finds the error again */
        }
        caller->in_fault = false;
    } else if ((flags & (IPC_MAP | IPC_FENCE)) != 0) {
        return false;
    } else {
        deliver(caller, r[REGISTER_A1], &r[REGISTER_A2], 0, 0);
    }
    reply->caller = NULL;
    reply->receiver = server;
    server->receive_reply = reply;
    server->waits_on.endpoint = endpoint;
    server->state = THREAD_RECEIVING;
    list_push_back(&endpoint->receivers, &server->queue);
    schedule_run(hart, server, caller);
    return true;
}
