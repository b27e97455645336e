/* Other harts: see harts.h. */
#include "riscv/harts.h"

#include "arch.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/panic.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/plic.h"
#include "riscv/sbi.h"
#include "riscv/trap.h"

enum { ARRIVAL_SECONDS = 1 };

/* Not in .bss: a late hart may read it before that is cleared. */
__attribute__((section(".data"))) struct hart_entry_facts hart_entry_facts;

void hart_prepare(struct riscv_hart *hart)
{
    hart->hart.lock_is_held = &kernel_lock.is_held;
    __asm__ volatile("mv tp, %0" : : "r"(hart) : "memory");
    csr_write(stvec, (uint64_t)(uintptr_t)trap_entry);
    csr_write(sscratch, 0);
    csr_write(sstatus, SSTATUS_UXL_64 | SSTATUS_FS_OFF);
    csr_write(scounteren, SCOUNTEREN_ALL);
    hart->hart.space_tag = SPACE_TAG_NONE;
    hart->has_old_code = true;
    arch_timer_set(UINT64_MAX);
    plic_start(hart);
    csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

void hart_arrive(struct riscv_hart *hart)
{
    hart->hart.stack_top = (uint64_t)(uintptr_t)hart - STACK_FRAME_BYTES;
    hart_prepare(hart);
    __atomic_store_n(&hart->has_arrived, true, __ATOMIC_RELEASE);
    core_lock();
    if (hart->hart.index == 0) { /* HS2 */
        csr_write(sie, 0);
        core_unlock();
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    (void)core_notified(&hart->hart);
    trap_resume(hart);
}

/* HS2: did it come? */
static bool await_arrival(const struct riscv_hart *hart, uint64_t ticks)
{
    uint64_t end_ticks = arch_time_ticks() + ticks;
    bool has_arrived;
    do {
        has_arrived = __atomic_load_n(&hart->has_arrived, __ATOMIC_ACQUIRE);
    } while (!has_arrived && arch_time_ticks() < end_ticks);
    return has_arrived;
}

void harts_start(const struct boot_facts *facts)
{
    hart_entry_facts.count = riscv_facts.other_harts;
    hart_entry_facts.satp = riscv_facts.satp;
    hart_entry_facts.image_offset = riscv_facts.image_offset;
    __atomic_store_n(&hart_entry_facts.places, riscv_facts.harts_start, __ATOMIC_RELEASE);
    uint64_t entry = (uint64_t)(uintptr_t)hart_entry - riscv_facts.image_offset;
    for (unsigned i = 0; i < riscv_facts.other_harts; i++) {
        uint64_t place = riscv_facts.harts_start + (uint64_t)i * HART_PLACE_BYTES;
        struct riscv_hart *hart = riscv_image_pointer(place + HART_STRUCT);
        bool may_come = sbi_hart_start(hart->hart_id, entry);
        if (await_arrival(hart, may_come ? ARRIVAL_SECONDS * facts->timebase_hz : 0)) {
            core_hart_start(&hart->hart, facts);
        } else {
            kernel_log("hart %u does not start; it is left alone", hart->hart_id);
        }
    }
    if (hart_count > 1 && !facts->quiet) {
        kernel_print("%u harts\n", (uint64_t)hart_count);
    }
}

uint64_t harts_others(void)
{
    return hart_mask() & ~(UINT64_C(1) << arch_this_hart()->index);
}

void arch_notify(struct hart *hart)
{
    sbi_notify(UINT64_C(1) << hart->index);
}

/* HS3 */
void arch_fence_code(void)
{
    uint64_t running = 0;
    __asm__ volatile("fence.i" : : : "memory");
    hart_count_one(arch_this_hart(), COUNTER_FENCES_CODE);
    for (unsigned i = 0; i < hart_count; i++) {
        if (harts[i]->current == NULL) {
            riscv_hart_of(harts[i])->has_old_code = true;
            harts[i]->space_tag = SPACE_TAG_NONE; /* V5 */
        } else if (harts[i] != arch_this_hart()) {
            running |= UINT64_C(1) << i;
        }
    }
    sbi_fence(running, SBI_FENCE_CODE, 0, 0, 0);
}
