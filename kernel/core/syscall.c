/* System calls: the way in and the way back. */
#include "core/syscall.h"

#include "core/entry.h"
#include "core/ipc_fast.h"
#include "core/lock.h"
#include "core/schedule.h"

struct lock kernel_lock;

const uint8_t argument_registers[SYSCALL_ARGUMENTS] = {
    REGISTER_A0, REGISTER_A1, REGISTER_A2, REGISTER_A3, REGISTER_A4, REGISTER_A5, REGISTER_A6,
    REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3, REGISTER_T4, REGISTER_T5,
};

void syscall_finish(struct thread *caller, err_t error)
{
    if (error == ERR_RESTART) {
        caller->registers[REGISTER_PC] -= SYSCALL_BYTES; /* Y1 */
        return;
    }
    caller->progress = 0; /* Y2 */
    caller->registers[REGISTER_A0] = error;
}

static void finish(struct thread *caller, err_t error)
{
    syscall_finish(caller, error);
}

#include <byre/gen/dispatch.inc>

void core_syscall(struct hart *hart)
{
    struct thread *caller = hart->current;
    uint64_t number = caller->registers[REGISTER_A7];

    if ((number == SYS_CALL && ipc_fast_call(hart, caller)) ||
        (number == SYS_REPLY_RECEIVE && ipc_fast_reply_receive(hart, caller))) {
        return;
    }
    dispatch(caller, number);
    schedule_finish(hart);
}
