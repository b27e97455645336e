/* System calls: the way in and the way back. */
#include "core/syscall.h"

#include "core/captable.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/schedule.h"

struct lock kernel_lock;

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

    dispatch(caller, caller->registers[REGISTER_A7]);
    schedule_finish(hart);
}
