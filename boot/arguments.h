/* The boot arguments that concern the kernel: quiet, testhooks, asid_bits=N, harts=N,
 * preempt=SEED[,MEAN_US]. Words are separated by spaces; '...' keeps spaces. Others are init's. */
#pragma once

#include "core/boot_facts.h"

void arguments_parse(struct boot_facts *facts, const char *text);
