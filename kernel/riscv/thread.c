/* Threads' registers, and the floating-point half of a switch. The only place that writes sstatus:
 * built from constants and FS, so SUM is never set.
 *
 *   F1  A thread without THREAD_FLAG_FLOAT runs with FS off.
 *   F2  fp[] of a thread that does not run holds its values: what is dirty is saved when it stops.
 *   F3  fp_owner names the thread whose values, equal to its fp[], the registers still hold: by its
 *       object header, which no other object ever has.
 *   F4  hart->status is sstatus while it has FS off, else 0: a thread with that very status may follow
 *       without coming here.
 */
#include "core/thread.h"
#include "arch.h"
#include "riscv/fp.h"
#include "riscv/hart.h"

void arch_thread_start(struct thread *thread, vaddr_t pc, vaddr_t sp, uint64_t tp, uint64_t a0,
                       uint64_t a1)
{
    for (unsigned i = 0; i < THREAD_REGISTERS; i++) {
        thread->registers[i] = 0;
    }
    thread->registers[0] = pc.value;
    thread->registers[2] = sp.value;
    thread->registers[4] = tp;
    thread->registers[10] = a0;
    thread->registers[11] = a1;
    thread->status = SSTATUS_UXL_64 |
                     ((thread->flags & THREAD_FLAG_FLOAT) != 0 ? SSTATUS_FS_CLEAN : SSTATUS_FS_OFF);
    for (unsigned i = 0; i < THREAD_FP_WORDS; i++) {
        thread->fp[i] = 0;
    }
    if (this_hart()->fp_owner == thread->object.header) {
        this_hart()->fp_owner = 0;
    }
}

uint64_t arch_thread_register(const struct thread *thread, unsigned index)
{
    if (index < THREAD_REGISTERS) {
        return thread->registers[index];
    }
    index -= THREAD_REGISTERS;
    return index < THREAD_FP_WORDS ? thread->fp[index] : 0;
}

void arch_thread_switch(struct hart *hart, struct thread *from, struct thread *to)
{
    struct riscv_hart *own = riscv_hart_of(hart);
    bool is_float = to != NULL && (to->flags & THREAD_FLAG_FLOAT) != 0;
    hart->status = is_float ? 0 : SSTATUS_UXL_64 | SSTATUS_FS_OFF; /* F4 */
    if (from != NULL && (csr_read(sstatus) & SSTATUS_FS_MASK) == SSTATUS_FS_DIRTY) {
        fp_save(from->fp);
        own->fp_owner = from->object.header;
    }
    if (to == NULL) {
        csr_write(sstatus, SSTATUS_UXL_64 | SSTATUS_FS_OFF);
        return;
    }
    if (is_float && own->fp_owner != to->object.header) {
        csr_write(sstatus, SSTATUS_UXL_64 | SSTATUS_FS_DIRTY);
        fp_load(to->fp);
        own->fp_owner = to->object.header;
    }
    csr_write(sstatus, to->status);
}
