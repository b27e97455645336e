/* The line discipline; contract in terminal.h. */
#include "terminal.h"

enum {
    CONTROL_C = 3,
    CONTROL_D = 4,
    BELL = 7,
    BACKSPACE = 8,
    CONTROL_U = 21,
    ESCAPE = 27,
    DELETE = 127,
    FIRST_PRINTABLE = 32,
    TERMINAL_END = 0x100, /* in the input ring: ^D on an empty line */
};

void terminal_init(struct terminal *terminal, uint64_t attributes,
                   void (*echo)(const char *text, size_t bytes))
{
    *terminal = (struct terminal){.attributes = attributes, .echo = echo};
}

static void terminal_echo(const struct terminal *terminal, const char *text, size_t bytes)
{
    if ((terminal->attributes & TERMINAL_ECHO) != 0) {
        terminal->echo(text, bytes);
    }
}

static void terminal_echo_byte(const struct terminal *terminal, uint8_t byte)
{
    char shown[2] = {'^', (char)(byte ^ 0x40)};
    bool control = (byte < FIRST_PRINTABLE && byte != '\n' && byte != '\t') || byte == DELETE;

    if (control) {
        terminal_echo(terminal, shown, sizeof(shown));
    } else {
        terminal_echo(terminal, (const char *)&byte, 1);
    }
}

static void terminal_refuse(const struct terminal *terminal)
{
    const char bell = BELL;

    terminal->echo(&bell, 1);
}

static bool terminal_put(struct terminal *terminal, uint16_t item)
{
    if (terminal->count == TERMINAL_INPUT_BYTES) {
        return false;
    }
    terminal->input[(terminal->first + terminal->count++) % TERMINAL_INPUT_BYTES] = item;
    return true;
}

static bool terminal_is_control(uint8_t byte)
{
    return byte < FIRST_PRINTABLE && byte != '\t';
}

static bool terminal_continues(uint8_t byte) /* a character of UTF-8 */
{
    return (byte & 0xc0) == 0x80;
}

static void terminal_erase(struct terminal *terminal)
{
    uint8_t byte = (uint8_t)terminal->edit[--terminal->edit_bytes];

    while (terminal_continues(byte) && terminal->edit_bytes > 0) {
        byte = (uint8_t)terminal->edit[--terminal->edit_bytes];
    }
    terminal_echo(terminal, "\b \b", 3);
    if (terminal_is_control(byte)) {
        terminal_echo(terminal, "\b \b", 3);
    }
}

/* The edited line becomes readable. False: no room for it. */
static bool terminal_finish(struct terminal *terminal)
{
    if (terminal->edit_bytes > TERMINAL_INPUT_BYTES - terminal->count) {
        return false;
    }
    for (size_t i = 0; i < terminal->edit_bytes; i++) {
        (void)terminal_put(terminal, (uint8_t)terminal->edit[i]);
    }
    terminal->edit_bytes = 0;
    return true;
}

static enum terminal_event terminal_end_of_input(struct terminal *terminal)
{
    bool done = terminal->edit_bytes == 0 ? terminal_put(terminal, TERMINAL_END)
                                          : terminal_finish(terminal);
    if (!done) {
        terminal_refuse(terminal);
        return TERMINAL_NOTHING;
    }
    return TERMINAL_READABLE;
}

static enum terminal_event terminal_append(struct terminal *terminal, uint8_t byte)
{
    /* The last place of the line is for its newline. */
    size_t limit = byte == '\n' ? TERMINAL_LINE_BYTES : TERMINAL_LINE_BYTES - 1;

    if (terminal->edit_bytes == limit) {
        terminal_refuse(terminal);
        return TERMINAL_NOTHING;
    }
    terminal->edit[terminal->edit_bytes++] = (char)byte;
    if (byte == '\n' && !terminal_finish(terminal)) {
        terminal->edit_bytes--;
        terminal_refuse(terminal);
        return TERMINAL_NOTHING;
    }
    terminal_echo_byte(terminal, byte);
    return byte == '\n' ? TERMINAL_READABLE : TERMINAL_NOTHING;
}

static enum terminal_event terminal_type_line(struct terminal *terminal, uint8_t byte)
{
    switch (byte) {
    case BACKSPACE:
    case DELETE:
        if (terminal->edit_bytes > 0) {
            terminal_erase(terminal);
        }
        return TERMINAL_NOTHING;
    case CONTROL_U:
        while (terminal->edit_bytes > 0) {
            terminal_erase(terminal);
        }
        return TERMINAL_NOTHING;
    case CONTROL_D:
        return terminal_end_of_input(terminal);
    case '\r':
        return terminal_append(terminal, '\n');
    default:
        return terminal_append(terminal, byte);
    }
}

/* True: the byte is part of a key's sequence. A control character within one is itself. */
static bool terminal_escapes(struct terminal *terminal, uint8_t byte)
{
    enum terminal_escape before = terminal->escape;

    terminal->escape = ESCAPE_NONE;
    if (byte == ESCAPE) {
        terminal->escape = ESCAPE_BEGUN;
        return true;
    }
    if (before == ESCAPE_NONE || byte < FIRST_PRINTABLE || byte == DELETE) {
        return false;
    }
    bool introduces = before == ESCAPE_BEGUN && (byte == '[' || byte == 'O');
    bool goes_on = before == ESCAPE_SEQUENCE && (byte < '@' || byte > '~');
    terminal->escape = introduces || goes_on ? ESCAPE_SEQUENCE : ESCAPE_NONE;
    return true;
}

enum terminal_event terminal_type(struct terminal *terminal, uint8_t byte)
{
    if (byte == CONTROL_C && (terminal->attributes & TERMINAL_SIGNALS) != 0) {
        terminal->edit_bytes = 0;
        terminal_echo(terminal, "^C\n", 3);
        return TERMINAL_INTERRUPT;
    }
    if ((terminal->attributes & TERMINAL_LINES) != 0) {
        return terminal_escapes(terminal, byte) ? TERMINAL_NOTHING
                                                : terminal_type_line(terminal, byte);
    }
    if (!terminal_put(terminal, byte)) {
        terminal_refuse(terminal);
        return TERMINAL_NOTHING;
    }
    terminal_echo_byte(terminal, byte);
    return TERMINAL_READABLE;
}

bool terminal_has_room(const struct terminal *terminal)
{
    return TERMINAL_INPUT_BYTES - terminal->count > TERMINAL_LINE_BYTES;
}

bool terminal_is_readable(const struct terminal *terminal)
{
    return terminal->count > 0;
}

size_t terminal_read(struct terminal *terminal, char *buffer_out, size_t bytes)
{
    size_t taken = 0;

    while (taken < bytes && terminal->count > 0) {
        uint16_t item = terminal->input[terminal->first];
        if (item == TERMINAL_END && (taken > 0 || (terminal->attributes & TERMINAL_ENDS) != 0)) {
            break; /* the next read's */
        }
        terminal->first = (terminal->first + 1) % TERMINAL_INPUT_BYTES;
        terminal->count--;
        if (item == TERMINAL_END) {
            break;
        }
        buffer_out[taken++] = (char)item;
        if (item == '\n') {
            break;
        }
    }
    return taken;
}

static void terminal_put_back(struct terminal *terminal, uint16_t item)
{
    terminal->first = (terminal->first + TERMINAL_INPUT_BYTES - 1) % TERMINAL_INPUT_BYTES;
    terminal->input[terminal->first] = item;
    terminal->count++;
}

void terminal_unread(struct terminal *terminal, const char *buffer, size_t bytes)
{
    if (bytes == 0 && (terminal->attributes & TERMINAL_ENDS) == 0) {
        terminal_put_back(terminal, TERMINAL_END);
    }
    while (bytes > 0) {
        terminal_put_back(terminal, (uint8_t)buffer[--bytes]);
    }
}
