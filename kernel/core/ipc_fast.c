/* The short path of IPC; see ipc_fast.h. */
#include "core/ipc_fast.h"

#include "arch.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/entry.h"
#include "core/event.h"
#include "core/fault.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

/* The slot if its object is of that type and alive, with those rights; NULL: the general path says
 * what is wrong. */
static inline const struct capability *find(const struct thread *caller, uint64_t index,
                                            enum object_type type, unsigned rights)
{
    const struct capability *capability = captable_slot(caller->captable, index);

    if (capability == NULL || capability_type(capability) != type ||
        (capability->rights & rights) != rights ||
        capability->object->header != capability->header) {
        return NULL;
    }
    return capability;
}

/* Nobody who is ready has a claim to run before it; its equals have none while its slice lasts and
 * the timer is set to end it. */
static inline bool may_follow(const struct hart *hart, const struct thread *next)
{
    uint32_t rivals = hart->ready_bitmap >> next->priority;
    bool is_first = rivals == 0 || (rivals == 1 && hart->timer_ticks <= next->slice_end_ticks &&
                                    arch_time_ticks() < next->slice_end_ticks);
    return is_first && next->hart == hart && hart->random_ticks == 0 &&
           !tree_is_linked(&next->deadline.node);
}

/* The receiver that would take a call now; NULL: none, or not by the short path. */
static inline struct thread *find_receiver(const struct hart *hart, const struct endpoint *endpoint)
{
    struct thread *receiver = container_of(endpoint->receivers.next, struct thread, queue);

    return !list_is_empty(&endpoint->receivers) && receiver->receive_reply != NULL &&
                   may_follow(hart, receiver)
               ? receiver
               : NULL;
}

static inline void deliver(struct thread *to, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2,
                           uint64_t w3, uint64_t badge, unsigned info)
{
    uint64_t *r = to->registers;

    r[REGISTER_A0] = ERR_OK;
    r[REGISTER_A1] = label;
    r[REGISTER_A2] = w0;
    r[REGISTER_A3] = w1;
    r[REGISTER_A4] = w2;
    r[REGISTER_A5] = w3;
    r[REGISTER_A6] = badge;
    r[REGISTER_A7] = info;
}

/* The second half of a long message; without one it is zero. */
static inline void deliver_rest(struct thread *to, const struct thread *from)
{
    uint64_t *r = to->registers;

    r[REGISTER_T0] = from == NULL ? 0 : from->registers[REGISTER_T0];
    r[REGISTER_T1] = from == NULL ? 0 : from->registers[REGISTER_T1];
    r[REGISTER_T2] = from == NULL ? 0 : from->registers[REGISTER_T2];
    r[REGISTER_T3] = from == NULL ? 0 : from->registers[REGISTER_T3];
    r[REGISTER_T4] = r[REGISTER_T5] = r[REGISTER_T6] = 0;
}

static inline struct ipc_next hand_over(struct hart *hart, struct thread *from, struct thread *to)
{
    if (hart->ready_bitmap != 0) { /* J3 */
        schedule_account(hart);
    }
    event_record_at(hart, hart->switched_ticks, EVENT_SWITCH, (uint64_t)to, 0);
    schedule_hand_over(hart, from, to);
    return (struct ipc_next){to, false};
}

/* The receiver's reply object holds the caller, and the receiver runs. */
static inline struct ipc_next hold_and_run(struct hart *hart, struct thread *caller,
                                           struct thread *receiver)
{
    struct reply *reply = receiver->receive_reply;

    list_remove(&receiver->queue);
    receiver->receive_reply = NULL;
    reply->receiver = NULL;
    reply->caller = caller;
    caller->state = THREAD_REPLYING;
    caller->waits_on.reply = reply;
    return hand_over(hart, caller, receiver);
}

static __attribute__((noinline)) struct ipc_next general(struct thread *caller)
{
    struct hart *hart = caller->hart;

    core_syscall(hart);
    return (struct ipc_next){hart->current, true};
}

struct ipc_next core_call(uint64_t endpoint, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2,
                          uint64_t w3, uint64_t descriptor, struct thread *caller)
{
    const struct capability *capability = find(caller, endpoint, OBJECT_ENDPOINT, RIGHT_CALL);
    struct hart *hart = caller->hart;
    struct thread *receiver = NULL;
    struct ipc_next next;

    if (capability != NULL && (descriptor & IPC_FLAGS_MASK & ~(uint64_t)IPC_LONG) == 0 &&
        label >> 32 == 0) {
        receiver = find_receiver(hart, (struct endpoint *)capability->object);
    }
    if (receiver == NULL) {
        return general(caller);
    }
    deliver(receiver, label, w0, w1, w2, w3, capability->badge, IPC_INFO_CALL);
    next = hold_and_run(hart, caller, receiver);
    if ((descriptor & IPC_LONG) != 0) {
        deliver_rest(receiver, caller);
        next.is_whole = true;
    }
    return next;
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
    deliver(receiver, 0, faulter->fault_kind, faulter->fault_address,
            faulter->registers[REGISTER_PC], faulter->registers[REGISTER_SP], capability->badge,
            IPC_INFO_FAULT | IPC_INFO_CALL);
    deliver_rest(receiver, NULL);
    (void)hold_and_run(hart, faulter, receiver);
    return true;
}

/* Is there nothing for the server to receive, and is its slot as it should be? */
static inline bool would_wait(const struct thread *server, const struct endpoint *endpoint,
                              unsigned flags)
{
    const struct capability *accept;

    if (endpoint->callers.root != NULL ||
        (server->bound_notification != NULL && server->bound_notification->bits != 0)) {
        return false;
    }
    if ((flags & IPC_ACCEPT) == 0) {
        return true;
    }
    accept = captable_slot(server->captable, server->registers[REGISTER_T4]);
    return accept != NULL && capability_is_empty(accept);
}

/* The caller in the reply object, if the short path may answer it; NULL: not. */
static inline struct thread *find_caller(const struct hart *hart, const struct reply *reply,
                                         unsigned flags)
{
    unsigned for_faults = flags & (IPC_MAP | IPC_FENCE);
    struct thread *caller = reply->caller;

    return caller != NULL && may_follow(hart, caller) && (caller->in_fault || for_faults == 0)
               ? caller
               : NULL;
}

struct ipc_next core_reply_receive(uint64_t endpoint, uint64_t label, uint64_t w0, uint64_t w1,
                                   uint64_t w2, uint64_t w3, uint64_t descriptor,
                                   struct thread *server)
{
    const struct capability *from = find(server, endpoint, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    const struct capability *with =
        find(server, descriptor >> IPC_REPLY_SHIFT & IPC_REPLY_MASK, OBJECT_REPLY, 0);
    unsigned flags = descriptor & IPC_FLAGS_MASK;
    struct hart *hart = server->hart;
    struct endpoint *queue;
    struct thread *caller = NULL;
    struct reply *reply;
    struct ipc_next next;

    if (from != NULL && with != NULL && label >> 32 == 0 &&
        (flags & ~(unsigned)(IPC_LONG | IPC_ACCEPT | IPC_MAP | IPC_FENCE)) == 0 &&
        would_wait(server, (struct endpoint *)from->object, flags)) {
        caller = find_caller(hart, (struct reply *)with->object, flags);
    }
    if (caller == NULL) {
        return general(server);
    }
    if (caller->in_fault) {
        if (fault_answer(caller, server, flags) != ERR_OK) {
            return general(server); /* it finds the error again */
        }
    } else {
        deliver(caller, label, w0, w1, w2, w3, 0, 0);
    }
    queue = (struct endpoint *)from->object;
    reply = (struct reply *)with->object;
    reply->caller = NULL;
    reply->receiver = server;
    server->receive_reply = reply;
    server->waits_on.endpoint = queue;
    server->state = THREAD_RECEIVING;
    list_push_back(&queue->receivers, &server->queue);
    next = hand_over(hart, server, caller);
    next.is_whole = caller->in_fault;
    if ((flags & IPC_LONG) != 0 && !caller->in_fault) {
        deliver_rest(caller, server);
        next.is_whole = true;
    }
    caller->in_fault = false;
    return next;
}
