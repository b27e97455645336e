/* Faults: a thread's fault becomes a call to its fault endpoint; the answer may carry a mapping.
 *
 *   X1  A thread with no living fault endpoint, or whose fault nobody will answer, is FAULTED: it
 *       stops, and nothing else does.
 */
#pragma once

#include "arch.h"
#include "core/captable.h"
#include "core/hart.h"
#include "core/syscall.h"
#include "core/table.h"
#include "core/thread.h"

void fault_deliver_message(struct thread *faulter, struct thread *receiver);
void fault_stop(struct thread *thread); /* X1; it is nowhere */

static inline bool fault_is_of_page(const struct thread *faulter)
{
    return faulter->fault_kind >= FAULT_PAGE_READ && faulter->fault_kind <= FAULT_PAGE_EXECUTE;
}

[[nodiscard]] static inline err_t fault_map(struct thread *faulter, const struct thread *replier,
                                            uint64_t table, uint64_t map_word, uint64_t slot)
{
    vaddr_t address = {faulter->fault_address};
    struct capability *memory;
    bool was_valid;

    TRY(captable_find(replier->captable, slot, OBJECT_MEMORY, RIGHT_BIND, &memory));
    TRY(table_map_page(memory, (frame_t){table}, address, map_word, &was_valid));
    if (was_valid) {
        arch_flush_page(faulter->space, address);
    }
    return ERR_OK;
}

/* What the replier's flags ask for, done: ARGUMENT, or what the map item says. MAP has written the
 * entry when this returns OK. */
[[nodiscard]] static inline err_t fault_answer(struct thread *faulter, const struct thread *replier,
                                               unsigned flags, uint64_t w0, uint64_t w1,
                                               uint64_t w2)
{
    unsigned asked = flags & (IPC_MAP | IPC_FENCE | IPC_FAIL);

    if (asked == IPC_MAP) {
        return fault_is_of_page(faulter) ? fault_map(faulter, replier, w0, w1, w2) : ERR_ARGUMENT;
    }
    if (asked == IPC_FENCE) {
        REFUSE_IF(!fault_is_of_page(faulter), ERR_ARGUMENT);
        arch_flush_page(faulter->space, (vaddr_t){faulter->fault_address});
        hart_count_one(replier->hart, COUNTER_LOOK_AGAIN);
        return ERR_OK;
    }
    return asked == 0 || asked == IPC_FAIL ? ERR_OK : ERR_ARGUMENT;
}
