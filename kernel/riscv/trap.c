/* What a trap was, and who hears of it: see trap.h. */
#include "riscv/trap.h"

#include <byre/gen/kernel_tables.h>

#include "arch.h"
#include "core/entry.h"
#include "core/lock.h"
#include "riscv/hart.h"
#include "riscv/panic.h"

/* All but the timer's. */
static __attribute__((noinline)) void take_others(struct riscv_hart *hart, uint64_t pending)
{
    if ((pending & INTERRUPT_SOFTWARE) != 0) {
        (void)csr_clear(sip, INTERRUPT_SOFTWARE); /* before what it was for is looked at: V4 */
        panic_join();
        (void)core_notified(&hart->hart);
    }
    if ((pending & INTERRUPT_EXTERNAL) != 0) {
        (void)core_interrupt(&hart->hart);
    }
}

static struct thread *take_interrupts(struct riscv_hart *hart)
{
    uint64_t pending = csr_read(sip) & csr_read(sie);
    if ((pending & ~INTERRUPT_TIMER) != 0) {
        take_others(hart, pending);
    }
    return (pending & INTERRUPT_TIMER) != 0 ? core_timer(&hart->hart) : hart->hart.current;
}

struct thread *trap_idle(struct riscv_hart *hart)
{
    while (hart->hart.current == NULL) {
        core_unlock();
        arch_idle();
        core_lock();
        (void)take_interrupts(hart);
    }
    return hart->hart.current;
}

/* FAULT_* by scause; what has no name here is an illegal instruction to user mode. */
static uint64_t fault_kind(uint64_t cause)
{
    static const uint8_t kinds[] = CAUSE_FAULTS;
    return cause < sizeof kinds && kinds[cause] != 0 ? kinds[cause] : FAULT_ILLEGAL;
}

struct thread *trap_other(struct riscv_hart *hart, uint64_t cause, uint64_t value)
{
    if (cause >> CAUSE_INTERRUPT_BIT == 0) {
        return core_fault(&hart->hart, fault_kind(cause), value);
    }
    return take_interrupts(hart);
}
