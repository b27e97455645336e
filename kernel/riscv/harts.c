/* Other harts: see harts.h. */
#include "riscv/harts.h"

#include "arch.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/panic.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/sbi.h"
#include "riscv/trap.h"

enum { ARRIVAL_SECONDS = 1 };

/* Not in .bss: a late hart may read it before that is cleared. */
__attribute__((section(".data"))) struct hart_entry_facts hart_entry_facts;

void hart_prepare(struct riscv_hart *hart)
{
    hart->hart.now_serving = &kernel_lock.now_serving;
    __asm__ volatile("mv tp, %0" : : "r"(hart) : "memory");
    csr_write(stvec, (uint64_t)(uintptr_t)trap_entry);
    csr_write(sscratch, 0);
    csr_write(sstatus, SSTATUS_UXL_64 | SSTATUS_FS_OFF);
    csr_write(scounteren, SCOUNTEREN_ALL);
    hart->hart.space_tag = SPACE_TAG_NONE;
    arch_timer_set(&hart->hart, UINT64_MAX);
    csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
}

void hart_arrive(struct riscv_hart *hart)
{
    uint32_t expected = HART_STARTING;
    hart_prepare(hart);
    if (!__atomic_compare_exchange_n(&hart->start, &expected, HART_ARRIVED, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        csr_write(sie, 0); /* HS2 */
        for (;;) {
            __asm__ volatile("wfi");
        }
    }
    core_lock();
    (void)core_notified(&hart->hart);
    trap_resume(hart);
}

/* HS2: did it come? */
static bool await_arrival(struct riscv_hart *hart, uint64_t timebase_hz)
{
    uint32_t expected = HART_STARTING;
    uint64_t end_ticks = arch_time_ticks() + ARRIVAL_SECONDS * timebase_hz;
    while (__atomic_load_n(&hart->start, __ATOMIC_ACQUIRE) == HART_STARTING &&
           arch_time_ticks() < end_ticks) {
    }
    return !__atomic_compare_exchange_n(&hart->start, &expected, HART_GIVEN_UP, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void harts_start(const struct boot_facts *facts)
{
    hart_entry_facts.places = riscv_facts.harts_start;
    hart_entry_facts.satp = riscv_facts.satp;
    hart_entry_facts.image_offset = riscv_facts.image_offset;
    __atomic_store_n(&hart_entry_facts.count, riscv_facts.other_harts, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < riscv_facts.other_harts; i++) {
        struct riscv_hart *hart = riscv_image_pointer(riscv_facts.harts_start +
                                                      (uint64_t)(i + 1) * HART_PLACE_BYTES - 4096);
        hart->hart.stack_top = (uint64_t)(uintptr_t)hart - STACK_FRAME_BYTES;
        hart->start = HART_STARTING;
        uint64_t entry = (uint64_t)(uintptr_t)hart_entry - riscv_facts.image_offset;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!sbi_hart_start(hart->hart_id, entry) || !await_arrival(hart, facts->timebase_hz)) {
            kernel_log("hart %u does not start; it is left alone", hart->hart_id);
        } else {
            core_hart_start(&hart->hart, facts);
        }
    }
    if (hart_count > 1 && !facts->quiet) {
        kernel_print("%u harts\n", (uint64_t)hart_count);
    }
}

uint64_t harts_others(void)
{
    uint64_t all = hart_count == HARTS_MAX ? UINT64_MAX : (UINT64_C(1) << hart_count) - 1;
    return all & ~(UINT64_C(1) << arch_this_hart()->index);
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
