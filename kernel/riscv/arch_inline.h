/* The part of arch.h that is a few instructions on the path of every message: inline. The host's
 * tests have a header of the same name, which only declares. */
#pragma once

#include <addresses.h>

#include "core/hart.h"
#include "core/space.h"
#include "riscv/csr.h"

/* The generation whose ASIDs are good; never 0. On a hart without ASID bits no space has it. */
extern uint64_t asid_generation;

void asid_load(struct hart *hart, struct space *space); /* the long way */

static inline void *arch_window(paddr_t address)
{
    return (void *)(uintptr_t)(KERNEL_WINDOW + address.value); // NOLINT
}

static inline uint64_t arch_time_ticks(void)
{
    return csr_read(time);
}

static inline void arch_space_load(struct hart *hart, struct space *space)
{
    if (space->asid_generation != asid_generation) {
        asid_load(hart, space);
        return;
    }
    csr_write(satp, space->translation);
    hart_count_one(hart, COUNTER_SPACE_SWITCHES);
}
