/* printf of long double. picolibc is built without it: its vfprintf would take a double from where a
 * long double lies, and from then on each argument from a wrong place. The linker's --wrap puts
 * __wrap_vfprintf before it (every printf passes there): where a format has %L, each long double
 * becomes a double, in a copy of the arguments, and the L is left out of a copy of the format. So a
 * long double prints with the range and the precision of a double.
 *
 *   L1  A va_list is the address of the next argument; each has 8 bytes, a long double 16, aligned
 *       to 16 (RISC-V calling convention, LP64).                                                  */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(va_list) == sizeof(void *) && sizeof(long double) == 16, "L1");

int __real_vfprintf(FILE *stream, const char *format, va_list list);
int __wrap_vfprintf(FILE *stream, const char *format, va_list list);

struct copy {
    const char *from; /* in the format */
    char *to;
    const uint64_t *argument; /* L1 */
    uint64_t *argument_to;
};

static void copy_argument(struct copy *copy)
{
    *copy->argument_to++ = *copy->argument++;
}

static void copy_long_double(struct copy *copy)
{
    long double value;
    copy->argument += ((uintptr_t)copy->argument / sizeof(uint64_t)) % 2; /* L1 */
    memcpy(&value, copy->argument, sizeof(value));
    copy->argument += 2;
    double narrow = (double)value;
    memcpy(copy->argument_to++, &narrow, sizeof(narrow));
}

/* From behind a % to the end of its conversion. */
static void copy_conversion(struct copy *copy)
{
    bool is_long = false;
    while (*copy->from != 0 && strchr("-+ #0'123456789.*hljztL", *copy->from) != NULL) {
        if (*copy->from == '*') {
            copy_argument(copy);
        }
        if (*copy->from == 'L') {
            is_long = true;
            copy->from++;
        } else {
            *copy->to++ = *copy->from++;
        }
    }
    if (*copy->from == 0) {
        return;
    }
    if (is_long && strchr("aAeEfFgG", *copy->from) != NULL) {
        copy_long_double(copy);
    } else if (*copy->from != '%') {
        copy_argument(copy);
    }
    *copy->to++ = *copy->from++;
}

int __wrap_vfprintf(FILE *stream, const char *format, va_list list)
{
    if (strchr(format, 'L') == NULL) {
        return __real_vfprintf(stream, format, list);
    }
    /* An argument is a conversion or a star: there are fewer than characters. */
    size_t length = strlen(format) + 1;
    uint64_t *arguments = malloc(length * sizeof(uint64_t) + length);
    if (arguments == NULL) {
        errno = ENOMEM;
        return -1;
    }
    char *plain = (char *)(arguments + length);
    struct copy copy = {format, plain, (const uint64_t *)list, arguments};
    while (*copy.from != 0) {
        bool converts = *copy.from == '%';
        *copy.to++ = *copy.from++;
        if (converts) {
            copy_conversion(&copy);
        }
    }
    *copy.to = 0;
    int result = __real_vfprintf(stream, plain, (va_list)arguments);
    free(arguments);
    return result;
}
