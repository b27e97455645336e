/* The manifest; contract in manifest.h. */
#include "manifest.h"

#include <string.h>

struct reader {
    const char *at;
    const char *end;
};

static bool reader_is_blank(const struct reader *reader)
{
    return reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t');
}

static bool reader_is_at_line_end(const struct reader *reader)
{
    return reader->at == reader->end || *reader->at == '\n' || *reader->at == '#';
}

/* The next word of the line; empty at its end, cut to the size of word_out. */
static void reader_word(struct reader *reader, char word_out[MANIFEST_PATH_BYTES])
{
    unsigned length = 0;

    while (reader_is_blank(reader)) {
        reader->at++;
    }
    while (!reader_is_at_line_end(reader) && !reader_is_blank(reader)) {
        if (length < MANIFEST_PATH_BYTES - 1) {
            word_out[length++] = *reader->at;
        }
        reader->at++;
    }
    word_out[length] = '\0';
}

static void reader_skip_line(struct reader *reader)
{
    while (reader->at < reader->end && *reader->at++ != '\n') {
    }
}

bool manifest_find(const char *text, uint64_t bytes, const char *name,
                   struct manifest_entry *entry_out)
{
    struct reader reader = {text, text + bytes};
    char word[MANIFEST_PATH_BYTES];

    while (reader.at < reader.end) {
        reader_word(&reader, word);
        if (strcmp(word, name) == 0) {
            reader_word(&reader, entry_out->path);
            reader_word(&reader, word);
            entry_out->priority = 0;
            for (const char *c = word; *c >= '0' && *c <= '9'; c++) {
                entry_out->priority = entry_out->priority * 10 + (uint64_t)(*c - '0');
            }
            return true;
        }
        reader_skip_line(&reader);
    }
    return false;
}
