/* From paging on to the first thread: see start.h. */
#include "riscv/start.h"

#include "arch.h"
#include "boot.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/panic.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/paging.h"
#include "riscv/plic.h"
#include "riscv/trap.h"

enum { STACK_FRAME_BYTES = 16 }; /* entry.S keeps the thread that entered there */

static struct riscv_hart boot_hart;

extern char stack_top[];

static void hart_start(struct riscv_hart *hart)
{
    hart->hart.stack_top = (uint64_t)(uintptr_t)stack_top - STACK_FRAME_BYTES;
    hart->hart_id = riscv_facts.hart_id;
    __asm__ volatile("mv tp, %0" : : "r"(hart) : "memory");
    csr_write(stvec, (uint64_t)(uintptr_t)trap_entry);
    csr_write(sscratch, 0);
    csr_write(sstatus, SSTATUS_UXL_64 | SSTATUS_FS_OFF);
    csr_write(scounteren, SCOUNTEREN_ALL);
    arch_timer_set(&hart->hart, UINT64_MAX);
    plic_start(hart);
    csr_write(sie, INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

void riscv_start(void)
{
    struct riscv_hart *hart = &boot_hart;
    hart_start(hart);
    paging_start();
    asid_start(boot_facts.asid_bits_max);
    if (!boot_facts.quiet) {
        kernel_print("Byre %u on %s, %u MiB, hart %u\n", (uint64_t)KERNEL_ABI_VERSION,
                     riscv_facts.model, riscv_facts.memory_bytes >> 20, riscv_facts.hart_id);
    }
    core_lock();
    core_start(&hart->hart, &boot_facts);
    trap_resume(hart);
}
