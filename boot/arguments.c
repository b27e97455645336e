/* Parser of the kernel's boot arguments: see arguments.h. Pure; what it does not know it skips. */
#include "arguments.h"

#include <format/bytes.h>

enum { ASID_BITS_MAX = 16 };

#define WORD_IS(at, name) word_is(at, name, sizeof name - 1)
#define AFTER(at, name)   ((at) + sizeof name - 1)

static bool word_is(const char *at, const char *name, uint64_t length)
{
    return text_begins(at, name) && (at[length] == ' ' || at[length] == '\0');
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
    if (WORD_IS(at, "quiet")) {
        facts->quiet = true;
    } else if (WORD_IS(at, "testhooks")) {
        facts->test_hooks = true;
    } else if (WORD_IS(at, "pattern")) {
        facts->pattern = true;
    } else if (text_begins(at, "asid_bits=")) {
        (void)number_parse(AFTER(at, "asid_bits="), &facts->asid_bits_max);
    } else if (text_begins(at, "preempt=")) {
        facts->preempt = true;
        at = number_parse(AFTER(at, "preempt="), &facts->preempt_seed);
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
