/* IPC and system calls from user mode: one message type and the instructions that move it.
 *
 *   R1  a0 = capability, a1 = label, a2..a5 = w0..w3, a6 = descriptor (delivered: badge),
 *       a7 = call number (delivered: information bits), t0..t3 = w4..w7, t4 = accept slot,
 *       t5 = deadline. The error comes back in a0.
 *   R2  After any system call the caller-saved registers, ra included, hold nothing of use but the
 *       results; callee-saved ones, gp, tp and floating point are preserved.
 *   R3  The short forms send w0..w3 only and touch w4..w7 of the message only where a receive may
 *       deliver them; w4..w7 of a message that the short forms send may be uninitialised.
 *   R4  Whatever the error, the message holds what the registers held: on an error it means nothing.
 *
 * Everything is always inlined, so a message whose address is not kept lives in registers.
 */
#ifndef LIBSYS_IPC_H
#define LIBSYS_IPC_H

#include <stdint.h>

#include <byre/gen/kernel.h>

typedef uint32_t cap_t; /* an index into the caller's capability table; 0 names nothing */

enum { MESSAGE_WORDS = 8, MESSAGE_SHORT_WORDS = 4 };

struct message {
    uint64_t label; /* 32 bits of the sender's own meaning */
    uint64_t w[MESSAGE_WORDS];
    uint64_t badge; /* delivered: of the capability that the sender used */
    uint64_t info;  /* delivered: IPC_INFO_* */
};

#define IPC_INLINE static inline __attribute__((always_inline))

/* Parts of a descriptor, to be or-ed with IPC_* flags. */
IPC_INLINE uint64_t ipc_with_reply(cap_t reply_slot)
{
    return (uint64_t)reply_slot << 8;
}

IPC_INLINE uint64_t ipc_with_cap(cap_t sent_slot)
{
    return (uint64_t)IPC_CAP | (uint64_t)sent_slot << 32;
}

/* ------------------------------------------------------------------------------- short forms */

/* Call with w0..w3, get label and w0..w3 back. The fast path. */
IPC_INLINE err_t ipc_call(cap_t endpoint, struct message *m)
{
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = m->label;
    register uint64_t a2 __asm__("a2") = m->w[0];
    register uint64_t a3 __asm__("a3") = m->w[1];
    register uint64_t a4 __asm__("a4") = m->w[2];
    register uint64_t a5 __asm__("a5") = m->w[3];
    register uint64_t a6 __asm__("a6") = 0;
    register uint64_t a7 __asm__("a7") = SYS_CALL;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7)
                     :
                     : "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    m->label = a1;
    m->w[0] = a2;
    m->w[1] = a3;
    m->w[2] = a4;
    m->w[3] = a5;
    return (err_t)a0;
}

/* Answer with w0..w3 the caller that the reply object holds. */
IPC_INLINE err_t ipc_reply(cap_t reply_slot, const struct message *m)
{
    register uint64_t a0 __asm__("a0") = reply_slot;
    register uint64_t a1 __asm__("a1") = m->label;
    register uint64_t a2 __asm__("a2") = m->w[0];
    register uint64_t a3 __asm__("a3") = m->w[1];
    register uint64_t a4 __asm__("a4") = m->w[2];
    register uint64_t a5 __asm__("a5") = m->w[3];
    register uint64_t a6 __asm__("a6") = 0;
    register uint64_t a7 __asm__("a7") = SYS_REPLY;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7)
                     :
                     : "memory", "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    return (err_t)a0;
}

/* Answer the caller in reply_slot with w0..w3, then receive the next message (all eight words),
 * whose sender the same reply object then holds. */
IPC_INLINE err_t ipc_reply_receive(cap_t endpoint, struct message *m, cap_t reply_slot)
{
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1") = m->label;
    register uint64_t a2 __asm__("a2") = m->w[0];
    register uint64_t a3 __asm__("a3") = m->w[1];
    register uint64_t a4 __asm__("a4") = m->w[2];
    register uint64_t a5 __asm__("a5") = m->w[3];
    register uint64_t a6 __asm__("a6") = ipc_with_reply(reply_slot);
    register uint64_t a7 __asm__("a7") = SYS_REPLY_RECEIVE;
    register uint64_t t0 __asm__("t0");
    register uint64_t t1 __asm__("t1");
    register uint64_t t2 __asm__("t2");
    register uint64_t t3 __asm__("t3");
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "=r"(t0), "=r"(t1), "=r"(t2), "=r"(t3)
                     :
                     : "memory", "ra", "t4", "t5", "t6");
    m->label = a1;
    m->w[0] = a2;
    m->w[1] = a3;
    m->w[2] = a4;
    m->w[3] = a5;
    m->w[4] = t0;
    m->w[5] = t1;
    m->w[6] = t2;
    m->w[7] = t3;
    m->badge = a6;
    m->info = a7;
    return (err_t)a0;
}

/* Receive; reply_slot holds an empty reply object (0: sends and notifications only). */
IPC_INLINE err_t ipc_receive(cap_t endpoint, struct message *m, cap_t reply_slot)
{
    register uint64_t a0 __asm__("a0") = endpoint;
    register uint64_t a1 __asm__("a1");
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a4 __asm__("a4");
    register uint64_t a5 __asm__("a5");
    register uint64_t a6 __asm__("a6") = ipc_with_reply(reply_slot);
    register uint64_t a7 __asm__("a7") = SYS_RECEIVE;
    register uint64_t t0 __asm__("t0");
    register uint64_t t1 __asm__("t1");
    register uint64_t t2 __asm__("t2");
    register uint64_t t3 __asm__("t3");
    __asm__ volatile("ecall"
                     : "+r"(a0), "=r"(a1), "=r"(a2), "=r"(a3), "=r"(a4), "=r"(a5), "+r"(a6),
                       "+r"(a7), "=r"(t0), "=r"(t1), "=r"(t2), "=r"(t3)
                     :
                     : "memory", "ra", "t4", "t5", "t6");
    m->label = a1;
    m->w[0] = a2;
    m->w[1] = a3;
    m->w[2] = a4;
    m->w[3] = a5;
    m->w[4] = t0;
    m->w[5] = t1;
    m->w[6] = t2;
    m->w[7] = t3;
    m->badge = a6;
    m->info = a7;
    return (err_t)a0;
}

/* ------------------------------------------------------------------------------- full forms */

/* The whole register set, for SYS_CALL, SYS_RECEIVE and SYS_REPLY_RECEIVE: eight words each way,
 * any descriptor, accept slot and deadline (each read only if its flag is in the descriptor). */
IPC_INLINE err_t ipc_exchange(uint64_t number, cap_t capability, struct message *m,
                              uint64_t descriptor, cap_t accept_slot, uint64_t deadline_ticks)
{
    register uint64_t a0 __asm__("a0") = capability;
    register uint64_t a1 __asm__("a1") = m->label;
    register uint64_t a2 __asm__("a2") = m->w[0];
    register uint64_t a3 __asm__("a3") = m->w[1];
    register uint64_t a4 __asm__("a4") = m->w[2];
    register uint64_t a5 __asm__("a5") = m->w[3];
    register uint64_t a6 __asm__("a6") = descriptor;
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t t0 __asm__("t0") = m->w[4];
    register uint64_t t1 __asm__("t1") = m->w[5];
    register uint64_t t2 __asm__("t2") = m->w[6];
    register uint64_t t3 __asm__("t3") = m->w[7];
    register uint64_t t4 __asm__("t4") = accept_slot;
    register uint64_t t5 __asm__("t5") = deadline_ticks;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5)
                     :
                     : "memory", "ra", "t6");
    m->label = a1;
    m->w[0] = a2;
    m->w[1] = a3;
    m->w[2] = a4;
    m->w[3] = a5;
    m->w[4] = t0;
    m->w[5] = t1;
    m->w[6] = t2;
    m->w[7] = t3;
    m->badge = a6;
    m->info = a7;
    return (err_t)a0;
}

IPC_INLINE err_t ipc_call_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                               cap_t accept_slot, uint64_t deadline_ticks)
{
    return ipc_exchange(SYS_CALL, endpoint, m, descriptor, accept_slot, deadline_ticks);
}

IPC_INLINE err_t ipc_receive_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                                  cap_t accept_slot, uint64_t deadline_ticks)
{
    *m = (struct message){0};
    return ipc_exchange(SYS_RECEIVE, endpoint, m, descriptor, accept_slot, deadline_ticks);
}

/* The descriptor carries ipc_with_reply(slot); the message is the answer, then what arrived. */
IPC_INLINE err_t ipc_reply_receive_full(cap_t endpoint, struct message *m, uint64_t descriptor,
                                        cap_t accept_slot, uint64_t deadline_ticks)
{
    return ipc_exchange(SYS_REPLY_RECEIVE, endpoint, m, descriptor, accept_slot, deadline_ticks);
}

/* SYS_REPLY and SYS_SEND with any descriptor: nothing comes back but the error. */
IPC_INLINE err_t ipc_post(uint64_t number, cap_t capability, const struct message *m,
                          uint64_t descriptor)
{
    struct message copy = *m;
    return ipc_exchange(number, capability, &copy, descriptor, 0, 0);
}

IPC_INLINE err_t ipc_reply_full(cap_t reply_slot, const struct message *m, uint64_t descriptor)
{
    return ipc_post(SYS_REPLY, reply_slot, m, descriptor);
}

IPC_INLINE err_t ipc_send(cap_t endpoint, const struct message *m, uint64_t descriptor)
{
    return ipc_post(SYS_SEND, endpoint, m, descriptor);
}

/* --------------------------------------------------------------------- other system calls */

/* The generic system call, for generated stubs: arguments in a0..a6, t0..t5 in that order, results
 * in a1..a6, t0..t3. Only the first `arguments` members of in[] are read and only the first
 * `results` of out[] written; with constants for both, the rest costs nothing. */
enum { SVC_ARGUMENTS_MAX = 13, SVC_RESULTS_MAX = 10 };

IPC_INLINE err_t svc(uint64_t number, unsigned arguments, const uint64_t *in, unsigned results,
                     uint64_t *out)
{
    register uint64_t a0 __asm__("a0");
    register uint64_t a1 __asm__("a1");
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a4 __asm__("a4");
    register uint64_t a5 __asm__("a5");
    register uint64_t a6 __asm__("a6");
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t t0 __asm__("t0");
    register uint64_t t1 __asm__("t1");
    register uint64_t t2 __asm__("t2");
    register uint64_t t3 __asm__("t3");
    register uint64_t t4 __asm__("t4");
    register uint64_t t5 __asm__("t5");
#define SVC_LOAD(index, name)                                                                      \
    if ((index) < arguments) {                                                                     \
        name = in[index];                                                                          \
    } else {                                                                                       \
        __asm__ volatile("" : "=r"(name));                                                         \
    }
    SVC_LOAD(0, a0)
    SVC_LOAD(1, a1)
    SVC_LOAD(2, a2)
    SVC_LOAD(3, a3)
    SVC_LOAD(4, a4)
    SVC_LOAD(5, a5)
    SVC_LOAD(6, a6)
    SVC_LOAD(7, t0)
    SVC_LOAD(8, t1)
    SVC_LOAD(9, t2)
    SVC_LOAD(10, t3)
    SVC_LOAD(11, t4)
    SVC_LOAD(12, t5)
#undef SVC_LOAD
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5)
                     :
                     : "memory", "ra", "t6");
#define SVC_STORE(index, name)                                                                     \
    if ((index) < results) {                                                                       \
        out[index] = name;                                                                         \
    }
    SVC_STORE(0, a1)
    SVC_STORE(1, a2)
    SVC_STORE(2, a3)
    SVC_STORE(3, a4)
    SVC_STORE(4, a5)
    SVC_STORE(5, a6)
    SVC_STORE(6, t0)
    SVC_STORE(7, t1)
    SVC_STORE(8, t2)
    SVC_STORE(9, t3)
#undef SVC_STORE
    return (err_t)a0;
}

#endif
