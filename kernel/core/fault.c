/* Faults as calls, and their end. */
#include "core/fault.h"

#include "core/message.h"
#include "core/panic.h"

void fault_deliver_message(struct thread *faulter, struct thread *receiver)
{
    message_deliver_words(receiver, faulter->in_fault, faulter->fault_address,
                          faulter->registers[REGISTER_PC], faulter->registers[REGISTER_SP],
                          faulter->badge, IPC_INFO_FAULT | IPC_INFO_CALL);
}

void fault_stop(struct thread *thread)
{
    thread_note_stopped(thread, THREAD_FAULTED);
    if ((thread->flags & THREAD_FLAG_INIT) != 0) { /* nobody is left who could tell */
        kernel_log("init stops: fault %u at address %x, pc %x", (uint64_t)thread->in_fault,
                   thread->fault_address, thread->registers[REGISTER_PC]);
    }
    thread->in_fault = 0;
}
