/* Panic and log: words to the console. */
#include "core/panic.h"

#include <stdarg.h>

#include "arch.h"
#include "core/event.h"

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        arch_console_put(digits[--count]);
    }
}

static void put_text(const char *text)
{
    while (*text != '\0') {
        arch_console_put(*text++);
    }
}

static void print(const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            arch_console_put(*format);
        } else if (*++format == 's') {
            put_text(va_arg(arguments, const char *));
        } else if (*format == 'u') {
            put_number(va_arg(arguments, uint64_t), 10);
        } else {
            put_text("0x");
            put_number(va_arg(arguments, uint64_t), 16);
        }
    }
}

void kernel_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void kernel_panic(const char *format, ...)
{
    va_list arguments;

    arch_stop_others();
    put_text("\nkernel panic: ");
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    put_text("\n");
    for (unsigned i = 0; i < hart_count; i++) {
        event_print_all(harts[i]);
    }
    arch_panic();
}
