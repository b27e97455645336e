/* The platform-level interrupt controller. */
#pragma once

#include <stdint.h>

struct riscv_hart;

/* This hart's context, if it has one: no source is enabled there. */
void plic_start(struct riscv_hart *hart);
