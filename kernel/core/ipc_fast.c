/* The short path of IPC, and faults; see ipc_fast.h. */
#include "core/ipc_fast.h"

#include "arch.h"
#include "core/balance.h"
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
#define OUT_OF_LINE   static __attribute__((noinline))

/* Nobody who is ready has a claim to run before it: equals have none while its slice lasts and the
 * timer is set to end it. */
ALWAYS_INLINE bool may_follow(const struct hart *hart, const struct thread *next)
{
    if (hart->ready_bitmap >= next->rank) {
        return hart->ready_bitmap < 2 * next->rank && hart->timer_ticks <= next->slice_end_ticks &&
               arch_time_ticks() < next->slice_end_ticks;
    }
    return true;
}

/* The receiver that would take a call now; NULL: none, or not by the short path. */
ALWAYS_INLINE struct thread *find_receiver(const struct hart *hart, const struct endpoint *endpoint)
{
    struct thread *receiver = container_of(endpoint->receivers.next, struct thread, queue);

    return !list_is_empty(&endpoint->receivers) && receiver->receive_reply != NULL &&
                   may_follow(hart, receiver)
               ? receiver
               : NULL;
}

/* Is the slot fit to accept a capability? */
ALWAYS_INLINE bool may_accept(struct thread *thread)
{
    uint64_t index = arch_accept_slot(thread);
    const struct capability *slot = captable_slot(thread->captable, index);

    thread->registers[REGISTER_T4] = index; /* J2 */
    return slot != NULL && capability_is_empty(slot);
}

ALWAYS_INLINE bool may_send(const struct thread *thread, uint64_t descriptor)
{
    const struct capability *slot = captable_slot(thread->captable, descriptor >> IPC_CAP_SHIFT);

    return slot != NULL && capability_is_alive(slot) && (slot->rights & RIGHT_GRANT) != 0;
}

ALWAYS_INLINE void hand_over(struct hart *hart, struct thread *to)
{
    if (hart->ready_bitmap != 0) { /* J3 */
        schedule_account(hart);
    }
    to->hart = hart; /* partners stay together: H4 says that it may run anywhere */
    schedule_hand_over(hart, to);
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
    hand_over(hart, receiver);
}

#define MESSAGE_REGISTERS                                                               \
    uint64_t index, uint64_t label, uint64_t w0, uint64_t w1, uint64_t w2, uint64_t w3, \
        uint64_t descriptor, struct thread *caller
#define MESSAGE index, label, w0, w1, w2, w3, descriptor, caller

static struct thread *end(struct thread *caller, err_t error)
{
    caller->registers[REGISTER_RA] = caller->registers[REGISTER_T6] = 0;
    if (error == ERR_RESTART) {
        caller->registers[REGISTER_PC] -= SYSCALL_BYTES; /* Y1 */
    } else if (error != ERR_DONE) {
        caller->registers[REGISTER_A0] = error;
    }
    return schedule_settle(caller->hart);
}

/* The general path, from registers as they came. */
OUT_OF_LINE struct thread *call_generally(MESSAGE_REGISTERS)
{
    return end(caller, system_calls[SYS_CALL](MESSAGE));
}

OUT_OF_LINE struct thread *reply_receive_generally(MESSAGE_REGISTERS)
{
    return end(caller, system_calls[SYS_REPLY_RECEIVE](MESSAGE));
}

ALWAYS_INLINE struct thread *call(MESSAGE_REGISTERS, const struct capability *capability,
                                  bool with_capability)
{
    struct endpoint *endpoint = (struct endpoint *)capability->object;
    struct hart *hart = caller->hart;
    struct thread *receiver = find_receiver(hart, endpoint);
    uint64_t badge = capability->badge;
    unsigned info = IPC_INFO_CALL;

    if (receiver == NULL) {
        return call_generally(MESSAGE);
    }
    if (with_capability) {
        info |= message_transfer(caller, descriptor, receiver);
    }
    caller->registers[REGISTER_A6] = descriptor; /* J2 */
    event_record_at(hart, hart->switched_ticks, EVENT_CALL, (uint64_t)caller, label);
    hold_and_run(hart, endpoint, caller, receiver);
    return arch_resume_message(receiver, caller, label, w0, w1, w2, w3, badge, info,
                               (descriptor & IPC_LONG) != 0);
}

OUT_OF_LINE struct thread *call_with_capability(MESSAGE_REGISTERS)
{
    const unsigned allowed = IPC_LONG | IPC_CAP | IPC_ACCEPT;

    if ((descriptor & IPC_FLAGS_MASK & ~(uint64_t)allowed) != 0 ||
        ((descriptor & IPC_CAP) != 0 && !may_send(caller, descriptor)) ||
        ((descriptor & IPC_ACCEPT) != 0 && !may_accept(caller))) {
        return call_generally(MESSAGE);
    }
    return call(MESSAGE, captable_slot(caller->captable, index), true);
}

struct thread *core_call(MESSAGE_REGISTERS)
{
    const struct capability *capability =
        captable_good(caller->captable, index, OBJECT_ENDPOINT, RIGHT_CALL);

    if (capability == NULL || label >> 32 != 0) {
        return call_generally(MESSAGE);
    }
    if ((descriptor & IPC_FLAGS_MASK & ~(uint64_t)IPC_LONG) != 0) {
        return call_with_capability(MESSAGE);
    }
    return call(MESSAGE, capability, false);
}

OUT_OF_LINE struct thread *fault_generally(struct thread *faulter)
{
    const struct capability *endpoint = &faulter->fault_endpoint;

    if (capability_is_alive(endpoint)) {
        faulter->badge = endpoint->badge;
        ipc_call(faulter, (struct endpoint *)endpoint->object);
    } else {
        schedule_block(faulter, THREAD_FAULTED);
        fault_stop(faulter);
    }
    return schedule_settle(faulter->hart);
}

struct thread *core_fault(struct hart *hart, unsigned kind, uint64_t address)
{
    struct thread *faulter = hart->current;
    const struct capability *capability = &faulter->fault_endpoint;
    struct endpoint *endpoint = (struct endpoint *)capability->object;
    struct thread *receiver;

    hart_count_one(hart, COUNTER_FAULTS);
    event_record(hart, EVENT_FAULT, (uint64_t)faulter, address);
    faulter->fault_count++;
    faulter->fault_kind = (uint8_t)kind;
    faulter->fault_address = address;
    faulter->in_fault = true;
    receiver = capability_is_alive(capability) ? find_receiver(hart, endpoint) : NULL;
    if (receiver == NULL) {
        return fault_generally(faulter);
    }
    faulter->badge = capability->badge;
    hold_and_run(hart, endpoint, faulter, receiver);
    return arch_resume_message(receiver, NULL, 0, kind, address, faulter->registers[REGISTER_PC],
                               faulter->registers[REGISTER_SP], faulter->badge,
                               IPC_INFO_FAULT | IPC_INFO_CALL, false);
}

/* Is there nothing for the server to receive? */
ALWAYS_INLINE bool would_wait(const struct thread *server, const struct endpoint *endpoint)
{
    return endpoint->callers.root == NULL &&
           (server->bound_notification == NULL || server->bound_notification->bits == 0);
}

/* The caller has its answer and runs, the server waits for the next message. */
ALWAYS_INLINE void answer_and_wait(struct thread *server, uint64_t label, uint64_t descriptor,
                                   struct endpoint *endpoint, struct reply *reply,
                                   struct thread *answered)
{
    struct hart *hart = server->hart;

    event_record_at(hart, hart->switched_ticks, EVENT_REPLY, (uint64_t)answered, label);
    reply->caller = NULL;
    reply->receiver = server;
    server->receive_reply = reply;
    server->waits_on.endpoint = endpoint;
    server->state = THREAD_RECEIVING;
    server->registers[REGISTER_A6] = descriptor; /* J2 */
    list_push_back(&endpoint->receivers, &server->queue);
    hand_over(hart, answered);
}

/* The caller in the reply object, if it may be answered and there is nothing to receive. */
ALWAYS_INLINE struct thread *find_answered(struct thread *server, const struct endpoint *endpoint,
                                           const struct reply *reply, uint64_t descriptor)
{
    struct thread *answered = reply->caller;

    return answered != NULL && may_follow(server->hart, answered) && would_wait(server, endpoint) &&
                   ((descriptor & IPC_ACCEPT) == 0 || may_accept(server))
               ? answered
               : NULL;
}

/* The object in a slot that was found good before. */
ALWAYS_INLINE struct object *object_in(const struct thread *thread, uint64_t index)
{
    return ((const struct capability *)(const void *)thread->captable)[index].object;
}

/* The answer to a fault. It takes nothing from the message but its map item. */
OUT_OF_LINE struct thread *reply_receive_fault(MESSAGE_REGISTERS)
{
    uint64_t with = descriptor >> IPC_REPLY_SHIFT & IPC_REPLY_MASK;
    struct endpoint *endpoint = (struct endpoint *)object_in(caller, index);
    struct reply *reply = (struct reply *)object_in(caller, with);
    struct thread *answered = find_answered(caller, endpoint, reply, descriptor);
    unsigned flags = descriptor & (IPC_FLAGS_MASK & ~(unsigned)(IPC_LONG | IPC_ACCEPT));

    if (answered == NULL || !answered->in_fault || (flags & ~(IPC_MAP | IPC_FENCE)) != 0 ||
        fault_answer(answered, caller, flags, w0, w1, w2) != ERR_OK) {
        return reply_receive_generally(MESSAGE);
    }
    answered->in_fault = false;
    answer_and_wait(caller, label, descriptor, endpoint, reply, answered);
    return answered;
}

/* The answer that carries a capability. */
OUT_OF_LINE struct thread *reply_receive_capability(MESSAGE_REGISTERS)
{
    uint64_t with = descriptor >> IPC_REPLY_SHIFT & IPC_REPLY_MASK;
    struct endpoint *endpoint = (struct endpoint *)object_in(caller, index);
    struct reply *reply = (struct reply *)object_in(caller, with);
    struct thread *answered = find_answered(caller, endpoint, reply, descriptor);
    unsigned info;

    if (answered == NULL || answered->in_fault ||
        (descriptor & IPC_FLAGS_MASK & ~(unsigned)(IPC_LONG | IPC_ACCEPT)) != IPC_CAP ||
        !may_send(caller, descriptor)) {
        return reply_receive_generally(MESSAGE);
    }
    info = message_transfer(caller, descriptor, answered);
    answer_and_wait(caller, label, descriptor, endpoint, reply, answered);
    return arch_resume_message(answered, caller, label, w0, w1, w2, w3, 0, info,
                               (descriptor & IPC_LONG) != 0);
}

struct thread *core_reply_receive(MESSAGE_REGISTERS)
{
    uint64_t with = descriptor >> IPC_REPLY_SHIFT & IPC_REPLY_MASK;
    const struct capability *from =
        captable_good(caller->captable, index, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    const struct capability *reply = captable_good(caller->captable, with, OBJECT_REPLY, 0);
    struct endpoint *endpoint;
    struct thread *answered;

    if (from == NULL || reply == NULL || label >> 32 != 0) {
        return reply_receive_generally(MESSAGE);
    }
    if ((descriptor & (IPC_MAP | IPC_FENCE)) != 0) {
        return reply_receive_fault(MESSAGE);
    }
    if ((descriptor & IPC_FLAGS_MASK & ~(uint64_t)(IPC_LONG | IPC_ACCEPT)) != 0) {
        return reply_receive_capability(MESSAGE);
    }
    endpoint = (struct endpoint *)from->object;
    answered = find_answered(caller, endpoint, (struct reply *)reply->object, descriptor);
    if (answered == NULL || answered->in_fault) {
        return reply_receive_generally(MESSAGE);
    }
    answer_and_wait(caller, label, descriptor, endpoint, (struct reply *)reply->object, answered);
    return arch_resume_message(answered, caller, label, w0, w1, w2, w3, 0, 0,
                               (descriptor & IPC_LONG) != 0);
}
