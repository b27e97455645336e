/* The formatter behind format_text and print: one pass, integers and strings only. Contract:
 * <libsys/print.h>. */
#include <libsys/print.h>

#include <stdbool.h>
#include <stdint.h>

struct sink {
    char *buffer;
    size_t bytes;
    size_t length; /* may run beyond bytes: P2 */
};

struct conversion {
    bool left;
    bool zero;
    int width;
    int precision; /* -1: none */
    int length;    /* -2 hh, -1 h, 0 int, 1 l ll z */
    char kind;
};

static void sink_put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->bytes) {
        sink->buffer[sink->length] = c;
    }
    sink->length++;
}

static void sink_fill(struct sink *sink, char c, int count)
{
    for (; count > 0; count--) {
        sink_put(sink, c);
    }
}

/* `head` (a sign or 0x) goes before zeros and after blanks. */
static void sink_field(struct sink *sink, const struct conversion *c, const char *head,
                       const char *body, int body_bytes)
{
    int head_bytes = 0;
    while (head[head_bytes] != 0) {
        head_bytes++;
    }
    int padding = c->width - body_bytes - head_bytes;
    if (!c->left && !c->zero) {
        sink_fill(sink, ' ', padding);
    }
    for (int i = 0; i < head_bytes; i++) {
        sink_put(sink, head[i]);
    }
    if (!c->left && c->zero) {
        sink_fill(sink, '0', padding);
    }
    for (int i = 0; i < body_bytes; i++) {
        sink_put(sink, body[i]);
    }
    if (c->left) {
        sink_fill(sink, ' ', padding);
    }
}

static void sink_number(struct sink *sink, const struct conversion *c, uint64_t value,
                        const char *head)
{
    char digits[20];
    int first = (int)sizeof(digits);
    unsigned base = c->kind == 'd' || c->kind == 'u' ? 10 : 16;
    const char *alphabet = c->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
        digits[--first] = alphabet[value % base];
        value /= base;
    } while (value != 0);
    sink_field(sink, c, head, digits + first, (int)sizeof(digits) - first);
}

static void sink_string(struct sink *sink, const struct conversion *c, const char *text)
{
    if (text == NULL) {
        text = "(null)";
    }
    int bytes = 0;
    while ((c->precision < 0 || bytes < c->precision) && text[bytes] != 0) {
        bytes++;
    }
    sink_field(sink, c, "", text, bytes);
}

static int read_count(const char **format, va_list *list)
{
    if (**format == '*') {
        (*format)++;
        return va_arg(*list, int);
    }
    int count = 0;
    while (**format >= '0' && **format <= '9' && count < 10000) {
        count = count * 10 + (**format - '0');
        (*format)++;
    }
    return count;
}

static struct conversion conversion_read(const char **format, va_list *list)
{
    struct conversion c = {.precision = -1};
    for (; **format == '-' || **format == '0'; (*format)++) {
        c.left = c.left || **format == '-';
        c.zero = c.zero || **format == '0';
    }
    c.width = read_count(format, list);
    if (c.width < 0) {
        c.left = true;
        c.width = -c.width;
    }
    if (**format == '.') {
        (*format)++;
        c.precision = read_count(format, list);
    }
    for (;; (*format)++) {
        if (**format == 'l' || **format == 'z') {
            c.length = 1;
        } else if (**format == 'h') {
            c.length--;
        } else {
            break;
        }
    }
    c.kind = **format == 'i' ? 'd' : **format;
    return c;
}

static uint64_t read_unsigned(const struct conversion *c, va_list *list)
{
    if (c->length > 0) {
        return va_arg(*list, uint64_t);
    }
    unsigned value = va_arg(*list, unsigned);
    return c->length == -1 ? (uint16_t)value : c->length <= -2 ? (uint8_t)value : value;
}

static int64_t read_signed(const struct conversion *c, va_list *list)
{
    if (c->length > 0) {
        return va_arg(*list, int64_t);
    }
    int value = va_arg(*list, int);
    return c->length == -1 ? (int16_t)value : c->length <= -2 ? (int8_t)value : value;
}

static void convert(struct sink *sink, const struct conversion *c, va_list *list)
{
    switch (c->kind) {
    case 'd': {
        int64_t value = read_signed(c, list);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        sink_number(sink, c, magnitude, value < 0 ? "-" : "");
        break;
    }
    case 'u':
    case 'x':
    case 'X':
        sink_number(sink, c, read_unsigned(c, list), "");
        break;
    case 'p':
        sink_number(sink, c, (uint64_t)(uintptr_t)va_arg(*list, void *), "0x");
        break;
    case 'c':
        sink_field(sink, c, "", &(char){(char)va_arg(*list, int)}, 1);
        break;
    case 's':
        sink_string(sink, c, va_arg(*list, const char *));
        break;
    default:
        sink_put(sink, c->kind);
        break;
    }
}

size_t format_text_list(char *buffer, size_t bytes, const char *format, va_list list)
{
    struct sink sink = {.buffer = buffer, .bytes = bytes};
    va_list copy;
    va_copy(copy, list);
    for (; *format != 0; format++) {
        if (*format != '%') {
            sink_put(&sink, *format);
            continue;
        }
        format++;
        struct conversion c = conversion_read(&format, &copy);
        if (c.kind == 0) {
            break;
        }
        convert(&sink, &c, &copy);
    }
    va_end(copy);
    if (bytes > 0) {
        buffer[sink.length < bytes ? sink.length : bytes - 1] = 0;
    }
    return sink.length;
}

size_t format_text(char *buffer, size_t bytes, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    size_t length = format_text_list(buffer, bytes, format, list);
    va_end(list);
    return length;
}
