/* Panic: our own bug stops the machine, in words. Also the kernel's few lines of log.
 *
 * KASSERT is on in release. Nothing that a user can influence is ever asserted.
 * Formats know %s, %u (uint64_t, decimal) and %x (uint64_t, hexadecimal).
 */
#pragma once

#include <stdint.h>

void kernel_print(const char *format, ...);
_Noreturn void kernel_stop(void); /* the events, registers and backtrace; then nothing */

/* One line of log, marked as the kernel's; and the last one. */
#define kernel_log(format, ...) kernel_print("kernel: " format "\n", ##__VA_ARGS__)
#define kernel_panic(format, ...) \
    (kernel_print("\nkernel panic: " format "\n", ##__VA_ARGS__), kernel_stop())

#define KASSERT(condition)                                                                     \
    (__builtin_expect(!(condition), 0)                                                         \
         ? kernel_panic("%s, line %u: not true: %s", __FILE__, (uint64_t)__LINE__, #condition) \
         : (void)0)
