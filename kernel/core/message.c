/* Messages: what is checked before, and what arrives. */
#include "core/message.h"

err_t message_check(const struct thread *sender, unsigned allowed)
{
    uint64_t descriptor = sender->registers[REGISTER_A6];
    const struct capability *capability;

    REFUSE_IF(sender->registers[REGISTER_A1] > UINT32_MAX ||
                  (descriptor & IPC_FLAGS_MASK & ~(uint64_t)allowed) != 0,
              ERR_ARGUMENT);
    if ((descriptor & IPC_CAP) == 0) {
        return ERR_OK;
    }
    capability = message_source(sender, descriptor);
    REFUSE_IF(capability == NULL, ERR_CAP_RANGE);
    return capability_check(capability, capability_type(capability), RIGHT_GRANT);
}

err_t message_note_accept(struct thread *receiver)
{
    struct capability *slot;

    receiver->wait_flags = 0;
    if ((receiver->registers[REGISTER_A6] & IPC_ACCEPT) == 0) {
        return ERR_OK;
    }
    receiver->wait_flags = WAIT_ACCEPTS;
    return captable_find_empty(receiver->captable, receiver->registers[REGISTER_T4], &slot);
}

/* M2; the information bit that tells the receiver. */
static unsigned transfer(struct thread *sender, uint64_t descriptor, struct thread *receiver)
{
    struct capability *source, *target;

    if ((descriptor & IPC_CAP) == 0) {
        return 0;
    }
    source = message_source(sender, descriptor);
    target = message_target(receiver);
    if (source == NULL || !capability_is_alive(source) || (source->rights & RIGHT_GRANT) == 0 ||
        target == NULL) {
        return IPC_INFO_CAP_LOST;
    }
    if (capability_type(source) == OBJECT_REPLY) {
        capability_move(source, target); /* P4 */
    } else {
        *target = *source;
    }
    target->rights &= (uint8_t) ~(descriptor >> IPC_RIGHTS_SHIFT);
    return IPC_INFO_CAP;
}

static const uint8_t word_registers[] = {REGISTER_A2, REGISTER_A3, REGISTER_A4, REGISTER_A5,
                                         REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3};

/* M1: all that a receiver gets but the words. */
static void deliver_head(struct thread *receiver, uint64_t label, uint64_t badge, unsigned info)
{
    uint64_t *to = receiver->registers;

    to[REGISTER_A0] = ERR_OK;
    to[REGISTER_A1] = label;
    to[REGISTER_A6] = badge;
    to[REGISTER_A7] = info;
    to[REGISTER_T4] = to[REGISTER_T5] = to[REGISTER_T6] = to[REGISTER_RA] = 0;
}

void message_deliver(struct thread *sender, struct thread *receiver, uint64_t badge, unsigned info)
{
    uint64_t descriptor = sender->registers[REGISTER_A6];
    unsigned words = (descriptor & IPC_LONG) != 0 ? 8 : 4;

    info |= transfer(sender, descriptor, receiver);
    for (unsigned i = 0; i < 8; i++) {
        receiver->registers[word_registers[i]] =
            i < words ? sender->registers[word_registers[i]] : 0;
    }
    deliver_head(receiver, sender->registers[REGISTER_A1], badge, info);
}

void message_deliver_words(struct thread *receiver, uint64_t w0, uint64_t w1, uint64_t w2,
                           uint64_t w3, uint64_t badge, unsigned info)
{
    const uint64_t words[8] = {w0, w1, w2, w3};

    for (unsigned i = 0; i < 8; i++) {
        receiver->registers[word_registers[i]] = words[i];
    }
    deliver_head(receiver, 0, badge, info);
}
