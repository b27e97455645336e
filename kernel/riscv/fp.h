/* Floating point registers as memory: fp.S. sstatus.FS must not be off. */
#ifndef KERNEL_RISCV_FP_H
#define KERNEL_RISCV_FP_H

#include <stdint.h>

void fp_save(uint64_t *words);       /* f0..f31, fcsr */
void fp_load(const uint64_t *words); /* the same order */

#endif
