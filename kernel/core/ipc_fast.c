/* The short path of IPC, and faults; see ipc_fast.h. */
#include "core/ipc_fast.h"

#include "arch.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/entry.h"
#include "core/event.h"
#include "core/fault.h"
#include "core/ipc.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Only equals are ready, and their turn does not come while its slice lasts and the timer is set to
 * end it. */
static __attribute__((noinline)) bool has_slice_left(const struct hart *hart,
                                                     const struct thread *next)
{
    return hart->ready_bitmap < 2 * next->rank && hart->timer_ticks <= next->slice_end_ticks &&
           arch_time_ticks() < next->slice_end_ticks;
}

/* Nobody who is ready has a claim to run before it. */
static inline bool may_follow(const struct hart *hart, const struct thread *next)
{
    return next->hart == hart && (hart->ready_bitmap < next->rank || has_slice_left(hart, next));
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

/* Can the message carry what its flags beyond LONG say, and no more than `allowed`? */
static __attribute__((noinline)) bool may_carry(struct thread *thread, uint64_t descriptor,
                                                unsigned allowed)
{
    const struct capability *slot;

    if ((descriptor & IPC_FLAGS_MASK & ~(uint64_t)allowed) != 0) {
        return false;
    }
    if ((descriptor & IPC_CAP) != 0) {
        slot = captable_slot(thread->captable, descriptor >> IPC_CAP_SHIFT);
        if (slot == NULL || !capability_is_alive(slot) || (slot->rights & RIGHT_GRANT) == 0) {
            return false;
        }
    }
    if ((descriptor & IPC_ACCEPT) != 0) {
        thread->registers[REGISTER_T4] = arch_accept_slot(thread);
        slot = captable_slot(thread->captable, thread->registers[REGISTER_T4]);
        return slot != NULL && capability_is_empty(slot);
    }
    return true;
}

ALWAYS_INLINE void hand_over(struct hart *hart, struct thread *from, struct thread *to)
{
    if (hart->ready_bitmap != 0) { /* J3 */
        schedule_account(hart);
    }
    event_record_at(hart, hart->switched_ticks, EVENT_SWITCH, (uint64_t)to, 0);
    schedule_hand_over(hart, from, to);
}

/* The receiver's reply object holds the caller, and the receiver runs. */
ALWAYS_INLINE void hold_and_run(struct hart *hart, struct endpoint *endpoint, struct thread *caller,
                                struct thread *receiver)
{
    struct reply *reply = receiver->receive_reply;

    list_remove_first(&endpoint->receivers, &receiver->queue);
    receiver->receive_reply = NULL;
    reply->receiver = NULL;
    reply->caller = caller;
    caller->state = THREAD_REPLYING;
    caller->waits_on.reply = reply;
    hand_over(hart, caller, receiver);
}

/* The general path, from registers as they came. */
static struct thread *general(struct thread *caller, err_t error)
{
    caller->registers[REGISTER_RA] = caller->registers[REGISTER_T6] = 0;
    if (error == ERR_RESTART) {
        caller->registers[REGISTER_PC] -= SYSCALL_BYTES; /* Y1 */
    } else if (error != ERR_DONE) {
        caller->registers[REGISTER_A0] = error;
    }
    return core_settle(caller->hart);
}

struct thread *core_call(uint64_t index, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2,
                         uint64_t w3, uint64_t descriptor, struct thread *caller)
{
    const struct capability *capability =
        captable_good(caller->captable, index, OBJECT_ENDPOINT, RIGHT_CALL);
    struct endpoint *endpoint;
    struct hart *hart = caller->hart;
    struct thread *receiver = NULL;
    unsigned info = IPC_INFO_CALL;

    if (capability != NULL && label >> 32 == 0 &&
        ((descriptor & IPC_FLAGS_MASK & ~(uint64_t)IPC_LONG) == 0 ||
         may_carry(caller, descriptor, IPC_LONG | IPC_CAP | IPC_ACCEPT))) {
        endpoint = (struct endpoint *)capability->object;
        receiver = find_receiver(hart, endpoint);
    }
    if (receiver == NULL) {
        return general(caller,
                       system_calls[SYS_CALL](index, label, w0, w1, w2, w3, descriptor, caller));
    }
    if ((descriptor & IPC_CAP) != 0) {
        info |= message_transfer(caller, descriptor, receiver);
    }
    caller->registers[REGISTER_A6] = descriptor;
    hold_and_run(hart, endpoint, caller, receiver);
    return arch_resume_message(receiver, caller, label, w0, w1, w2, w3, capability->badge, info,
                               (descriptor & IPC_LONG) != 0);
}

struct thread *core_fault(struct hart *hart, unsigned kind, uint64_t address)
{
    struct thread *thread = hart->current;
    const struct capability *capability = &thread->fault_endpoint;
    struct endpoint *endpoint = (struct endpoint *)capability->object;
    struct thread *receiver;

    hart_count_one(hart, COUNTER_FAULTS);
    event_record(hart, EVENT_FAULT, (uint64_t)thread, address);
    thread->fault_count++;
    thread->fault_kind = (uint8_t)kind;
    thread->fault_address = address;
    thread->in_fault = true;
    if (!capability_is_alive(capability)) {
        schedule_block(thread, THREAD_FAULTED);
        fault_stop(thread);
        return core_settle(hart);
    }
    thread->badge = capability->badge;
    receiver = find_receiver(hart, endpoint);
    if (receiver == NULL) {
        ipc_call(thread, endpoint);
        return core_settle(hart);
    }
    hold_and_run(hart, endpoint, thread, receiver);
    return arch_resume_message(receiver, NULL, 0, kind, address, thread->registers[REGISTER_PC],
                               thread->registers[REGISTER_SP], capability->badge,
                               IPC_INFO_FAULT | IPC_INFO_CALL, false);
}

/* Is there nothing for the server to receive? */
static inline bool would_wait(const struct thread *server, const struct endpoint *endpoint)
{
    return endpoint->callers.root == NULL &&
           (server->bound_notification == NULL || server->bound_notification->bits == 0);
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

struct thread *core_reply_receive(uint64_t index, uint64_t label, uint64_t w0, uint64_t w1,
                                  uint64_t w2, uint64_t w3, uint64_t descriptor,
                                  struct thread *server)
{
    const struct capability *from =
        captable_good(server->captable, index, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    const struct capability *with = captable_good(
        server->captable, descriptor >> IPC_REPLY_SHIFT & IPC_REPLY_MASK, OBJECT_REPLY, 0);
    unsigned flags = descriptor & IPC_FLAGS_MASK;
    struct hart *hart = server->hart;
    struct thread *caller = NULL;
    struct endpoint *queue;
    struct reply *reply;
    unsigned info;

    if (from != NULL && with != NULL && label >> 32 == 0 &&
        ((flags & ~(unsigned)(IPC_LONG | IPC_MAP | IPC_FENCE)) == 0 ||
         may_carry(server, descriptor, IPC_LONG | IPC_CAP | IPC_ACCEPT | IPC_MAP | IPC_FENCE)) &&
        would_wait(server, (struct endpoint *)from->object)) {
        caller = find_caller(hart, (struct reply *)with->object, flags);
    }
    if (caller == NULL ||
        (caller->in_fault && fault_answer(caller, server, flags, w0, w1, w2) != ERR_OK)) {
        return general(server, system_calls[SYS_REPLY_RECEIVE](index, label, w0, w1, w2, w3,
                                                               descriptor, server));
    }
    queue = (struct endpoint *)from->object;
    reply = (struct reply *)with->object;
    reply->caller = NULL;
    reply->receiver = server;
    server->receive_reply = reply;
    server->waits_on.endpoint = queue;
    server->state = THREAD_RECEIVING;
    server->registers[REGISTER_A6] = descriptor;
    list_push_back(&queue->receivers, &server->queue);
    hand_over(hart, server, caller);
    if (caller->in_fault) {
        caller->in_fault = false;
        return caller;
    }
    info = (descriptor & IPC_CAP) != 0 ? message_transfer(server, descriptor, caller) : 0;
    return arch_resume_message(caller, server, label, w0, w1, w2, w3, 0, info,
                               (descriptor & IPC_LONG) != 0);
}
