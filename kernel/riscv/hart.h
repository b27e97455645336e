/* What riscv/ keeps for each hart. tp points at it whenever the kernel runs; it is NULL while boot/
 * runs physically. */
#pragma once

#include <stdint.h>

#include "core/hart.h"

struct riscv_hart {
    struct hart hart;              /* first: the assembly and core/ share the pointer */
    uint64_t hart_id;              /* firmware's number for it */
    volatile uint32_t *plic_claim; /* the claim and complete register of its S-mode context */
};

static inline struct riscv_hart *riscv_hart_of(struct hart *hart)
{
    return (struct riscv_hart *)hart;
}

static inline struct riscv_hart *this_hart(void)
{
    struct riscv_hart *hart;
    __asm__("mv %0, tp" : "=r"(hart));
    return hart;
}
