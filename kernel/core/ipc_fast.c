/* The short path of IPC; see ipc_fast.h. The message is in registers that the compiler leaves alone
 * in this file (arch_message.h): nothing here may call a function. */
#include "core/ipc_fast.h"

#include "arch_message.h"
#include "core/ipc_inline.h"

/* That of a reply object is left to the general path. */
ALWAYS_INLINE bool may_send(const struct thread *thread, uint64_t descriptor)
{
    const struct capability *slot = message_source(thread, descriptor);

    return slot != NULL && capability_is_alive(slot) && (slot->rights & RIGHT_GRANT) != 0 &&
           capability_type(slot) != OBJECT_REPLY;
}

/* May what is more than four words be done here? */
ALWAYS_INLINE bool may_carry(struct thread *thread, uint64_t descriptor)
{
    const unsigned allowed = IPC_LONG | IPC_CAP | IPC_ACCEPT;

    return (descriptor & IPC_FLAGS_MASK & ~(uint64_t)allowed) == 0 &&
           ((descriptor & IPC_CAP) == 0 || may_send(thread, descriptor)) &&
           may_accept(thread, descriptor);
}

/* What a message is known to be: four words or eight and no more, or whatever its descriptor
 * says. */
enum carried { FOUR_WORDS, EIGHT_WORDS, ANYTHING };

ALWAYS_INLINE bool is_long(enum carried what)
{
    return what == EIGHT_WORDS || (what == ANYTHING && (message_descriptor & IPC_LONG) != 0);
}

ALWAYS_INLINE bool may_wait(struct thread *thread, enum carried what)
{
    return what != ANYTHING || may_carry(thread, message_descriptor);
}

/* message.h, M2 */
ALWAYS_INLINE unsigned transfer(struct thread *from, struct thread *to, enum carried what)
{
    struct capability *target;

    if (what != ANYTHING || (message_descriptor & IPC_CAP) == 0) {
        return 0;
    }
    target = message_target(to);
    if (target == NULL) {
        return IPC_INFO_CAP_LOST;
    }
    *target = *message_source(from, message_descriptor);
    target->rights &= (uint8_t) ~(message_descriptor >> IPC_RIGHTS_SHIFT);
    return IPC_INFO_CAP;
}

ALWAYS_INLINE bool accepts(enum carried what)
{
    return what == ANYTHING && (message_descriptor & IPC_ACCEPT) != 0;
}

ALWAYS_INLINE struct thread *call(enum carried what)
{
    struct hart *hart = message_hart;
    struct thread *caller = message_caller;
    const struct capability *capability =
        captable_good(caller->captable, message_index, OBJECT_ENDPOINT, RIGHT_CALL);
    uint64_t ready = hart->ready_bitmap;
    struct endpoint *endpoint;
    struct thread *receiver;
    bool is_accepting, is_eight;
    unsigned info;

    if (capability == NULL || message_label >> 32 != 0) {
        return arch_message_to_general(core_call_generally);
    }
    endpoint = (struct endpoint *)capability->object;
    receiver = find_receiver(hart, ready, endpoint);
    if (receiver == NULL || !may_wait(caller, what)) {
        return arch_message_to_general(core_call_generally);
    }
    info = IPC_INFO_CALL | transfer(caller, receiver, what);
    is_accepting = accepts(what);
    is_eight = is_long(what);
    message_descriptor = capability->badge; /* it travels in the same register */
    event_record_at(hart, hart->switched_ticks, EVENT_CALL, (uint64_t)caller, message_label);
    hold_and_run(hart, ready, endpoint, caller, is_accepting, receiver);
    return arch_message_resume(receiver, message_descriptor, info, is_eight);
}

struct thread *core_call_carrying(void)
{
    return message_descriptor == IPC_LONG ? call(EIGHT_WORDS) : call(ANYTHING);
}

struct thread *core_call(void)
{
    if (message_descriptor != 0) {
        return arch_message_to(core_call_carrying);
    }
    return call(FOUR_WORDS);
}

ALWAYS_INLINE struct thread *reply_receive(struct reply *reply, enum carried what)
{
    struct hart *hart = message_hart;
    struct thread *caller = message_caller;
    const struct capability *from =
        captable_good(caller->captable, message_index, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    uint64_t ready = hart->ready_bitmap;
    struct endpoint *endpoint;
    struct thread *answered;
    unsigned info;

    if (from == NULL || message_label >> 32 != 0) {
        return arch_message_to_general(core_reply_receive_generally);
    }
    endpoint = (struct endpoint *)from->object;
    answered = find_answered(hart, ready, endpoint, reply);
    if (answered == NULL || answered->in_fault || !may_wait(caller, what)) {
        return arch_message_to_general(core_reply_receive_generally);
    }
    info = transfer(caller, answered, what);
    answer_and_wait(hart, ready, caller, message_label, accepts(what), endpoint, reply, answered);
    return arch_message_resume(answered, 0, info, is_long(what));
}

struct thread *core_reply_receive_carrying(void)
{
    struct reply *reply = find_reply(message_caller, message_descriptor);

    if (reply == NULL) {
        return arch_message_to_general(core_reply_receive_generally);
    }
    if ((message_descriptor & IPC_FLAGS_MASK) == IPC_LONG) {
        return reply_receive(reply, EIGHT_WORDS);
    }
    if ((message_descriptor & (IPC_MAP | IPC_FENCE)) != 0) {
        return arch_message_to_general(core_reply_receive_fault);
    }
    return reply_receive(reply, ANYTHING);
}

struct thread *core_reply_receive(void)
{
    if ((int32_t)message_descriptor != message_caller->receive_descriptor) { /* W3 */
        return arch_message_to(core_reply_receive_carrying);
    }
    return reply_receive(message_caller->receive_reply, FOUR_WORDS);
}
