/* Panic: our own bug stops the machine, in words. Also the kernel's few lines of log.
 *
 * KASSERT is on in release. Nothing that a user can influence is ever asserted.
 * Formats know %s, %u (uint64_t, decimal) and %x (uint64_t, hexadecimal).
 */
#pragma once

#include <stdint.h>

void kernel_print(const char *format, ...);
/* Why, the events, registers and backtrace; then nothing. */
_Noreturn void kernel_panic(const char *format, ...);

/* One line of log, marked as the kernel's. */
#define kernel_log(format, ...) kernel_print("kernel: " format "\n", ##__VA_ARGS__)

#define KASSERT(condition)                                                                     \
    (__builtin_expect(!(condition), 0)                                                         \
         ? kernel_panic("%s, line %u: not true: %s", __FILE__, (uint64_t)__LINE__, #condition) \
         : (void)0)
