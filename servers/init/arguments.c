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

void arguments_read(const char *text, struct arguments *arguments_out)
{
    static char word[BOOT_ARGS_BYTES];
    static const char run[] = "run=";
    static const char farewell[] = "farewell=";

    *arguments_out = (struct arguments){0};
    while (*text != '\0') {
        text = arguments_word(text, word);
        if (strcmp(word, "testhooks") == 0) {
            arguments_out->testhooks = true;
        } else if (strcmp(word, "overcommit") == 0) {
            arguments_out->overcommit = true;
        } else if (strcmp(word, "quiet") == 0) {
            arguments_out->quiet = true;
        } else if (strncmp(word, run, sizeof(run) - 1) == 0) {
            arguments_out->has_run = true;
            strcpy(arguments_out->run, word + sizeof(run) - 1);
        } else if (strncmp(word, farewell, sizeof(farewell) - 1) == 0 &&
                   strlen(word) < sizeof(farewell) - 1 + FAREWELL_BYTES) {
            strcpy(arguments_out->farewell, word + sizeof(farewell) - 1);
        }
    }
}
