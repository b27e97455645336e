/* The platform-level interrupt controller. */
#pragma once

#include <stdint.h>

struct riscv_hart;

/* All sources masked, all enabled for this context of the hart's. Does nothing without a PLIC. */
void plic_start(struct riscv_hart *hart, uint64_t context);
