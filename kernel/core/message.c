#include "core/message.h"

#include "core/captable.h"
#include "core/syscall.h"

static bool has_flag(const struct thread *thread, unsigned flag)
{
    return (thread->registers[REGISTER_A6] & flag) != 0;
}

err_t message_check(const struct thread *sender, unsigned allowed)
{
    uint64_t descriptor = sender->registers[REGISTER_A6];
    const struct capability *capability;

    if (sender->registers[REGISTER_A1] > UINT32_MAX ||
        (descriptor & IPC_FLAGS_MASK & ~(uint64_t)allowed) != 0) {
        return ERR_ARGUMENT;
    }
    if ((descriptor & IPC_CAP) == 0) {
        return ERR_OK;
    }
    capability = captable_slot(sender->captable, descriptor >> IPC_CAP_SHIFT);
    if (capability == NULL) {
        return ERR_CAP_RANGE;
    }
    return capability_check(capability, capability_type(capability), RIGHT_GRANT);
}

err_t message_check_accept(const struct thread *receiver)
{
    struct capability *slot;

    if (!has_flag(receiver, IPC_ACCEPT)) {
        return ERR_OK;
    }
    return captable_find_empty(receiver->captable, receiver->registers[REGISTER_T4], &slot);
}

/* M2; the information bit that tells the receiver. */
static unsigned transfer(struct thread *sender, struct thread *receiver)
{
    struct capability *source;
    struct capability *target;

    if (!has_flag(sender, IPC_CAP)) {
        return 0;
    }
    source = captable_slot(sender->captable, sender->registers[REGISTER_A6] >> IPC_CAP_SHIFT);
    if (source == NULL || !capability_is_alive(source) || (source->rights & RIGHT_GRANT) == 0 ||
        !has_flag(receiver, IPC_ACCEPT)) {
        return IPC_INFO_CAP_LOST;
    }
    target = captable_slot(receiver->captable, receiver->registers[REGISTER_T4]);
    if (target == NULL || !capability_is_empty(target)) {
        return IPC_INFO_CAP_LOST;
    }
    *target = *source;
    if (capability_type(source) == OBJECT_REPLY) {
        *source = (struct capability){0}; /* P4: it moves */
    }
    return IPC_INFO_CAP;
}

void message_deliver(struct thread *sender, struct thread *receiver, uint64_t badge, unsigned info)
{
    uint64_t *to = receiver->registers;
    const uint64_t *from = sender->registers;
    bool is_long = has_flag(sender, IPC_LONG);

    info |= transfer(sender, receiver);
    to[REGISTER_A0] = ERR_OK;
    to[REGISTER_A1] = from[REGISTER_A1];
    to[REGISTER_A2] = from[REGISTER_A2];
    to[REGISTER_A3] = from[REGISTER_A3];
    to[REGISTER_A4] = from[REGISTER_A4];
    to[REGISTER_A5] = from[REGISTER_A5];
    to[REGISTER_A6] = badge;
    to[REGISTER_A7] = info;
    to[REGISTER_T0] = is_long ? from[REGISTER_T0] : 0;
    to[REGISTER_T1] = is_long ? from[REGISTER_T1] : 0;
    to[REGISTER_T2] = is_long ? from[REGISTER_T2] : 0;
    to[REGISTER_T3] = is_long ? from[REGISTER_T3] : 0;
    to[REGISTER_T4] = 0;
    to[REGISTER_T5] = 0;
    to[REGISTER_T6] = 0;
}

void message_deliver_words(struct thread *receiver, const uint64_t words[4], uint64_t badge,
                           unsigned info)
{
    uint64_t *to = receiver->registers;

    to[REGISTER_A0] = ERR_OK;
    to[REGISTER_A1] = 0;
    to[REGISTER_A2] = words[0];
    to[REGISTER_A3] = words[1];
    to[REGISTER_A4] = words[2];
    to[REGISTER_A5] = words[3];
    to[REGISTER_A6] = badge;
    to[REGISTER_A7] = info;
    to[REGISTER_T0] = 0;
    to[REGISTER_T1] = 0;
    to[REGISTER_T2] = 0;
    to[REGISTER_T3] = 0;
    to[REGISTER_T4] = 0;
    to[REGISTER_T5] = 0;
    to[REGISTER_T6] = 0;
}
