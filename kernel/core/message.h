/* Messages: words and at most one capability, from one thread's registers into another's.
 *
 *   M1  The receiver gets exactly: error OK, label, words, badge, information. What carries no word
 *       is zero: nothing of the sender's other registers, or of the kernel's, ever leaks.
 *   M2  A capability travels only if it is alive and may be granted at the moment of delivery, into
 *       a slot that is empty at that moment; else the message says CAP_LOST. It arrives without the
 *       rights that the descriptor leaves out.
 */
#pragma once

#include "core/captable.h"
#include "core/reply.h"
#include "core/syscall.h"

enum { IPC_REPLY_SHIFT = 8, IPC_CAP_SHIFT = 32, IPC_RIGHTS_SHIFT = 56 };
enum { IPC_SLOT_MASK = 0xffffff };

/* What the sender's registers say, before anything is sent: ARGUMENT, or what its capability's
 * slot says. allowed: the IPC_* flags that this call knows. */
[[nodiscard]] err_t message_check(const struct thread *sender, unsigned allowed);
/* Whether it accepts a capability, and the slot in which: CAP_RANGE, SLOT_FULL. */
[[nodiscard]] err_t message_note_accept(struct thread *receiver);

void message_deliver(struct thread *sender, struct thread *receiver, uint64_t badge, unsigned info);
void message_deliver_words(struct thread *receiver, uint64_t w0, uint64_t w1, uint64_t w2,
                           uint64_t w3, uint64_t badge, unsigned info);

/* The slot that it sends, with CAP; NULL: outside its table. */
ALWAYS_INLINE struct capability *message_source(const struct thread *sender, uint64_t descriptor)
{
    return captable_slot(sender->captable, descriptor >> IPC_CAP_SHIFT & IPC_SLOT_MASK);
}

/* Where a capability may arrive; NULL: nowhere. */
ALWAYS_INLINE struct capability *message_target(const struct thread *receiver)
{
    struct capability *target = captable_slot(receiver->captable, receiver->registers[REGISTER_T4]);

    return (receiver->wait_flags & WAIT_ACCEPTS) != 0 && target != NULL &&
                   capability_is_empty(target)
               ? target
               : NULL;
}
