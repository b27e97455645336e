/* Entry points: what riscv/ calls when a trap has been taken.
 *
 *   E1  The lock is held, interrupts are off, the registers of hart->current are in its struct
 *       thread. During a system call registers 3, 8, 9 and 18 to 27 of the caller are not: nothing
 *       here reads them.
 *   E2  On return hart->current is the thread to resume, with its space loaded, or NULL: idle.
 *   E3  arch_thread_switch and arch_space_load are called exactly when they change something.
 */
#pragma once

#include <stdint.h>

#include "core/boot_facts.h"
#include "core/hart.h"

/* The first call, by the boot hart: takes over memory, makes init's objects, chooses init. */
void core_start(struct hart *hart KEEPS, const struct boot_facts *facts LENT);

/* registers[0] is the pc after the ecall; a call that is to be made again is put back by four.
 * The calls `call` and `reply_receive` have entry points of their own: ipc_fast.h. */
void core_syscall(struct hart *hart);
/* kind: FAULT_*. address: the faulting address, or the instruction (ILLEGAL), or 0. */
void core_fault(struct hart *hart, unsigned kind, uint64_t address);
void core_timer(struct hart *hart);
void core_interrupt(struct hart *hart);
