/* Address space identifiers and fences.
 *
 *   I1  Number 0 is the kernel's own root's, and everybody's on a machine without ASID bits.
 *   I2  A space's number is good while its generation is the current one. When the numbers are used
 *       up, a new generation begins with a fence of everything on all harts; what harts have loaded
 *       then keeps its number in that generation, for they go on with it.
 *   I3  Only what a hart may hold needs a fence there: space.harts has a bit for each hart that
 *       loaded the space since its number was last fenced as a whole, and the number is good;
 *       without ASID bits it is where the space is loaded now.
 *   I4  A space's tag is a hart's space_tag if that hart loaded it last, in this generation: then
 *       it is in the mask and the translation is good. Its lone_tag is the same while there is no
 *       other in the mask, else nobody's. So with one hart the mask costs nothing.
 *
 * Without ASID bits each change of space fences everything that is not global.
 */
#include "arch.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/harts.h"
#include "riscv/paging.h"
#include "riscv/sbi.h"

enum { GENERATION_SHIFT = 6, TAG_NONE = 0 };

static uint64_t generation = 1;
static uint64_t number_last; /* the last one given in this generation */

/* satp keeps the bits that there are. */
void asid_start(uint64_t bits_max)
{
    uint64_t before = csr_read(satp);
    csr_write(satp, before | (uint64_t)SATP_ASID_MASK << SATP_ASID_SHIFT);
    uint64_t kept = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    uint64_t bits = (uint64_t)__builtin_popcountll(kept);
    csr_write(satp, before);
    bits = bits < bits_max ? bits : bits_max;
    /* Each hart may have a number in use while one is looked for (I2). */
    riscv_facts.asid_bits = 1ull << bits > riscv_facts.other_harts + 1 ? (uint32_t)bits : 0;
}

static uint64_t bit_of(const struct hart *hart)
{
    return UINT64_C(1) << hart->index;
}

void arch_flush_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
    hart_count_one(arch_this_hart(), COUNTER_FENCES_ALL);
    sbi_fence(harts_others(), SBI_FENCE_TRANSLATIONS, 0, UINT64_MAX, 0);
}

static void fence_number(uint64_t number)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(number) : "memory");
    hart_count_one(arch_this_hart(), COUNTER_FENCES_ASID);
}

/* Harts that have it loaded. */
static uint64_t loaded_mask(const struct space *space)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < hart_count; i++) {
        mask |= hart_space(harts[i]) == space ? bit_of(harts[i]) : 0;
    }
    return mask;
}

/* I3 */
static uint64_t holders_mask(const struct space *space)
{
    if (riscv_facts.asid_bits == 0) {
        return loaded_mask(space);
    }
    return space->asid_generation == generation ? space->harts : 0;
}

/* I2 */
static void begin_generation(void)
{
    generation++;
    for (unsigned i = 0; i < hart_count; i++) {
        struct space *space = hart_space(harts[i]);
        harts[i]->space_tag = SPACE_TAG_NONE;
        riscv_hart_of(harts[i])->kept_number = 0;
        if (space != NULL && space->asid_generation == generation - 1) {
            space->asid_generation = generation;
            space->harts = loaded_mask(space);
            riscv_hart_of(harts[i])->kept_number = space->asid;
        }
    }
    paging_load_kernel(); /* so that what is loaded now is not looked up after the fence */
    arch_flush_all();
}

static bool number_is_kept(uint64_t number)
{
    for (unsigned i = 0; i < hart_count; i++) {
        if (riscv_hart_of(harts[i])->kept_number == number) {
            return true;
        }
    }
    return false;
}

/* There are more numbers than harts, so one is found. */
static void give_number(struct space *space)
{
    do {
        if (++number_last >= 1ull << riscv_facts.asid_bits) {
            begin_generation();
            number_last = 1;
        }
    } while (number_is_kept(number_last));
    space->asid = number_last;
    space->asid_generation = generation;
    space->harts = 0;
}

/* Without ASID bits no space is given a tag, so each load comes this way. The hart's current
 * thread is the new one's already; if it has no good number, it is not among those that keep
 * one. */
void asid_load(void)
{
    struct hart *hart = &this_hart()->hart;
    struct space *space = hart->current->space;
    if (this_hart()->has_old_code) { /* HS3 */
        this_hart()->has_old_code = false;
        __asm__ volatile("fence.i" : : : "memory");
    }
    if (riscv_facts.asid_bits != 0) {
        if (space->asid_generation != generation) {
            give_number(space);
        }
        space->harts |= bit_of(hart);
        space->tag = hart->space_tag = generation << GENERATION_SHIFT | hart->index;
        space->lone_tag = space->harts == bit_of(hart) ? space->tag : TAG_NONE;
    }
    space->translation = SATP_SV39 | space->asid << SATP_ASID_SHIFT | space->root.number;
    if (csr_read(satp) == space->translation) {
        hart_count_stay(hart);
    } else if (riscv_facts.asid_bits == 0) {
        csr_write(satp, space->translation);
        fence_number(0);
    }
}

void arch_space_leave(void)
{
    paging_load_kernel();
    if (riscv_facts.asid_bits == 0) {
        fence_number(0);
    }
}

/* Without ASID bits no space is given the generation, so each comes this way. */
void arch_flush_pages(struct space *space, vaddr_t address, uint64_t pages)
{
    uint64_t mask = holders_mask(space);
    uint64_t own = bit_of(arch_this_hart());
    if ((mask & ~own & ~loaded_mask(space)) != 0) { /* it was there once: a last fence there */
        arch_flush_space(space);
        return;
    }
    for (uint64_t i = 0; (mask & own) != 0 && i < pages; i++) {
        fence_page(address.value + i * PAGE_BYTES, space->asid);
    }
    sbi_fence(mask & ~own, SBI_FENCE_ASID, address.value, PAGE_BYTES * pages, space->asid);
}

void arch_flush_space(struct space *space)
{
    uint64_t mask = holders_mask(space);
    uint64_t own = bit_of(arch_this_hart());
    if ((mask & own) != 0) {
        fence_number(space->asid);
    }
    if ((mask & ~own) != 0) {
        sbi_fence(mask & ~own, SBI_FENCE_ASID, 0, UINT64_MAX, space->asid);
        space->harts = loaded_mask(space); /* the others hold nothing now */
        space->tag = TAG_NONE;
    }
}
