/* Boot arguments; contract in arguments.h. */
#include "arguments.h"

#include <string.h>

/* Copy one word, without its quotes, from text; returns where it ended. */
static const char *arguments_word(const char *text, char word_out[BOOT_ARGS_BYTES])
{
    bool quoted = false;
    unsigned length = 0;

    while (*text == ' ') {
        text++;
    }
    while (*text != '\0' && (quoted || *text != ' ') && length < BOOT_ARGS_BYTES - 1) {
        if (*text != '\'') {
            word_out[length++] = *text++;
        } else if (quoted && text[1] == '\'') {
            word_out[length++] = '\'';
            text += 2;
        } else {
            quoted = !quoted;
            text++;
        }
    }
    word_out[length] = '\0';
    return text;
}

/* What follows a word's name; NULL: it has another. */
static const char *arguments_value(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, name, length) == 0 ? word + length : NULL;
}

static bool arguments_take_flag(const char *word, struct arguments *arguments)
{
    bool *flag = strcmp(word, "testhooks") == 0    ? &arguments->testhooks
                 : strcmp(word, "overcommit") == 0 ? &arguments->overcommit
                 : strcmp(word, "quiet") == 0      ? &arguments->quiet
                                                   : NULL;
    if (flag == NULL) {
        return false;
    }
    *flag = true;
    return true;
}

static bool arguments_take_text(const char *word, struct arguments *arguments)
{
    const char *run = arguments_value(word, "run=");
    const char *farewell = arguments_value(word, "farewell=");

    if (run != NULL) {
        arguments->has_run = true;
        strcpy(arguments->run, *run != '\0' ? run : " "); /* an empty line is one, too */
        return true;
    }
    if (farewell != NULL && strlen(farewell) < FAREWELL_BYTES) {
        strcpy(arguments->farewell, farewell);
        return true;
    }
    return false;
}

/* Digits, and as many times more a comma and digits, at most. */
static bool arguments_are_numbers(const char *text, unsigned more)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0) {
        return false;
    }
    return text[digits] == '\0' ||
           (text[digits] == ',' && more > 0 && arguments_are_numbers(text + digits + 1, more - 1));
}

/* The kernel has taken it (boot/arguments.c). */
static bool arguments_kernel_takes(const char *word)
{
    const char *asid_bits = arguments_value(word, "asid_bits=");
    const char *preempt = arguments_value(word, "preempt=");
    const char *harts = arguments_value(word, "harts=");

    return (harts != NULL && arguments_are_numbers(harts, 0)) ||
           (asid_bits != NULL && arguments_are_numbers(asid_bits, 0)) ||
           (preempt != NULL && arguments_are_numbers(preempt, 1));
}

void arguments_read(const char *text, struct arguments *arguments_out,
                    void (*stranger)(const char *word))
{
    static char word[BOOT_ARGS_BYTES];

    *arguments_out = (struct arguments){0};
    while (*text != '\0') {
        text = arguments_word(text, word);
        if (word[0] != '\0' && !arguments_take_flag(word, arguments_out) &&
            !arguments_take_text(word, arguments_out) && !arguments_kernel_takes(word)) {
            stranger(word);
        }
    }
}
