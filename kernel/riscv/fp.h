/* Floating point registers as memory: fp.S. sstatus.FS must not be off. */
#pragma once

#include <stdint.h>

void fp_save(uint64_t *words);       /* f0..f31, fcsr */
void fp_load(const uint64_t *words); /* the same order */
