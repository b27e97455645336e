/* From paging on to the first thread: see start.h. */
#include "riscv/start.h"

#include "arch.h"
#include "boot.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/panic.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/harts.h"
#include "riscv/paging.h"
#include "riscv/trap.h"

static struct riscv_hart boot_hart;

extern char stack_top[];

void riscv_start(void)
{
    struct riscv_hart *hart = &boot_hart;
    hart->hart.stack_top = (uint64_t)(uintptr_t)stack_top - STACK_FRAME_BYTES;
    hart->hart_id = riscv_facts.hart_id;
    hart->plic_context = riscv_facts.plic_context;
    hart_prepare(hart);
    paging_start();
    asid_start(boot_facts.asid_bits_max);
    if (!boot_facts.quiet) {
        kernel_print("Byre %u on %s, %u MiB, hart %u\n", (uint64_t)KERNEL_ABI_VERSION,
                     riscv_facts.model, riscv_facts.memory_bytes >> 20, riscv_facts.hart_id);
    }
    core_lock();
    core_start(&hart->hart, &boot_facts);
    harts_start(&boot_facts);
    (void)core_notified(&hart->hart);
    trap_resume(hart);
}
