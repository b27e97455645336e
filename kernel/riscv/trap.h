/* Traps: the way into the kernel and out. entry.S comes and goes; trap.c decides. */
#pragma once

#include <stdint.h>

struct riscv_hart;

/* Registers of a trap from S-mode, which is our own bug. */
struct trap_frame {
    uint64_t registers[32]; /* [0]: pc */
    uint64_t status;
    uint64_t cause;
    uint64_t value;
};

extern struct trap_frame trap_panic_frame;

void trap_entry(void); /* where stvec points; not to be called */
/* Leave for hart->current for the first time, with the lock held. */
_Noreturn void trap_resume(struct riscv_hart *hart);

/* From entry.S, with the lock held: the thread to resume; NULL: idle. */
struct thread *trap_other(struct riscv_hart *hart, uint64_t cause, uint64_t value);
struct thread *trap_idle(struct riscv_hart *hart); /* until a thread is current */
_Noreturn void trap_from_kernel(void);             /* trap_panic_frame is filled */
_Noreturn void trap_from_kernel_again(void);       /* it is another trap's */
