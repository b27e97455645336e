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

void arguments_parse(struct boot_facts *facts, const char *text)
{
    const char *asid_bits = find(text, "asid_bits=");
    const char *preempt = find(text, "preempt=");
    const char *harts = find(text, "harts=");
    facts->quiet = find(text, "quiet") != NULL;
    facts->test_hooks = find(text, "testhooks") != NULL;
    facts->preempt = preempt != NULL;
    facts->asid_bits_max = ASID_BITS_MAX;
    facts->harts_max = UINT64_MAX;
    if (harts != NULL) {
        (void)number_parse(harts, &facts->harts_max);
    }
    if (asid_bits != NULL) {
        (void)number_parse(asid_bits, &facts->asid_bits_max);
    }
    if (preempt != NULL) {
        preempt = number_parse(preempt, &facts->preempt_seed);
        if (*preempt == ',') {
            (void)number_parse(preempt + 1, &facts->preempt_mean_us);
        }
    }
}
