/* What riscv/ keeps for each hart. tp points at it whenever the kernel runs; it is NULL while boot/
 * runs physically. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/hart.h"

/* A hart's space_tag that is no space's, so that the next one comes through asid_load. */
#define SPACE_TAG_NONE UINT64_MAX

struct riscv_hart {
    struct hart hart;              /* first: the assembly and core/ share the pointer */
    uint64_t hart_id;              /* firmware's number for it */
    uint32_t plic_context;         /* its S-mode's; all ones: none [c] */
    volatile uint32_t *plic_claim; /* the claim and complete register of it; NULL: none [c] */
    uint64_t kept_number; /* of the space it had loaded as this ASID generation began [K] */
    bool has_old_code;    /* fence.i before it leaves idleness: HS3 [K] */
    bool has_arrived;     /* HS2 */
};

/* A hart's place in the kernel's metadata, for all but the one that boots: an unmapped page, its
 * stack, and its struct in a page. */
enum { STACK_BYTES = 16384, STACK_FRAME_BYTES = 16 /* entry.S's own */, HART_GUARD_BYTES = 4096 };
enum { HART_STRUCT = HART_GUARD_BYTES + STACK_BYTES, HART_PLACE_BYTES = HART_STRUCT + 4096 };

static_assert(sizeof(struct riscv_hart) <= 4096, "fits its page");

static inline struct riscv_hart *riscv_hart_of(struct hart *hart)
{
    return (struct riscv_hart *)hart;
}

static inline struct riscv_hart *this_hart(void)
{
    struct riscv_hart *hart;
    __asm__("mv %0, tp" : "=r"(hart));
    return hart;
}
