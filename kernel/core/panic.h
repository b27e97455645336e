/* Panic: our own bug stops the machine, in words. Also the kernel's few lines of log.
 *
 * KASSERT is on in release. Nothing that a user can influence is ever asserted.
 * Formats know %s, %c, %u (uint64_t, decimal) and %x (uint64_t, hexadecimal).
 */
#pragma once

#include <stdint.h>

#define KASSERT(condition)                                                                       \
    do {                                                                                         \
        if (__builtin_expect(!(condition), 0)) {                                                 \
            kernel_panic("%s, line %u: not true: %s", __FILE__, (uint64_t)__LINE__, #condition); \
        }                                                                                        \
    } while (0)

void kernel_log(const char *format, ...);   /* one line, marked as the kernel's */
void kernel_print(const char *format, ...); /* as it is */
_Noreturn void kernel_panic(const char *format, ...);
