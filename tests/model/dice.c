/* Dice and failing. See model.h. */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct model_options model;
uint64_t model_step;
static uint64_t state;

void dice_start(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull;
}

uint64_t dice_roll(void) /* splitmix64 */
{
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint64_t dice_below(uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)dice_roll() * limit) >> 64);
}

bool dice_chance(unsigned one_in)
{
    return dice_below(one_in) == 0;
}

uint64_t dice_between(uint64_t low, uint64_t high)
{
    return low + dice_below(high - low + 1);
}

void model_fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "# model: ");
    vfprintf(stderr, format, list);
    va_end(list);
    fprintf(stderr,
            "\n# seed %llu, step %llu\n# repeat: model --seed %llu --steps %llu "
            "--audit-every %llu --chunks %u%s%s%s%s --trace\n",
            (unsigned long long)model.seed, (unsigned long long)model_step,
            (unsigned long long)model.seed, (unsigned long long)model_step + 1,
            (unsigned long long)model.audit_every, model.chunks,
            model.overcommit ? " --overcommit" : "", model.shortage ? " --shortage" : "",
            model.beside ? " --beside" : "", model.fierce ? " --fierce" : "");
    fflush(stderr);
    exit(1);
}

void model_trace(const char *format, ...)
{
    if (!model.trace) {
        return;
    }
    va_list list;
    va_start(list, format);
    fprintf(stderr, "%llu: ", (unsigned long long)model_step);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
}
