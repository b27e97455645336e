/* What the parts of boot/ share. All of boot/ runs with paging off, at physical addresses, wherever
 * the image was loaded: code is PC-relative and no data holds an address. It alone may touch USER
 * memory, until boot_enter_kernel (head.S) turns paging on. */
#pragma once

#include <stdint.h>

#include "core/boot_facts.h"

extern struct boot_facts boot_facts;

static inline uint64_t boot_address(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static inline void *boot_pointer(uint64_t address)
{
    return (void *)(uintptr_t)address; // NOLINT
}

/* head.S: does the hart really have stimecmp? */
uint64_t boot_probe_stimecmp(void);

/* What boot_main tells head.S. */
struct boot_result {
    uint64_t satp;
    uint64_t image_offset; /* kernel address - physical address */
};

/* ticks, instructions: `time` and `instret` at the first instruction; image: the kernel's place. */
struct boot_result boot_main(uint64_t hart_id, uint64_t tree, uint64_t ticks, uint64_t instructions,
                             uint64_t image);
/* A trap while boot/ runs: from head.S. */
_Noreturn void boot_trapped(uint64_t cause, uint64_t pc, uint64_t value);
