/* Address space identifiers and fences.
 *
 *   I1  Number 0 is the kernel's own root's, and everybody's on a hart without ASID bits.
 *   I2  A space's number is good while its generation is the current one; when the numbers are used
 *       up, a new generation begins with a fence of everything.
 *   I3  Only what the hart may hold needs a fence: a space without a good number has no
 *       translations anywhere.
 *
 * Without ASID bits each change of space fences everything that is not global.
 */
#include "arch.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/paging.h"

uint64_t asid_generation = 1;
static uint64_t number_last; /* the last one given in this generation */

/* satp keeps the bits that there are. */
void asid_start(uint64_t bits_max)
{
    uint64_t before = csr_read(satp);
    csr_write(satp, before | (uint64_t)SATP_ASID_MASK << SATP_ASID_SHIFT);
    uint64_t kept = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    uint64_t bits = (uint64_t)__builtin_popcountll(kept);
    csr_write(satp, before);
    riscv_facts.asid_bits = (uint32_t)(bits < bits_max ? bits : bits_max);
}

void arch_flush_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
    hart_count_one(&this_hart()->hart, COUNTER_FENCES_ALL);
}

static void fence_number(uint64_t number)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(number) : "memory");
    hart_count_one(&this_hart()->hart, COUNTER_FENCES_ASID);
}

/* I3 */
static bool space_may_be_cached(const struct space *space)
{
    if (riscv_facts.asid_bits == 0) {
        return this_hart()->hart.space == space;
    }
    return space->asid_generation == asid_generation;
}

/* Without ASID bits no space is given the generation, so each load comes this way. */
void asid_load(void)
{
    struct hart *hart = &this_hart()->hart;
    struct space *space = hart->space;
    if (riscv_facts.asid_bits != 0) {
        if (number_last + 1 >= 1ull << riscv_facts.asid_bits) {
            asid_generation++;
            number_last = 0;
            arch_flush_all();
        }
        space->asid = ++number_last;
        space->asid_generation = asid_generation;
    }
    space->translation = SATP_SV39 | space->asid << SATP_ASID_SHIFT | space->root.number;
    csr_write(satp, space->translation);
    hart_count_one(hart, COUNTER_SPACE_SWITCHES);
    if (riscv_facts.asid_bits == 0) {
        fence_number(0);
    }
}

void arch_space_destroy(struct space *space)
{
    if (space_may_be_cached(space)) {
        fence_number(space->asid);
    }
}

void arch_space_leave(struct hart *hart)
{
    (void)hart;
    paging_load_kernel();
    if (riscv_facts.asid_bits == 0) {
        fence_number(0);
    }
}

/* Without ASID bits no space is given the generation, so each comes this way. */
void asid_flush_page(const struct space *space, vaddr_t address)
{
    if (space_may_be_cached(space)) {
        __asm__ volatile("sfence.vma %0, %1" : : "r"(address.value), "r"(space->asid) : "memory");
        hart_count_one(&this_hart()->hart, COUNTER_FENCES_PAGE);
    }
}

void arch_flush_space(struct space *space)
{
    if (space_may_be_cached(space)) {
        fence_number(space->asid);
    }
}
