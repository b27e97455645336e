/* PLIC: see plic.h. RISC-V Platform-Level Interrupt Controller Specification 1.0.0.
 *
 * A source is masked by priority 0, not by its enable bit: the controller ignores the completion of
 * a source that is not enabled, and it is masked between claim and complete. Enabled it is in one
 * context at most: where it arrives.
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

/* Where the bits of 32 sources are. */
static volatile uint32_t *enable_word(const struct riscv_hart *hart, unsigned source)
{
    return plic_register(ENABLE + hart->plic_context * ENABLE_STRIDE + source / 32 * 4ul);
}

void plic_start(struct riscv_hart *hart)
{
    uint64_t context = CONTEXT + (uint64_t)hart->plic_context * CONTEXT_STRIDE;
    if (riscv_facts.plic_sources == 0 || hart->plic_context == UINT32_MAX) {
        return;
    }
    for (uint32_t source = 0; source <= riscv_facts.plic_sources; source += 32) {
        *enable_word(hart, source) = 0;
    }
    *plic_register(context + CONTEXT_THRESHOLD) = 0;
    hart->plic_claim = plic_register(context + CONTEXT_CLAIM);
}

unsigned arch_interrupt_source_count(void)
{
    return riscv_facts.plic_sources == 0 ? 0 : riscv_facts.plic_sources + 1;
}

void arch_interrupt_mask(unsigned source)
{
    *plic_register(PRIORITY + 4ul * source) = 0;
}

unsigned arch_interrupt_take(struct hart *hart)
{
    volatile uint32_t *claim = riscv_hart_of(hart)->plic_claim;
    unsigned source = claim == NULL ? 0 : *claim;
    if (source != 0) {
        arch_interrupt_mask(source);
        *claim = source; /* complete */
    }
    return source;
}

/* A hart without a context leaves it to the one that booted, which has one, or there are no
 * sources. */
void arch_interrupt_unmask(struct hart *hart, unsigned source)
{
    struct riscv_hart *to =
        riscv_hart_of(riscv_hart_of(hart)->plic_claim != NULL ? hart : harts[0]);
    uint32_t bit = UINT32_C(1) << source % 32;
    if ((*enable_word(to, source) & bit) == 0) {
        for (unsigned i = 0; i < hart_count; i++) {
            if (riscv_hart_of(harts[i])->plic_claim != NULL) {
                *enable_word(riscv_hart_of(harts[i]), source) &= ~bit;
            }
        }
        *enable_word(to, source) |= bit;
    }
    *plic_register(PRIORITY + 4ul * source) = 1;
}
