/* The ecall of a message: the only place that knows which register carries what (R1, R2 of
 * <libsys/ipc.h>). Host tests put libsys/include/host first, where the same functions are
 * prototypes that a test defines. */
#ifndef LIBSYS_IPC_REGISTERS_H
#define LIBSYS_IPC_REGISTERS_H

#define IPC_INLINE static inline __attribute__((always_inline))

/* A register's value, or whatever it holds: no instruction. */
#define IPC_REGISTER(name, is_sent, value)     \
    do {                                       \
        if (is_sent) {                         \
            (name) = (value);                  \
        } else {                               \
            __asm__ volatile("" : "=r"(name)); \
        }                                      \
    } while (0)

enum ipc_sent { IPC_SENT_NOTHING, IPC_SENT_SHORT, IPC_SENT_ACCEPT, IPC_SENT_LONG };

/* What goes out is a constant at each call; everything may come back. */
IPC_INLINE err_t ipc_registers(enum ipc_sent sent, uint64_t number, cap_t capability,
                               struct message *m, uint64_t descriptor, cap_t accept_slot,
                               uint64_t deadline_ticks)
{
    register uint64_t a0 __asm__("a0") = capability;
    register uint64_t a1 __asm__("a1");
    register uint64_t a2 __asm__("a2");
    register uint64_t a3 __asm__("a3");
    register uint64_t a4 __asm__("a4");
    register uint64_t a5 __asm__("a5");
    register uint64_t a6 __asm__("a6") = descriptor;
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t t0 __asm__("t0");
    register uint64_t t1 __asm__("t1");
    register uint64_t t2 __asm__("t2");
    register uint64_t t3 __asm__("t3");
    register uint64_t t4 __asm__("t4");
    register uint64_t t5 __asm__("t5");
    IPC_REGISTER(a1, sent >= IPC_SENT_SHORT, m->label);
    IPC_REGISTER(a2, sent >= IPC_SENT_SHORT, m->w[0]);
    IPC_REGISTER(a3, sent >= IPC_SENT_SHORT, m->w[1]);
    IPC_REGISTER(a4, sent >= IPC_SENT_SHORT, m->w[2]);
    IPC_REGISTER(a5, sent >= IPC_SENT_SHORT, m->w[3]);
    IPC_REGISTER(t0, sent == IPC_SENT_LONG, m->w[4]);
    IPC_REGISTER(t1, sent == IPC_SENT_LONG, m->w[5]);
    IPC_REGISTER(t2, sent == IPC_SENT_LONG, m->w[6]);
    IPC_REGISTER(t3, sent == IPC_SENT_LONG, m->w[7]);
    IPC_REGISTER(t4, sent >= IPC_SENT_ACCEPT, accept_slot);
    IPC_REGISTER(t5, sent == IPC_SENT_LONG, deadline_ticks);
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3), "+r"(t4), "+r"(t5)
                     :
                     : "memory", "ra", "t6");
    m->label = a1; /* a message whose address is not kept costs nothing for unread words */
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

/* Label and w0..w3 go out. */
IPC_INLINE err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m,
                                     uint64_t descriptor)
{
    return ipc_registers(IPC_SENT_SHORT, number, capability, m, descriptor, 0, 0);
}

/* Label, w0..w3 and accept slot go out. */
IPC_INLINE err_t ipc_registers_accept(uint64_t number, cap_t capability, struct message *m,
                                      uint64_t descriptor, cap_t accept_slot)
{
    return ipc_registers(IPC_SENT_ACCEPT, number, capability, m, descriptor, accept_slot, 0);
}

/* Nothing goes out (a receive). */
IPC_INLINE err_t ipc_registers_receive(uint64_t number, cap_t capability, struct message *m,
                                       uint64_t descriptor)
{
    return ipc_registers(IPC_SENT_NOTHING, number, capability, m, descriptor, 0, 0);
}

/* All eight words, accept slot and deadline go out. */
IPC_INLINE err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m,
                                    uint64_t descriptor, cap_t accept_slot, uint64_t deadline_ticks)
{
    return ipc_registers(IPC_SENT_LONG, number, capability, m, descriptor, accept_slot,
                         deadline_ticks);
}

#endif
