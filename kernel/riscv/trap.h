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
/* Leave for hart->current for the first time. */
_Noreturn void trap_resume(struct riscv_hart *hart);

/* From entry.S. They return with a thread current and the lock free. */
void trap_system_call(struct riscv_hart *hart);
void trap_other(struct riscv_hart *hart, uint64_t cause, uint64_t value);
_Noreturn void trap_from_kernel(void);
/* Give up the lock with a thread current, idling until there is one. */
void trap_leave(struct riscv_hart *hart);
