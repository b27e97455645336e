/* The part of arch.h that the real machine makes inline: on the host these are the fake's. */
#pragma once

#include <stdint.h>

#include "core/hart.h"
#include "core/space.h"
#include "core/types.h"

void *arch_window(paddr_t address);
uint64_t arch_time_ticks(void);
void arch_space_load(struct hart *hart, struct space *space);
