/* printf and scanf of long double. picolibc is built without it: its vfprintf would take a double
 * from where a long double lies, and from then on each argument from a wrong place; its vfscanf
 * would fill half of one. The linker's --wrap puts what is here before them (every printf and scanf
 * passes there). Where a format has an L, each long double becomes a double, in copies of the
 * arguments and of the format: it prints and is read with the range and the precision of a double.
 *
 *   L1  A va_list is the address of the next argument; each has 8 bytes, a long double 16, aligned
 *       to 16 (RISC-V calling convention, LP64). */
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
int __real_vfscanf(FILE *stream, const char *format, va_list list);
int __wrap_vfscanf(FILE *stream, const char *format, va_list list);

struct copy {
    const char *from; /* in the format */
    char *to;
    const uint64_t *argument; /* L1 */
    uint64_t *argument_to;
};

static bool is_float(char conversion)
{
    return conversion != 0 && strchr("aAeEfFgG", conversion) != NULL;
}

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
    if (is_long && is_float(*copy->from)) {
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

/* ------------------------------------------------------------------------------------ scanf */

/* A long double that is to be read, as a double first. */
struct wanted {
    long double *target;
    double narrow;
    int before; /* that many others are assigned before it */
};

struct scan {
    struct copy copy;
    struct wanted *wanted;
    size_t count;
    int assigned;
};

/* [set], without its end: a ] that comes first is in it. */
static void copy_set(struct copy *copy)
{
    *copy->to++ = *copy->from++;
    if (*copy->from == '^') {
        *copy->to++ = *copy->from++;
    }
    for (bool first = true; *copy->from != 0 && (first || *copy->from != ']'); first = false) {
        *copy->to++ = *copy->from++;
    }
}

static void scan_assignment(struct scan *scan, bool is_long)
{
    struct copy *copy = &scan->copy;
    if (is_long && is_float(*copy->from)) {
        struct wanted *w = &scan->wanted[scan->count++];
        *w = (struct wanted){.target = (long double *)*copy->argument++, .before = scan->assigned};
        *copy->argument_to++ = (uintptr_t)&w->narrow;
    } else {
        copy_argument(copy);
    }
    scan->assigned += *copy->from != 'n';
}

static void scan_conversion(struct scan *scan)
{
    struct copy *copy = &scan->copy;
    bool is_long = false;
    bool is_dropped = false;
    while (*copy->from != 0 && strchr("0123456789*hljztL", *copy->from) != NULL) {
        is_dropped = is_dropped || *copy->from == '*';
        is_long = is_long || *copy->from == 'L';
        *copy->to++ = *copy->from == 'L' ? 'l' : *copy->from;
        copy->from++;
    }
    if (*copy->from == 0) {
        return;
    }
    if (*copy->from != '%' && !is_dropped) {
        scan_assignment(scan, is_long);
    }
    if (*copy->from == '[') {
        copy_set(copy);
    } else {
        *copy->to++ = *copy->from++;
    }
}

int __wrap_vfscanf(FILE *stream, const char *format, va_list list)
{
    if (strchr(format, 'L') == NULL) {
        return __real_vfscanf(stream, format, list);
    }
    size_t length = strlen(format) + 1;
    struct wanted *wanted = malloc(length * (sizeof(*wanted) + sizeof(uint64_t) + 1));
    if (wanted == NULL) {
        errno = ENOMEM;
        return EOF;
    }
    uint64_t *arguments = (uint64_t *)(wanted + length);
    char *plain = (char *)(arguments + length);
    struct scan scan = {.copy = {format, plain, (const uint64_t *)list, arguments},
                        .wanted = wanted};
    while (*scan.copy.from != 0) {
        bool converts = *scan.copy.from == '%';
        *scan.copy.to++ = *scan.copy.from++;
        if (converts) {
            scan_conversion(&scan);
        }
    }
    *scan.copy.to = 0;
    int result = __real_vfscanf(stream, plain, (va_list)arguments);
    for (size_t i = 0; i < scan.count; i++) {
        if (wanted[i].before < result) {
            *wanted[i].target = wanted[i].narrow;
        }
    }
    free(wanted);
    return result;
}
