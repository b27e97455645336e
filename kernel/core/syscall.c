/* System calls: the way in and the way back. */
#include "core/syscall.h"

#include "core/captable.h"
#include "core/entry.h"
#include "core/lock.h"
#include "core/schedule.h"

struct lock kernel_lock;

#include <byre/gen/dispatch.inc>

void core_syscall(struct hart *hart)
{
    struct thread *caller = hart->current;
    err_t error = dispatch(caller, caller->registers[REGISTER_A7]);

    if (error == ERR_RESTART) {
        caller->registers[REGISTER_PC] -= SYSCALL_BYTES; /* Y1 */
    } else if (error != ERR_DONE) {
        caller->progress = 0; /* Y2 */
        caller->registers[REGISTER_A0] = error;
    }
    schedule_finish(hart);
}
