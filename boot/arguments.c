/* Parser of the kernel's boot arguments: see arguments.h. Pure; what it does not know it skips. */
#include "arguments.h"

#include <format/bytes.h>

enum { ASID_BITS_MAX = 16 };

/* What follows a word, or a word's beginning that ends in =; NULL: there is none. */
static const char *find(const char *text, const char *name)
{
    bool quoted = false;
    bool begins = true;
    for (; *text != '\0'; text++) {
        const char *rest = begins ? text_after(text, name) : NULL;
        if (rest != NULL && (rest[-1] == '=' || *rest == ' ' || *rest == '\0')) {
            return rest;
        }
        quoted ^= *text == '\'';
        begins = !quoted && *text == ' ';
    }
    return NULL;
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

/* The number behind a name; if the text has it not, the other. */
static uint64_t number_of(const char *text, const char *name, uint64_t otherwise)
{
    const char *at = find(text, name);
    if (at != NULL) {
        (void)number_parse(at, &otherwise);
    }
    return otherwise;
}

void arguments_parse(struct boot_facts *facts, const char *text)
{
    const char *preempt = find(text, "preempt=");
    facts->quiet = find(text, "quiet") != NULL;
    facts->test_hooks = find(text, "testhooks") != NULL;
    facts->preempt = preempt != NULL;
    facts->asid_bits_max = number_of(text, "asid_bits=", ASID_BITS_MAX);
    facts->harts_max = number_of(text, "harts=", UINT64_MAX);
    if (preempt != NULL) {
        preempt = number_parse(preempt, &facts->preempt_seed);
        if (*preempt == ',') {
            (void)number_parse(preempt + 1, &facts->preempt_mean_us);
        }
    }
}
