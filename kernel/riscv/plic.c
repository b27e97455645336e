/* PLIC: see plic.h. RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
 *
 * A source is masked by priority 0, not by its enable bit: the controller ignores the completion of
 * a source that is not enabled, and core/ masks between claim and complete.
 */
#include "riscv/plic.h"

#include <byre/table.h>

#include "arch.h"
#include "riscv/facts.h"
#include "riscv/hart.h"

enum {
    PRIORITY = 0x0,
    ENABLE = 0x2000,
    ENABLE_STRIDE = 0x80,
    CONTEXT = 0x200000,
    CONTEXT_STRIDE = 0x1000,
    CONTEXT_THRESHOLD = 0,
    CONTEXT_CLAIM = 4,
};

static volatile uint32_t *plic_register(uint64_t offset)
{
    uint64_t base = KERNEL_DEVICES + (riscv_facts.plic_start & (CHUNK_BYTES - 1));
    return (volatile uint32_t *)(uintptr_t)(base + offset); // NOLINT
}

void plic_start(struct riscv_hart *hart, uint64_t context)
{
    if (riscv_facts.plic_sources == 0) {
        return;
    }
    for (uint32_t source = 1; source <= riscv_facts.plic_sources; source++) {
        *plic_register(PRIORITY + 4ul * source) = 0;
    }
    for (uint32_t word = 0; word <= riscv_facts.plic_sources / 32; word++) {
        *plic_register(ENABLE + context * ENABLE_STRIDE + 4ul * word) = UINT32_MAX;
    }
    *plic_register(CONTEXT + context * CONTEXT_STRIDE + CONTEXT_THRESHOLD) = 0;
    hart->plic_claim = plic_register(CONTEXT + context * CONTEXT_STRIDE + CONTEXT_CLAIM);
}

unsigned arch_interrupt_source_count(void)
{
    return riscv_facts.plic_sources == 0 ? 0 : riscv_facts.plic_sources + 1;
}

unsigned arch_interrupt_claim(struct hart *hart)
{
    volatile uint32_t *claim = riscv_hart_of(hart)->plic_claim;
    return claim == NULL ? 0 : *claim;
}

void arch_interrupt_complete(struct hart *hart, unsigned source)
{
    *riscv_hart_of(hart)->plic_claim = source;
}

void arch_interrupt_mask(unsigned source)
{
    *plic_register(PRIORITY + 4ul * source) = 0;
}

void arch_interrupt_unmask(unsigned source)
{
    *plic_register(PRIORITY + 4ul * source) = 1;
}
