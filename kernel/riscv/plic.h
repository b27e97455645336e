/* The platform-level interrupt controller. */
#pragma once

struct riscv_hart;

/* All sources masked, all enabled for this hart's context. Does nothing without a PLIC. */
void plic_start(struct riscv_hart *hart);
