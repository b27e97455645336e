/* Constants that the assembly needs of C structures: tools/offsets.py turns this file's assembly
 * into build/gen/offsets.h. It is never linked. */

#include "core/lock.h"
#include "riscv/hart.h"
#include "riscv/harts.h"
#include "riscv/trap.h"

#define CONSTANT(name, value)      __asm__ volatile("->" #name " %0" : : "i"(value))
#define OFFSET(name, type, member) CONSTANT(name, offsetof(type, member))

void offsets(void);

void offsets(void)
{
    OFFSET(THREAD_REGISTERS_OFFSET, struct thread, registers);
    OFFSET(THREAD_HART, struct thread, hart);
    OFFSET(THREAD_PROGRESS, struct thread, progress);
    OFFSET(HART_CURRENT, struct hart, current);
    OFFSET(HART_STACK_TOP, struct hart, stack_top);
    OFFSET(HART_LOCK_IS_HELD, struct hart, lock_is_held);
    OFFSET(HART_ENTRIES, struct hart, counters[COUNTER_ENTRIES]);
    OFFSET(HART_MUST, struct hart, must_choose);
    static_assert(offsetof(struct hart, must_set_timer) == offsetof(struct hart, must_choose) + 1,
                  "entry.S reads both at once");
    CONSTANT(NUMBER_CALL, SYS_CALL);
    CONSTANT(NUMBER_REPLY_RECEIVE, SYS_REPLY_RECEIVE);
    CONSTANT(NUMBER_UNKNOWN, SYS_COUNT);
    static_assert((int32_t)ERR_RESTART == -1 && (int32_t)ERR_DONE < -1, "entry.S tells them so");
    static_assert(offsetof(struct lock, is_held) == 0, "entry.S swaps the lock's first word");
    OFFSET(HART_ID, struct riscv_hart, hart_id);
    CONSTANT(HART_PLACE_BYTES, HART_PLACE_BYTES);
    CONSTANT(HART_STRUCT_OFFSET, HART_STRUCT);
    OFFSET(ENTRY_PLACES, struct hart_entry_facts, places);
    OFFSET(ENTRY_COUNT, struct hart_entry_facts, count);
    OFFSET(ENTRY_SATP, struct hart_entry_facts, satp);
    OFFSET(ENTRY_OFFSET, struct hart_entry_facts, image_offset);
    OFFSET(FRAME_STATUS, struct trap_frame, status);
    OFFSET(FRAME_CAUSE, struct trap_frame, cause);
    OFFSET(FRAME_VALUE, struct trap_frame, value);
}
