/* IPC from user mode: one message type and the calls that move it. The other system calls are in
 * the generated <byre/gen/calls.h>; a protocol's typed calls in <byre/gen/NAME_client.h>.
 *
 *   R1  a0 = capability, a1 = label, a2..a5 = w0..w3, a6 = descriptor (delivered: badge),
 *       a7 = call number (delivered: information bits), t0..t3 = w4..w7, t4 = accept slot,
 *       t5 = deadline. The error comes back in a0.
 *   R2  After a system call the caller-saved registers, ra included, hold nothing of use but the
 *       results; callee-saved ones, gp, tp and floating point are preserved.
 *   R3  The short forms send label and w0..w3 and read nothing else of the message, so the rest
 *       may be uninitialised. ipc_call reads `flags`, and what the flags announce.
 *   R4  Whatever the error, the message then holds what the registers held; on an error it means
 *       nothing. Words that the peer did not send are zero.
 *
 * Everything is always inlined: a message whose address is not kept lives in registers, and a
 * call with constant flags compiles to the loads that it needs and one ecall.
 */
#ifndef LIBSYS_IPC_H
#define LIBSYS_IPC_H

#include <stdint.h>

#include <byre/gen/calls.h>
#include <byre/gen/kernel.h>

enum { MESSAGE_WORDS = 8, MESSAGE_SHORT_WORDS = 4 };

struct message {
    uint64_t label; /* 32 bits of the sender's own meaning */
    uint64_t w[MESSAGE_WORDS];
    uint64_t badge;          /* delivered: of the capability that the sender used */
    uint64_t info;           /* delivered: IPC_INFO_* */
    uint64_t flags;          /* to send: IPC_* */
    uint64_t deadline_ticks; /* with IPC_DEADLINE */
    cap_t send_cap;          /* with IPC_CAP */
    cap_t accept_slot;       /* with IPC_ACCEPT */
};

#include <libsys/ipc_registers.h>

/* Parts of a descriptor, to be or-ed with IPC_* flags. */
IPC_INLINE uint64_t ipc_with_reply(cap_t reply_slot)
{
    return (uint64_t)reply_slot << 8;
}

IPC_INLINE uint64_t ipc_with_cap(cap_t sent_slot)
{
    return (uint64_t)IPC_CAP | (uint64_t)sent_slot << 32;
}

/* As the slot to send, so that what arrives has these rights at most. */
IPC_INLINE cap_t ipc_cap_reduced(cap_t slot, unsigned rights)
{
    return slot | (~rights & RIGHTS_ALL) << 24;
}

IPC_INLINE uint64_t ipc_message_descriptor(const struct message *m)
{
    return (m->flags & IPC_CAP) != 0 ? m->flags | ipc_with_cap(m->send_cap) : m->flags;
}

/* ---------------------------------------------------------------------------------- clients */

/* Call; `flags` says what travels besides label and w0..w3. */
IPC_INLINE err_t ipc_call(cap_t endpoint, struct message *m)
{
    uint64_t descriptor = ipc_message_descriptor(m);
    if ((m->flags & (IPC_LONG | IPC_ACCEPT | IPC_DEADLINE)) == 0) {
        return ipc_registers_short(SYS_CALL, endpoint, m, descriptor);
    }
    return ipc_registers_long(SYS_CALL, endpoint, m, descriptor, m->accept_slot, m->deadline_ticks);
}

/* Call with label and w0..w3 only: the fast path, whatever `flags` holds. */
IPC_INLINE err_t ipc_call_short(cap_t endpoint, struct message *m)
{
    return ipc_registers_short(SYS_CALL, endpoint, m, 0);
}

/* The same, for an answer that may bring a capability into that empty slot. */
IPC_INLINE err_t ipc_call_accept(cap_t endpoint, struct message *m, cap_t accept_slot)
{
    return ipc_registers_accept(SYS_CALL, endpoint, m, IPC_ACCEPT, accept_slot);
}

IPC_INLINE err_t ipc_call_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                               cap_t accept_slot, uint64_t deadline_ticks)
{
    return ipc_registers_long(SYS_CALL, endpoint, m, descriptor, accept_slot, deadline_ticks);
}

/* Deliver to a receiver that waits now, or fail. */
IPC_INLINE err_t ipc_send(cap_t endpoint, const struct message *m, uint64_t descriptor)
{
    struct message copy = *m;
    return ipc_registers_long(SYS_SEND, endpoint, &copy, descriptor, 0, 0);
}

/* ---------------------------------------------------------------------------------- servers */

/* Receive; reply_slot holds an empty reply object (0: sends and notifications only). */
IPC_INLINE err_t ipc_receive(cap_t endpoint, struct message *m, cap_t reply_slot)
{
    return ipc_registers_receive(SYS_RECEIVE, endpoint, m, ipc_with_reply(reply_slot));
}

/* The descriptor carries ipc_with_reply(slot) and the flags. */
IPC_INLINE err_t ipc_receive_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                                  cap_t accept_slot, uint64_t deadline_ticks)
{
    *m = (struct message){0};
    return ipc_registers_long(SYS_RECEIVE, endpoint, m, descriptor, accept_slot, deadline_ticks);
}

/* The words of an answer into m: four, or all if more than four mean something. */
IPC_INLINE void ipc_set_words(struct message *m, const uint64_t *out, unsigned words)
{
    for (unsigned i = 0; i < MESSAGE_SHORT_WORDS; i++) {
        m->w[i] = out[i];
    }
    for (unsigned i = MESSAGE_SHORT_WORDS; i < MESSAGE_WORDS && words > MESSAGE_SHORT_WORDS; i++) {
        m->w[i] = out[i];
    }
}

/* Answer with w0..w3 the caller that the reply object holds. */
IPC_INLINE err_t ipc_reply(cap_t reply_slot, const struct message *m)
{
    struct message copy = *m;
    return ipc_registers_short(SYS_REPLY, reply_slot, &copy, 0);
}

IPC_INLINE err_t ipc_reply_full(cap_t reply_slot, const struct message *m, uint64_t descriptor)
{
    struct message copy = *m;
    return ipc_registers_long(SYS_REPLY, reply_slot, &copy, descriptor, 0, 0);
}

/* Answer the caller in reply_slot with w0..w3, then receive the next message, whose sender the
 * same reply object then holds. */
IPC_INLINE err_t ipc_reply_receive(cap_t endpoint, struct message *m, cap_t reply_slot)
{
    return ipc_registers_short(SYS_REPLY_RECEIVE, endpoint, m, ipc_with_reply(reply_slot));
}

/* The same with a descriptor that has IPC_ACCEPT, and flags that announce nothing more. */
IPC_INLINE err_t ipc_reply_receive_accept(cap_t endpoint, struct message *m, uint64_t descriptor,
                                          cap_t accept_slot)
{
    return ipc_registers_accept(SYS_REPLY_RECEIVE, endpoint, m, descriptor, accept_slot);
}

IPC_INLINE err_t ipc_reply_receive_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                                        cap_t accept_slot, uint64_t deadline_ticks)
{
    return ipc_registers_long(SYS_REPLY_RECEIVE, endpoint, m, descriptor, accept_slot,
                              deadline_ticks);
}

#endif
