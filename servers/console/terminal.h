/* The line discipline: what typed bytes become. Pure: bytes in; echo, finished input and one event
 * out.
 *
 *   T1  In line mode (TERMINAL_LINES) input becomes readable a line at a time: by newline, or by
 *       ^D, which on an empty line is the end of input, once (TERMINAL_ENDS: for good). Until then
 *       backspace and ^U edit it, by characters of UTF-8. The sequences that arrow and function
 *       keys send do nothing.
 *   T2  In raw mode every byte is readable at once and none is special, but ^C under
 *       TERMINAL_SIGNALS.
 *   T3  What does not fit is refused with a bell; nothing typed earlier is lost.
 *   T4  A read gives bytes of one line at most.
 */
#ifndef CONSOLE_TERMINAL_H
#define CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum terminal_attribute {
    TERMINAL_ECHO = 1 << 0,
    TERMINAL_LINES = 1 << 1,
    TERMINAL_SIGNALS = 1 << 2,
    TERMINAL_ATTRIBUTES = 7, /* that a program may set */
    TERMINAL_ENDS = 1 << 3,  /* nobody can type on after an end of input */
};

/* Of a key's sequence, ESC [ ... LETTER or ESC O LETTER, what has come. */
enum terminal_escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_SEQUENCE };

enum { TERMINAL_LINE_BYTES = 1024, TERMINAL_INPUT_BYTES = 4096 };

enum terminal_event { TERMINAL_NOTHING, TERMINAL_READABLE, TERMINAL_INTERRUPT };

struct terminal {
    uint64_t attributes;
    void (*echo)(const char *text, size_t bytes);
    enum terminal_escape escape;
    size_t edit_bytes;
    char edit[TERMINAL_LINE_BYTES];
    /* Finished input: bytes, or TERMINAL_END for an end of input. */
    uint32_t first;
    uint32_t count;
    uint16_t input[TERMINAL_INPUT_BYTES];
};

void terminal_init(struct terminal *terminal, uint64_t attributes,
                   void (*echo)(const char *text, size_t bytes));
enum terminal_event terminal_type(struct terminal *terminal, uint8_t byte);
/* A line and the end of input after it would find room. */
bool terminal_has_room(const struct terminal *terminal);
bool terminal_is_readable(const struct terminal *terminal);
/* Take up to `bytes` (T4); 0: end of input. terminal_is_readable must hold. */
size_t terminal_read(struct terminal *terminal, char *buffer_out, size_t bytes);
/* Put back what terminal_read has just given: its reader was gone. */
void terminal_unread(struct terminal *terminal, const char *buffer, size_t bytes);

#endif
