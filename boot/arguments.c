/* Parser of the kernel's boot arguments: see arguments.h. Pure; what it does not know it skips. */
#include "arguments.h"

#include <format/bytes.h>

enum { ASID_BITS_MAX = 16 };

/* If the word at `at` is `name`, and ends there, or begins with it where it ends in '='. */
static bool word_is(const char *at, const char *name)
{
    if (!text_begins(at, name)) {
        return false;
    }
    char last = '\0';
    for (; *name != '\0'; name++, at++) {
        last = *name;
    }
    return last == '=' || *at == ' ' || *at == '\0';
}

static const char *number_parse(const char *at, uint64_t *value_out)
{
    uint64_t value = 0;
    while (*at >= '0' && *at <= '9') {
        value = value * 10 + (uint64_t)(*at++ - '0');
    }
    *value_out = value;
    return at;
}

static const char *word_end(const char *at)
{
    bool quoted = false;
    while (*at != '\0' && (quoted || *at != ' ')) {
        quoted ^= *at == '\'';
        at++;
    }
    return at;
}

static void word_parse(struct boot_facts *facts, const char *at)
{
    if (word_is(at, "quiet")) {
        facts->quiet = true;
    } else if (word_is(at, "testhooks")) {
        facts->test_hooks = true;
    } else if (word_is(at, "pattern")) {
        facts->pattern = true;
    } else if (word_is(at, "asid_bits=")) {
        (void)number_parse(at + sizeof "asid_bits=" - 1, &facts->asid_bits_max);
    } else if (word_is(at, "preempt=")) {
        facts->preempt = true;
        at = number_parse(at + sizeof "preempt=" - 1, &facts->preempt_seed);
        if (*at == ',') {
            (void)number_parse(at + 1, &facts->preempt_mean_us);
        }
    }
}

void arguments_parse(struct boot_facts *facts, const char *text)
{
    facts->asid_bits_max = ASID_BITS_MAX;
    while (*text != '\0') {
        word_parse(facts, text);
        text = word_end(text);
        while (*text == ' ') {
            text++;
        }
    }
}
