/* IPC: the general path of the five calls. */
#include "core/ipc.h"

#include "arch.h"
#include "core/captable.h"
#include "core/fault.h"
#include "core/message.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

static uint64_t descriptor_of(const struct thread *thread)
{
    return thread->registers[REGISTER_A6];
}

/* The time after which a wait ends; TICKS_NEVER without DEADLINE. */
static uint64_t deadline_of(const struct thread *thread)
{
    return descriptor_of(thread) & IPC_DEADLINE ? thread->registers[REGISTER_T5] : TICKS_NEVER;
}

/* `caller` is in no queue: the reply object holds it, the receiver gets its message. */
static void hand_over(struct thread *caller, struct thread *receiver, struct reply *reply)
{
    caller->state = THREAD_REPLYING;
    caller->waits_on.reply = reply;
    reply->caller = caller;
    if (caller->in_fault) {
        fault_deliver_message(caller, receiver);
    } else {
        message_deliver(caller, receiver, caller->badge, IPC_INFO_CALL);
    }
}

void ipc_abandon(struct thread *waiting, err_t error)
{
    thread_unwait(waiting);
    if (waiting->in_fault) {
        fault_stop(waiting); /* Z4 */
        return;
    }
    waiting->registers[REGISTER_A0] = error;
    schedule_wake(waiting);
}

void ipc_deliver_notification(struct thread *receiver, uint64_t bits)
{
    const uint64_t words[4] = {bits};

    message_deliver_words(receiver, words, 0, IPC_INFO_NOTIFICATION);
}

void ipc_call(struct thread *caller, struct endpoint *endpoint)
{
    struct thread *receiver = endpoint_first_receiver(endpoint);
    struct reply *reply;

    if (receiver == NULL) {
        schedule_block(caller, THREAD_CALLING);
        endpoint_queue_caller(endpoint, caller);
        return;
    }
    reply = receiver->receive_reply;
    if (reply == NULL) { /* Z3 */
        if (caller->in_fault) {
            schedule_block(caller, THREAD_FAULTED);
            fault_stop(caller);
        } else {
            caller->registers[REGISTER_A0] = ERR_PEER_GONE;
        }
        return;
    }
    schedule_block(caller, THREAD_REPLYING);
    thread_unwait(receiver);
    hand_over(caller, receiver, reply);
    schedule_switch_to(caller->hart, receiver);
}

static err_t call(struct thread *caller)
{
    uint64_t deadline_ticks = deadline_of(caller);
    struct capability *capability;

    TRY(captable_argument(caller, 0, OBJECT_ENDPOINT, RIGHT_CALL, &capability));
    TRY(message_check(caller, IPC_LONG | IPC_CAP | IPC_ACCEPT | IPC_DEADLINE));
    TRY(message_check_accept(caller));
    REFUSE_IF(deadline_check(deadline_ticks) != ERR_OK, ERR_TIMEOUT);
    event_record(caller->hart, EVENT_CALL, (uint64_t)caller, caller->registers[REGISTER_A1]);
    caller->badge = capability->badge;
    ipc_call(caller, (struct endpoint *)capability->object);
    if (caller->state == THREAD_CALLING || caller->state == THREAD_REPLYING) {
        deadline_arm(&caller->deadline, deadline_ticks, caller->hart);
    }
    return ERR_OK;
}

/* A call that went through has put the results into the registers itself, or will. */
static void finish_unless_ok(struct thread *caller, err_t error)
{
    if (error != ERR_OK) {
        syscall_finish(caller, error);
    }
}

void sys_call(struct thread *caller)
{
    finish_unless_ok(caller, call(caller));
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

/* Everything is checked. OK: a message is there, or the receiver is queued. */
static err_t receive(struct thread *receiver, struct endpoint *endpoint, struct reply *reply)
{
    struct notification *bound = receiver->bound_notification;
    struct thread *caller;
    uint64_t deadline_ticks = deadline_of(receiver);

    if (bound != NULL && bound->bits != 0) {
        uint64_t bits = bound->bits;

        bound->bits = 0;
        ipc_deliver_notification(receiver, bits);
        return ERR_OK;
    }
    if (reply == NULL) {
        TRY(refuse_callers(endpoint));
    }
    caller = endpoint_first_caller(endpoint);
    if (caller != NULL) {
        tree_remove(&endpoint->callers, &caller->order); /* its deadline goes on: Z1 */
        hand_over(caller, receiver, reply);
        return ERR_OK;
    }
    TRY(deadline_check(deadline_ticks));
    schedule_block(receiver, THREAD_RECEIVING);
    receiver->waits_on.endpoint = endpoint;
    receiver->receive_reply = reply;
    if (reply != NULL) {
        reply->receiver = receiver;
    }
    list_push_back(&endpoint->receivers, &receiver->queue);
    deadline_arm(&receiver->deadline, deadline_ticks, receiver->hart);
    return ERR_OK;
}

/* What the first argument and bits 8..31 of the descriptor name; no reply object: NULL. */
static err_t decode_receive(struct thread *receiver, struct endpoint **endpoint_out,
                            struct reply **reply_out)
{
    uint64_t reply_index = descriptor_of(receiver) >> IPC_REPLY_SHIFT & IPC_REPLY_MASK;
    struct capability *capability;

    TRY(captable_argument(receiver, 0, OBJECT_ENDPOINT, RIGHT_RECEIVE, &capability));
    *endpoint_out = (struct endpoint *)capability->object;
    *reply_out = NULL;
    if (reply_index != 0) {
        TRY(captable_find(receiver->captable, reply_index, OBJECT_REPLY, 0, &capability));
        *reply_out = (struct reply *)capability->object;
    }
    return message_check_accept(receiver);
}

static err_t check_and_receive(struct thread *caller)
{
    struct endpoint *endpoint;
    struct reply *reply;

    TRY(decode_receive(caller, &endpoint, &reply));
    REFUSE_IF(reply != NULL && (reply->caller != NULL || reply->receiver != NULL), ERR_BUSY);
    return receive(caller, endpoint, reply);
}

void sys_receive(struct thread *caller)
{
    finish_unless_ok(caller, check_and_receive(caller));
}

/* Answer the caller that a reply object holds. Nothing has changed unless the error is OK; then it
 * is in *answered_out: in no queue, to be woken, or NULL if it stays stopped. */
static err_t answer(struct thread *replier, struct reply *reply, struct thread **answered_out)
{
    struct thread *caller = reply->caller;
    unsigned flags = descriptor_of(replier) & (IPC_MAP | IPC_FENCE | IPC_FAIL);

    REFUSE_IF(caller == NULL, ERR_CALLER_GONE);
    if (caller->in_fault) {
        TRY(fault_answer(caller, replier, flags));
    } else if (flags != 0) {
        return ERR_ARGUMENT;
    }
    event_record(replier->hart, EVENT_REPLY, (uint64_t)caller, replier->registers[REGISTER_A1]);
    thread_unwait(caller);
    *answered_out = caller;
    if (!caller->in_fault) {
        message_deliver(replier, caller, 0, 0);
    } else if (flags == IPC_FAIL) {
        caller->state = THREAD_FAULTED;
        *answered_out = NULL;
    }
    caller->in_fault = false;
    return ERR_OK;
}

static err_t reply(struct thread *caller)
{
    struct capability *capability;
    struct thread *answered;

    TRY(captable_argument(caller, 0, OBJECT_REPLY, 0, &capability));
    TRY(message_check(caller, IPC_LONG | IPC_CAP | IPC_MAP | IPC_FENCE | IPC_FAIL));
    TRY(answer(caller, (struct reply *)capability->object, &answered));
    if (answered != NULL) {
        schedule_wake(answered);
    }
    return ERR_OK;
}

void sys_reply(struct thread *caller)
{
    syscall_finish(caller, reply(caller));
}

static err_t reply_receive(struct thread *caller, struct thread **answered_out)
{
    struct endpoint *endpoint;
    struct reply *reply;
    err_t error;

    TRY(decode_receive(caller, &endpoint, &reply));
    REFUSE_IF(reply == NULL, ERR_CAP_RANGE);
    TRY(message_check(caller, IPC_FLAGS_MASK >> 1));
    REFUSE_IF(reply->receiver != NULL, ERR_BUSY); /* another thread receives with it */
    error = answer(caller, reply, answered_out);
    TRY(error == ERR_CALLER_GONE ? ERR_OK : error); /* a late answer is not the server's fault */
    return receive(caller, endpoint, reply);
}

void sys_reply_receive(struct thread *caller)
{
    struct thread *answered = NULL;

    finish_unless_ok(caller, reply_receive(caller, &answered));
    if (answered != NULL) {
        schedule_switch_to(caller->hart, answered);
    }
}

static err_t send(struct thread *caller)
{
    struct capability *capability;
    struct thread *receiver;
    uint64_t badge;

    TRY(captable_argument(caller, 0, OBJECT_ENDPOINT, RIGHT_CALL, &capability));
    TRY(message_check(caller, IPC_LONG | IPC_CAP));
    receiver = endpoint_first_receiver((struct endpoint *)capability->object);
    REFUSE_IF(receiver == NULL, ERR_WOULD_BLOCK);
    badge = capability->badge; /* the slot itself may travel */
    thread_unwait(receiver);
    message_deliver(caller, receiver, badge, 0);
    schedule_wake(receiver);
    return ERR_OK;
}

void sys_send(struct thread *caller)
{
    syscall_finish(caller, send(caller));
}
