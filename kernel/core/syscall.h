/* System calls: where arguments and results are, and how a call ends.
 *
 *   Y1  A call that returns ERR_RESTART has stored its progress in the object or in
 *       caller->progress, and is made again with the same arguments. All of them are checked again:
 *       progress says only how much is already done, and a wrong one can only skip work.
 *   Y2  progress is 0 when a call begins; it is cleared when a call ends with anything else.
 *   Y3  Argument registers are the user's and hostile; they are 64 bits wide, and checked as such.
 */
#pragma once

#include <stdint.h>

#include <byre/gen/system_calls.h>

#include "core/thread.h"

/* Decodes a call's capabilities, stores into registers[] the arguments that are left, and makes
 * it. */
typedef err_t (*system_call_function)(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                      uint64_t a4, uint64_t a5, uint64_t a6, struct thread *caller);
extern const system_call_function system_calls[SYS_COUNT + 1]; /* the last: a number unknown */

enum { SYSCALL_BYTES = 4 };

static const uint8_t argument_registers[SYSCALL_ARGUMENTS] = ARGUMENT_REGISTERS;

static inline uint64_t argument(const struct thread *caller, unsigned n)
{
    return caller->registers[argument_registers[n]];
}

static inline void result(struct thread *caller, unsigned n, uint64_t value)
{
    caller->registers[argument_registers[n + 1]] = value; /* after the error in a0 */
}
