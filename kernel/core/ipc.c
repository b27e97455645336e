/* IPC: the general path of the five calls. */
#include "core/ipc.h"

#include "arch.h"
#include "core/captable.h"
#include "core/fault.h"
#include "core/ipc_fast.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

/* The time after which a wait ends; TICKS_NEVER without DEADLINE. */
static uint64_t deadline_of(const struct thread *thread)
{
    return thread->registers[REGISTER_A6] & IPC_DEADLINE ? thread->registers[REGISTER_T5]
                                                         : TICKS_NEVER;
}

/* `caller` is in no queue: the reply object holds it, the receiver gets its message. */
static void deliver_call(struct thread *caller, struct thread *receiver, struct reply *reply)
{
    reply_hold(reply, caller);
    if (caller->in_fault) {
        fault_deliver_message(caller, receiver);
    } else {
        bool may_end = (caller->registers[REGISTER_A6] & IPC_DEADLINE) != 0;

        message_deliver(caller, receiver, caller->badge,
                        may_end ? IPC_INFO_CALL | IPC_INFO_DEADLINE : IPC_INFO_CALL);
    }
}

void ipc_abandon(struct thread *waiting, err_t error)
{
    thread_unwait(waiting);
    if (waiting->in_fault) {
        fault_stop(waiting); /* Z4 */
        return;
    }
    thread_fail(waiting, error);
    schedule_wake(waiting);
}

void ipc_call(struct thread *caller, struct endpoint *endpoint)
{
    struct thread *receiver = endpoint->receiver;
    struct reply *reply;

    if (receiver == NULL) {
        caller->hart->must_choose = true;
        endpoint_queue_caller(endpoint, caller);
        return;
    }
    reply = receiver->receive_reply;
    if (reply == NULL) { /* Z3 */
        if (caller->in_fault) {
            caller->hart->must_choose = true;
            fault_stop(caller);
        } else {
            thread_fail(caller, ERR_PEER_GONE);
        }
        return;
    }
    caller->hart->must_choose = true;
    thread_unwait(receiver);
    deliver_call(caller, receiver, reply);
    schedule_switch_to(caller->hart, receiver);
}

err_t sys_call(struct thread *caller, struct capability *endpoint)
{
    uint64_t deadline_ticks = deadline_of(caller);

    TRY(message_check(caller, IPC_LONG | IPC_CAP | IPC_ACCEPT | IPC_DEADLINE));
    TRY(message_note_accept(caller));
    REFUSE_IF(deadline_check(deadline_ticks) != ERR_OK, ERR_TIMEOUT);
    event_record(caller->hart, EVENT_CALL, (uint64_t)caller, caller->registers[REGISTER_A1]);
    caller->badge = endpoint->badge;
    ipc_call(caller, (struct endpoint *)endpoint->object);
    if (caller->state == THREAD_CALLING || caller->state == THREAD_REPLYING) {
        thread_arm(caller, deadline_ticks);
    }
    return ERR_DONE;
}

/* Answer PEER_GONE to queued callers, for a receiver without a reply object (Z3). */
static err_t refuse_callers(struct endpoint *endpoint)
{
    for (unsigned i = 0; i < WAITERS_SLICE; i++) {
        struct thread *caller = endpoint_first_caller(endpoint);

        if (caller == NULL) {
            return ERR_OK;
        }
        ipc_abandon(caller, ERR_PEER_GONE);
    }
    return endpoint_first_caller(endpoint) == NULL ? ERR_OK : ERR_RESTART;
}

/* Everything is checked. DONE: a message is there, or the receiver is queued. */
static err_t receive(struct thread *receiver, struct endpoint *endpoint, struct reply *reply)
{
    struct notification *bound = receiver->bound_notification;
    struct thread *caller;
    uint64_t deadline_ticks = deadline_of(receiver);

    reply_pair(receiver, reply, receiver->registers[REGISTER_A6]);
    if (bound != NULL && bound->bits != 0) {
        uint64_t bits = bound->bits;

        bound->bits = 0;
        message_deliver_words(receiver, bits, 0, 0, 0, 0, IPC_INFO_NOTIFICATION);
        return ERR_DONE;
    }
    if (reply == NULL) {
        TRY(refuse_callers(endpoint));
    }
    caller = endpoint_first_caller(endpoint);
    if (caller != NULL) {
        tree_remove(&endpoint->callers, &caller->order); /* its deadline goes on: Z1 */
        deliver_call(caller, receiver, reply);
        return ERR_DONE;
    }
    TRY(deadline_check(deadline_ticks));
    receiver->hart->must_choose = true;
    endpoint_add_receiver(endpoint, receiver);
    thread_arm(receiver, deadline_ticks);
    return ERR_DONE;
}

/* What bits 8..31 of the descriptor name (NULL: nothing), and the slot to accept into. */
static err_t decode_receive(struct thread *receiver, struct reply **reply_out)
{
    uint64_t reply_index = receiver->registers[REGISTER_A6] >> IPC_REPLY_SHIFT & IPC_SLOT_MASK;
    struct capability *capability;

    *reply_out = NULL;
    if (reply_index != 0) {
        TRY(captable_find(receiver->captable, reply_index, OBJECT_REPLY, 0, &capability));
        *reply_out = (struct reply *)capability->object;
    }
    return message_note_accept(receiver);
}

err_t sys_receive(struct thread *caller, struct endpoint *endpoint)
{
    struct reply *reply;

    TRY(decode_receive(caller, &reply));
    REFUSE_IF(reply != NULL && (reply->caller != NULL || reply_is_awaited(reply)), ERR_BUSY);
    return receive(caller, endpoint, reply);
}

/* Answer the caller that a reply object holds. Nothing has changed unless the error is OK; then it
 * is in *answered_out: in no queue, to be woken, or NULL if it stays stopped. */
static err_t answer(struct thread *replier, struct reply *reply, struct thread **answered_out)
{
    struct thread *caller = reply->caller;
    unsigned flags = replier->registers[REGISTER_A6] & (IPC_MAP | IPC_FENCE | IPC_FAIL);

    REFUSE_IF(caller == NULL, ERR_CALLER_GONE);
    if (caller->in_fault) {
        const uint64_t *r = replier->registers;

        TRY(fault_answer(caller, replier, flags, r[REGISTER_A2], r[REGISTER_A3], r[REGISTER_A4]));
    } else if (flags != 0) {
        return ERR_ARGUMENT;
    }
    event_record(replier->hart, EVENT_REPLY, (uint64_t)caller, replier->registers[REGISTER_A1]);
    thread_unwait(caller);
    *answered_out = caller;
    if (!caller->in_fault) {
        message_deliver(replier, caller, 0, 0);
    } else if (flags == IPC_FAIL) {
        thread_note_stopped(caller, THREAD_FAULTED);
        *answered_out = NULL;
    }
    caller->in_fault = 0;
    return ERR_OK;
}

err_t sys_reply(struct thread *caller, struct reply *reply)
{
    struct thread *answered;

    TRY(message_check(caller, IPC_LONG | IPC_CAP | IPC_MAP | IPC_FENCE | IPC_FAIL));
    TRY(answer(caller, reply, &answered));
    if (answered != NULL) {
        schedule_wake(answered);
    }
    return ERR_OK;
}

err_t sys_reply_receive(struct thread *caller, struct endpoint *endpoint)
{
    uint64_t a6 = caller->registers[REGISTER_A6];
    struct thread *answered = NULL;
    struct reply *reply;
    err_t error;

    TRY(decode_receive(caller, &reply));
    REFUSE_IF(reply == NULL, ERR_CAP_RANGE);
    TRY(message_check(caller, IPC_FLAGS_MASK >> 1));
    REFUSE_IF(reply_is_awaited(reply), ERR_BUSY); /* another thread receives with it */
    REFUSE_IF((a6 & IPC_CAP) != 0 && message_source(caller, a6)->object == &reply->object,
              ERR_ARGUMENT); /* W3: it would go, and be received with */
    error = answer(caller, reply, &answered);
    TRY(error == ERR_CALLER_GONE ? ERR_OK : error); /* a late answer is not the server's fault */
    error = receive(caller, endpoint, reply);
    if (answered != NULL) {
        schedule_switch_to(caller->hart, answered);
    }
    return error;
}

err_t sys_send(struct thread *caller, struct capability *endpoint)
{
    struct thread *receiver = ((struct endpoint *)endpoint->object)->receiver;
    uint64_t badge = endpoint->badge; /* the slot itself may travel */

    TRY(message_check(caller, IPC_LONG | IPC_CAP));
    REFUSE_IF(receiver == NULL, ERR_WOULD_BLOCK);
    thread_unwait(receiver);
    message_deliver(caller, receiver, badge, 0);
    schedule_wake(receiver);
    return ERR_OK;
}

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

struct thread *core_call_generally(MESSAGE_REGISTERS)
{
    return end(caller, system_calls[SYS_CALL](MESSAGE));
}

struct thread *core_reply_receive_generally(MESSAGE_REGISTERS)
{
    return end(caller, system_calls[SYS_REPLY_RECEIVE](MESSAGE));
}
