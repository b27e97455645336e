/* The servers' log: formatted text, 32 bytes a call, through machine_log. Contract:
 * <libsys/print.h>. Lines of several servers may meet in the middle; each call's bytes do not. */
#include <libsys/print.h>

#include <stdint.h>

enum { LOG_CALL_BYTES = 32, LOG_WORDS = LOG_CALL_BYTES / 8 };

static cap_t log_machine;

void print_to(cap_t machine)
{
    log_machine = machine;
}

void print_bytes(const char *text, size_t bytes)
{
    while (log_machine != 0 && bytes > 0) {
        size_t part = bytes < LOG_CALL_BYTES ? bytes : LOG_CALL_BYTES;
        uint64_t words[LOG_WORDS] = {0};
        for (size_t i = 0; i < part; i++) {
            words[i / 8] |= (uint64_t)(uint8_t)text[i] << (i % 8 * 8);
        }
        if (byre_machine_log(log_machine, part, words[0], words[1], words[2], words[3]) != ERR_OK) {
            return;
        }
        text += part;
        bytes -= part;
    }
}

void print(const char *format, ...)
{
    char text[PRINT_BYTES];
    va_list list;
    va_start(list, format);
    size_t length = format_text_list(text, sizeof(text), format, list);
    va_end(list);
    print_bytes(text, length < sizeof(text) ? length : sizeof(text) - 1);
}
