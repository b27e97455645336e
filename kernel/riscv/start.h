/* The first code with paging on. */
#ifndef KERNEL_RISCV_START_H
#define KERNEL_RISCV_START_H

/* From boot/enter.S, on the kernel's stack, with the kernel's root loaded: no USER memory can be
 * touched from here on. */
_Noreturn void riscv_start(void);

#endif
