/* Faults and their answers by the short path of IPC; see ipc_fast.h. */
#include "core/entry.h"
#include "core/fault.h"
#include "core/ipc.h"
#include "core/ipc_fast.h"
#include "core/ipc_inline.h"

static __attribute__((noinline)) struct thread *fault_generally(struct thread *faulter)
{
    const struct capability *endpoint = &faulter->fault_endpoint;

    event_record(faulter->hart, EVENT_FAULT, (uint64_t)faulter, faulter->fault_address);
    if (capability_is_alive(endpoint)) {
        faulter->badge = endpoint->badge;
        ipc_call(faulter, (struct endpoint *)endpoint->object);
    } else {
        schedule_block(faulter, THREAD_FAULTED);
        fault_stop(faulter);
    }
    return schedule_settle(faulter->hart);
}

struct thread *core_fault(struct hart *hart, unsigned kind, uint64_t address)
{
    struct thread *faulter = hart->current;
    uint64_t ready = hart->ready_bitmap;
    const struct capability *capability = &faulter->fault_endpoint;
    struct endpoint *endpoint = (struct endpoint *)capability->object;
    struct thread *receiver;

    hart_count_one(hart, COUNTER_FAULTS);
    faulter->fault_count++;
    faulter->fault_kind = (uint8_t)kind;
    faulter->fault_address = address;
    faulter->in_fault = true;
    receiver = capability_is_alive(capability) ? find_receiver(hart, ready, endpoint) : NULL;
    if (receiver == NULL) {
        return fault_generally(faulter);
    }
    faulter->badge = capability->badge;
    event_record_at(hart, hart->switched_ticks, EVENT_FAULT, (uint64_t)faulter, address);
    hold_and_run(hart, ready, endpoint, faulter, false, receiver);
    return arch_resume_message(receiver, 0, kind, address, faulter->registers[REGISTER_PC],
                               faulter->registers[REGISTER_SP], faulter->badge,
                               IPC_INFO_FAULT | IPC_INFO_CALL);
}

/* It takes nothing from the message but its map item. */
struct thread *core_reply_receive_fault(MESSAGE_REGISTERS)
{
    const struct capability *from =
        captable_good(caller->captable, index, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    struct reply *reply = find_reply(caller, descriptor);
    struct hart *hart = caller->hart;
    uint64_t ready = hart->ready_bitmap;
    unsigned flags = descriptor & (IPC_FLAGS_MASK & ~(unsigned)(IPC_LONG | IPC_ACCEPT));
    struct thread *answered = NULL;

    if (from != NULL && label >> 32 == 0) {
        answered = find_answered(hart, ready, (struct endpoint *)from->object, reply);
    }
    if (answered == NULL || !answered->in_fault || (flags & ~(IPC_MAP | IPC_FENCE)) != 0 ||
        !may_accept(caller, descriptor) ||
        fault_answer(answered, caller, flags, w0, w1, w2) != ERR_OK) {
        return core_reply_receive_generally(MESSAGE);
    }
    answered->in_fault = false;
    answer_and_wait(hart, ready, caller, label, (descriptor & IPC_ACCEPT) != 0,
                    (struct endpoint *)from->object, reply, answered);
    return answered;
}
