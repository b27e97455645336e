/* The first code with paging on. */
#pragma once

/* From boot/enter.S, on the kernel's stack, with the kernel's root loaded: no USER memory can be
 * touched from here on. */
_Noreturn void riscv_start(void);
