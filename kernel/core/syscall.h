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

/* Decodes a call's capabilities, stores into registers[] the arguments that are left, and makes it. */
typedef err_t (*system_call_function)(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                                      uint64_t a4, uint64_t a5, uint64_t a6, struct thread *caller);
extern const system_call_function system_calls[SYS_COUNT + 1]; /* the last: a number unknown */

/* Registers by number (RISC-V calling convention), as the ABI names them. */
enum { REGISTER_PC = 0, REGISTER_RA = 1, REGISTER_SP = 2 };
enum { REGISTER_T0 = 5, REGISTER_T1, REGISTER_T2, REGISTER_T3 = 28, REGISTER_T4, REGISTER_T5 };
enum { REGISTER_T6 = 31, REGISTER_A0 = 10, REGISTER_A1, REGISTER_A2, REGISTER_A3, REGISTER_A4 };
enum { REGISTER_A5 = 15, REGISTER_A6, REGISTER_A7 };

enum { SYSCALL_ARGUMENTS = 13, SYSCALL_BYTES = 4 };

static const uint8_t argument_registers[SYSCALL_ARGUMENTS] = {
    REGISTER_A0, REGISTER_A1, REGISTER_A2, REGISTER_A3, REGISTER_A4, REGISTER_A5, REGISTER_A6,
    REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3, REGISTER_T4, REGISTER_T5,
};

static inline uint64_t argument(const struct thread *caller, unsigned n)
{
    return caller->registers[argument_registers[n]];
}

static inline void result(struct thread *caller, unsigned n, uint64_t value)
{
    caller->registers[argument_registers[n + 1]] = value; /* after the error in a0 */
}
