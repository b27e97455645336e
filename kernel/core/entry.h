/* Entry points: what riscv/ calls when a trap has been taken.
 *
 *   E1  The lock is held, interrupts are off, the registers of hart->current are in its struct
 *       thread. During a system call most of the caller's are not: the argument registers are
 *       stored by what decodes it (syscall.h), the others after it, if another thread is to run.
 *   E2  On return hart->current is the thread to resume, with its space loaded, or NULL: idle.
 *       Those that return a thread return that.
 *   E3  arch_float_switch is called exactly when it changes something.
 */
#pragma once

#include <stdint.h>

#include "core/boot_facts.h"
#include "core/hart.h"

/* The first call, by the boot hart: takes over memory, makes init's objects, chooses init. */
void core_start(struct hart *hart KEEPS, const struct boot_facts *facts LENT);

/* Another hart, which has nothing to do yet. */
void core_hart_start(struct hart *hart KEEPS, const struct boot_facts *facts LENT);
/* Another hart asked this one to settle (arch_notify). */
struct thread *core_notified(struct hart *hart);

/* A system call is one of system_calls[], which returns its error. If anything was woken, armed or
 * blocked, or the error is DONE or RESTART, then all of the caller goes to registers[], pc before
 * or after the ecall, and schedule_settle says who runs.
 * The calls `call` and `reply_receive` have entry points of their own: ipc_fast.h. */
/* kind: FAULT_*. address: the faulting address, or the instruction (ILLEGAL), or 0. */
struct thread *core_fault(struct hart *hart, uint64_t kind, uint64_t address);
struct thread *core_timer(struct hart *hart);
struct thread *core_interrupt(struct hart *hart);
