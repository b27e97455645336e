/* Threads' registers, and the floating-point half of a switch: it and arch_float_switch alone
 * change sstatus, and there FS alone.
 *
 *   F1  A thread without THREAD_FLAG_FLOAT runs with FS off.
 *   F2  fp[] of a thread that does not run holds its values: what is dirty is saved when it stops.
 *   F3  float_owner is the thread that had FS on last on this hart, was not started since and did
 *       not run on another: the registers hold its values, equal to its fp[] unless they are dirty.
 */
#include "core/thread.h"
#include "arch.h"
#include "riscv/fp.h"
#include "riscv/hart.h"

/* F3 */
static void float_forget(const struct thread *thread)
{
    for (unsigned i = 0; i < hart_count; i++) {
        if (harts[i]->float_owner == thread) {
            harts[i]->float_owner = NULL;
        }
    }
}

void arch_thread_start(struct thread *thread, vaddr_t pc, vaddr_t sp, uint64_t tp, uint64_t a0,
                       uint64_t a1)
{
    thread->registers[0] = pc.value;
    thread->registers[2] = sp.value;
    thread->registers[4] = tp;
    thread->registers[10] = a0;
    thread->registers[11] = a1;
    thread->float_id = (thread->flags & THREAD_FLAG_FLOAT) != 0 ? thread->object.header : 0;
    float_forget(thread);
}

void float_switch(void)
{
    struct hart *hart = &this_hart()->hart;
    struct thread *to = hart->current;
    bool is_float = to != NULL && to->float_id != 0;
    uint64_t fs = csr_read(sstatus) & SSTATUS_FS_MASK;
    csr_set(sstatus, SSTATUS_FS_DIRTY);
    if (hart->float_id != 0 && fs != SSTATUS_FS_CLEAN) {
        fp_save(hart->float_owner->fp);
    }
    if (is_float && hart->float_owner != to) {
        float_forget(to);
        fp_load(to->fp);
        hart->float_owner = to;
    }
    csr_clear(sstatus, SSTATUS_FS_MASK);
    if (is_float) {
        csr_set(sstatus, SSTATUS_FS_CLEAN);
    }
}
