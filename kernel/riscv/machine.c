/* Console, clock, waiting and reset: the machine's half of arch.h that is firmware or one CSR. */
#include "arch.h"
#include "core/lock.h"
#include "riscv/facts.h"
#include "riscv/sbi.h"

struct riscv_facts riscv_facts;

void arch_console_put(char c)
{
    if (c == '\n') {
        sbi_put('\r');
    }
    sbi_put(c);
}

/* Either way clears a pending timer interrupt whose time has not come. */
void arch_timer_set(uint64_t deadline_ticks)
{
    if (riscv_facts.has_sstc) {
        csr_write(CSR_STIMECMP, deadline_ticks);
    } else {
        sbi_timer_set(deadline_ticks);
    }
}

bool arch_interrupt_pending(void)
{
    return (csr_read(sip) & csr_read(sie)) != 0 || core_lock_is_wanted();
}

/* Interrupts are off in S-mode; wfi ends on one that is enabled in sie all the same. */
void arch_idle(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

void arch_reset(bool reboot)
{
    sbi_reset(reboot, false);
}
