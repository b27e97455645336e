/* One measured operation: how often, the least, the most and the sum of retired instructions, of the
 * whole machine, with what a pair of readings costs taken off. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdint.h>
#include <stdio.h>

struct sample {
    uint64_t operations;
    uint64_t sum;
    uint64_t least;
    uint64_t most;
};

static inline uint64_t retired(void)
{
    uint64_t value;
    __asm__ volatile("rdinstret %0" : "=r"(value)::"memory");
    return value;
}

static inline uint64_t sample_overhead(void)
{
    uint64_t before = retired();
    return retired() - before;
}

static inline void sample_add(struct sample *sample, uint64_t value)
{
    sample->least = sample->operations == 0 || value < sample->least ? value : sample->least;
    sample->most = value > sample->most ? value : sample->most;
    sample->sum += value;
    sample->operations++;
}

static inline void sample_count(struct sample *sample, uint64_t before, uint64_t after)
{
    sample_add(sample, after - before - sample_overhead());
}

/* The line that report.py reads. */
static inline void sample_print(const char *name, const struct sample *s, const char *unit)
{
    printf("bench %s %lu %lu %lu %lu %s\n", name, (unsigned long)s->least, (unsigned long)s->sum,
           (unsigned long)s->most, (unsigned long)s->operations, unit);
}

#endif
