/* The ecall of a message: the only place that knows which register carries what (R1, R2 of
 * <libsys/ipc.h>). Host tests put libsys/include/host first, where the same functions are
 * prototypes that a test defines. */
#ifndef LIBSYS_IPC_REGISTERS_H
#define LIBSYS_IPC_REGISTERS_H

#define IPC_INLINE static inline __attribute__((always_inline))

/* Store what came back: a message whose address is not kept costs nothing for unread words. */
#define IPC_REGISTERS_STORE(m) \
    (m)->label = a1;           \
    (m)->w[0] = a2;            \
    (m)->w[1] = a3;            \
    (m)->w[2] = a4;            \
    (m)->w[3] = a5;            \
    (m)->w[4] = t0;            \
    (m)->w[5] = t1;            \
    (m)->w[6] = t2;            \
    (m)->w[7] = t3;            \
    (m)->badge = a6;           \
    (m)->info = a7

/* Label and w0..w3 go out; everything may come back. */
IPC_INLINE err_t ipc_registers_short(uint64_t number, cap_t capability, struct message *m,
                                     uint64_t descriptor)
{
    register uint64_t a0 __asm__("a0") = capability;
    register uint64_t a1 __asm__("a1") = m->label;
    register uint64_t a2 __asm__("a2") = m->w[0];
    register uint64_t a3 __asm__("a3") = m->w[1];
    register uint64_t a4 __asm__("a4") = m->w[2];
    register uint64_t a5 __asm__("a5") = m->w[3];
    register uint64_t a6 __asm__("a6") = descriptor;
    register uint64_t a7 __asm__("a7") = number;
    register uint64_t t0 __asm__("t0");
    register uint64_t t1 __asm__("t1");
    register uint64_t t2 __asm__("t2");
    register uint64_t t3 __asm__("t3");
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "=r"(t0), "=r"(t1), "=r"(t2), "=r"(t3)
                     :
                     : "memory", "ra", "t4", "t5", "t6");
    IPC_REGISTERS_STORE(m);
    return (err_t)a0;
}

/* Nothing goes out (a receive). */
IPC_INLINE err_t ipc_registers_receive(uint64_t number, cap_t capability, struct message *m,
                                       uint64_t descriptor)
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
    __asm__ volatile("ecall"
                     : "+r"(a0), "=r"(a1), "=r"(a2), "=r"(a3), "=r"(a4), "=r"(a5), "+r"(a6),
                       "+r"(a7), "=r"(t0), "=r"(t1), "=r"(t2), "=r"(t3)
                     :
                     : "memory", "ra", "t4", "t5", "t6");
    IPC_REGISTERS_STORE(m);
    return (err_t)a0;
}

/* All eight words, accept slot and deadline go out. */
IPC_INLINE err_t ipc_registers_long(uint64_t number, cap_t capability, struct message *m,
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
    IPC_REGISTERS_STORE(m);
    return (err_t)a0;
}

#endif
