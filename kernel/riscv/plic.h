/* The platform-level interrupt controller. */
#ifndef KERNEL_RISCV_PLIC_H
#define KERNEL_RISCV_PLIC_H

struct riscv_hart;

/* All sources masked, all enabled for this hart's context. Does nothing without a PLIC. */
void plic_start(struct riscv_hart *hart);

#endif
