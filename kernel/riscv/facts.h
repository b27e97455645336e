/* What riscv/ must know of this machine. boot/ writes it with paging off, asid.c its own; constant
 * afterwards. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct riscv_facts {
    uint64_t image_offset; /* kernel address - physical address, in the image and its metadata */
    uint64_t memory_bytes;
    uint64_t hart_id;      /* of the hart that boots */
    uint64_t plic_start;   /* physical */
    uint32_t plic_sources; /* 0: no PLIC */
    uint32_t asid_bits;
    uint32_t plic_context; /* of the boot hart's S-mode */
    uint32_t other_harts;  /* that can be started */
    uint64_t harts_start;  /* physical: their places, HART_PLACE_BYTES each */
    uint64_t satp;         /* of the kernel's own root */
    bool has_sstc;
    char model[48];
};

extern struct riscv_facts riscv_facts;

/* An address in the image or its metadata, from the physical one. */
static inline void *riscv_image_pointer(uint64_t physical)
{
    return (void *)(uintptr_t)(physical + riscv_facts.image_offset); // NOLINT
}
