/* One measured operation: how often, the least, the most and the sum of retired instructions, of the
 * whole machine, with what a pair of readings costs taken off. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdint.h>

struct sample {
    uint64_t operations;
    uint64_t sum;
    uint64_t least;
    uint64_t most;
};

/* The readings around one operation. The markers, instructions that do nothing, open and close a
 * window for tools/profile/plugin.c; they stand outside of what is counted. */
static inline uint64_t retired_before(void)
{
    uint64_t value;
    __asm__ volatile(".word 0x5b102013\n\trdinstret %0" : "=r"(value)::"memory");
    return value;
}

static inline uint64_t retired_after(void)
{
    uint64_t value;
    __asm__ volatile("rdinstret %0\n\t.word 0x5b202013" : "=r"(value)::"memory");
    return value;
}

static inline uint64_t sample_overhead(void)
{
    uint64_t before, after;
    __asm__ volatile("rdinstret %0\n\trdinstret %1" : "=r"(before), "=r"(after)::"memory");
    return after - before;
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

#endif
