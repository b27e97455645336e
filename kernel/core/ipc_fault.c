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
        faulter->hart->must_choose = true;
        fault_stop(faulter);
    }
    return schedule_settle(faulter->hart);
}

struct thread *core_fault(struct hart *hart, uint64_t kind, uint64_t address)
{
    struct thread *faulter = hart->current;
    uint64_t ready = hart->ready_bitmap;
    const struct capability *capability = &faulter->fault_endpoint;
    struct endpoint *endpoint = (struct endpoint *)capability->object;
    struct thread *receiver = NULL;

    hart_count_one(hart, COUNTER_FAULTS);
    faulter->fault_count++;
    faulter->fault_address = address;
    faulter->in_fault = (uint8_t)kind;
    if (endpoint != NULL && endpoint->object.header == capability->header) {
        receiver = find_receiver(hart, ready, endpoint);
    }
    if (receiver == NULL) {
        return fault_generally(faulter);
    }
    event_record_at(hart, hart->switched_ticks, EVENT_FAULT, (uint64_t)faulter, address);
    hold_and_run(hart, ready, endpoint, faulter, false, receiver);
    return arch_resume_message(receiver, 0, kind, address, faulter->registers[REGISTER_PC],
                               faulter->registers[REGISTER_SP], capability->badge,
                               IPC_INFO_FAULT | IPC_INFO_CALL);
}

/* The answer that carries a map item, and nothing else, through the reply object that it received
 * with. */
struct thread *core_reply_receive_fault(MESSAGE_REGISTERS)
{
    struct captable *table = caller->captable;
    const struct capability *memory = captable_good(table, w2, OBJECT_MEMORY, RIGHT_BIND);
    const struct capability *from;
    struct thread *answered;
    struct reply *reply;
    struct map_item item;
    struct hart *hart;
    uint64_t ready;

    if (memory == NULL || table_decode_item(memory, (frame_t){w0}, w1, &item) != ERR_OK) {
        return core_reply_receive_generally(MESSAGE);
    }
    from = captable_good(table, index, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    if (from == NULL || label >> 32 != 0 ||
        (descriptor & (IPC_FLAGS_MASK & ~(uint64_t)(IPC_LONG | IPC_ACCEPT))) != IPC_MAP) {
        return core_reply_receive_generally(MESSAGE);
    }
    reply = caller->receive_reply;
    hart = caller->hart;
    ready = hart->ready_bitmap;
    answered = find_answered(hart, ready, (struct endpoint *)from->object, reply);
    if (answered == NULL || !fault_is_of_page(answered) || !may_accept(caller, descriptor)) {
        return core_reply_receive_generally(MESSAGE);
    }
    fault_map(answered, &item);
    answered->in_fault = 0;
    answer_and_wait(hart, ready, caller, label, (descriptor & IPC_ACCEPT) != 0,
                    (struct endpoint *)from->object, reply, answered);
    return answered;
}
