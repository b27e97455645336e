/* Faults as calls, and what their answers ask for. */
#include "core/fault.h"

#include "arch.h"
#include "core/captable.h"
#include "core/hart.h"
#include "core/message.h"
#include "core/panic.h"
#include "core/syscall.h"
#include "core/table.h"

void fault_deliver_message(struct thread *faulter, struct thread *receiver)
{
    message_deliver_words(receiver, faulter->fault_kind, faulter->fault_address,
                          faulter->registers[REGISTER_PC], faulter->registers[REGISTER_SP],
                          faulter->badge, IPC_INFO_FAULT | IPC_INFO_CALL);
}

void fault_stop(struct thread *thread)
{
    thread->in_fault = false;
    thread->state = THREAD_FAULTED;
    if ((thread->flags & THREAD_FLAG_INIT) != 0) { /* nobody is left who could tell */
        kernel_log("init stops: fault %u at address %x, pc %x", (uint64_t)thread->fault_kind,
                   thread->fault_address, thread->registers[REGISTER_PC]);
    }
}

static bool is_page_fault(const struct thread *faulter)
{
    return faulter->fault_kind >= FAULT_PAGE_READ && faulter->fault_kind <= FAULT_PAGE_EXECUTE;
}

static err_t map(struct thread *faulter, const struct thread *replier, uint64_t table,
                 uint64_t map_word, uint64_t slot)
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

err_t fault_answer(struct thread *faulter, const struct thread *replier, unsigned flags,
                   uint64_t w0, uint64_t w1, uint64_t w2)
{
    switch (flags & (IPC_MAP | IPC_FENCE | IPC_FAIL)) {
    case 0:
    case IPC_FAIL:
        return ERR_OK;
    case IPC_MAP:
        return is_page_fault(faulter) ? map(faulter, replier, w0, w1, w2) : ERR_ARGUMENT;
    case IPC_FENCE:
        REFUSE_IF(!is_page_fault(faulter), ERR_ARGUMENT);
        arch_flush_page(faulter->space, (vaddr_t){faulter->fault_address});
        hart_count_one(replier->hart, COUNTER_LOOK_AGAIN);
        return ERR_OK;
    default:
        return ERR_ARGUMENT;
    }
}
