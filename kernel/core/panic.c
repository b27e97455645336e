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

static void put_format(const char *format, va_list arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            arch_console_put(*format);
            continue;
        }
        switch (*++format) {
        case 's':
            put_text(va_arg(arguments, const char *));
            break;
        case 'c':
            arch_console_put((char)va_arg(arguments, int));
            break;
        case 'u':
            put_number(va_arg(arguments, uint64_t), 10);
            break;
        case 'x':
            put_text("0x");
            put_number(va_arg(arguments, uint64_t), 16);
            break;
        default:
            arch_console_put('%');
            return;
        }
    }
}

void kernel_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    put_format(format, arguments);
    va_end(arguments);
}

void kernel_stop(void)
{
    for (unsigned i = 0; i < hart_count; i++) {
        event_print_all(harts[i]);
    }
    arch_panic();
}
