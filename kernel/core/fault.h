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
    return (unsigned)faulter->in_fault - FAULT_PAGE_READ <= FAULT_PAGE_EXECUTE - FAULT_PAGE_READ;
}

static inline void fault_map(struct thread *faulter, const struct map_item *item)
{
    vaddr_t address = {faulter->fault_address};
    uint64_t index = address.value >> PAGE_SHIFT & (TABLE_ENTRIES - 1);
    uint64_t old = item->table.entries[index];
    bool was_valid = (old & PTE_V) != 0;
    bool is_replaced = was_valid && entry_frame(old).number != entry_frame(item->entry).number;

    if (is_replaced) { /* nobody writes to the new frame while another hart still reads the old one */
        table_write(&item->table, index, 0);
        arch_flush_page(faulter->space, address);
    }
    table_write(&item->table, index, item->entry);
    if (was_valid && !is_replaced) {
        arch_flush_page(faulter->space, address);
    }
}

/* What the replier's flags ask for, done: ARGUMENT, or what the map item says. */
[[nodiscard]] static inline err_t fault_answer(struct thread *faulter, const struct thread *replier,
                                               unsigned flags, uint64_t w0, uint64_t w1,
                                               uint64_t w2)
{
    unsigned asked = flags & (IPC_MAP | IPC_FENCE | IPC_FAIL);
    struct capability *memory;
    struct map_item item;

    if (asked == IPC_MAP) {
        REFUSE_IF(!fault_is_of_page(faulter), ERR_ARGUMENT);
        TRY(captable_find(replier->captable, w2, OBJECT_MEMORY, RIGHT_BIND, &memory));
        TRY(table_decode_item(memory, (frame_t){w0}, w1, &item));
        fault_map(faulter, &item);
        return ERR_OK;
    }
    if (asked == IPC_FENCE) {
        REFUSE_IF(!fault_is_of_page(faulter), ERR_ARGUMENT);
        arch_flush_page(faulter->space, (vaddr_t){faulter->fault_address});
        hart_count_one(replier->hart, COUNTER_LOOK_AGAIN);
        return ERR_OK;
    }
    return asked == 0 || asked == IPC_FAIL ? ERR_OK : ERR_ARGUMENT;
}
