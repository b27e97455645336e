/* System calls: what each finds decoded, and how one ends. */
#include "core/syscall.h"

#include "arch.h"
#include "core/captable.h"
#include "core/entry.h"
#include "core/schedule.h"

#define CALL_REGISTERS                                                                            \
    [[maybe_unused]] uint64_t a0, [[maybe_unused]] uint64_t a1, [[maybe_unused]] uint64_t a2,     \
        [[maybe_unused]] uint64_t a3, [[maybe_unused]] uint64_t a4, [[maybe_unused]] uint64_t a5, \
        [[maybe_unused]] uint64_t a6, struct thread *caller

/* All registers are in memory: its results are more than the way out takes along. */
static err_t call_is_whole(struct thread *caller, err_t error)
{
    if (error < ERR_DONE) {
        caller->registers[REGISTER_A0] = error;
        caller->progress = 0;
        error = ERR_DONE;
    }
    return error;
}

static err_t call_is_unknown(CALL_REGISTERS)
{
    caller->registers[REGISTER_A1] = a1;
    return ERR_SYSCALL;
}

err_t sys_version(struct thread *caller)
{
    result(caller, 0, KERNEL_ABI_VERSION);
    return ERR_OK;
}

#include <byre/gen/dispatch.inc>
