/* One measured operation: how often, the least, the most and the sum of retired instructions, of
 * the whole machine, with what a pair of readings costs taken off.
 *
 * The markers are instructions that do nothing; the plugins of tools/profile/ see them. They stand
 * outside of what is counted. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdint.h>

struct sample {
    uint64_t operations;
    uint64_t sum;
    uint64_t least;
    uint64_t most;
};

/* Where instret may not be read, the build names another counter and how many instructions one step
 * of it stands for (make bench-linux). */
#ifndef SAMPLE_COUNTER
#define SAMPLE_COUNTER "instret"
#define SAMPLE_SCALE   1
#endif

static inline uint64_t retired_now(void)
{
    uint64_t value;
    __asm__ volatile("csrr %0, " SAMPLE_COUNTER : "=r"(value)::"memory");
    return value * SAMPLE_SCALE;
}

/* Opens a window. */
static inline uint64_t retired_before(void)
{
    uint64_t value;
    __asm__ volatile(".word 0x5b102013\n\tcsrr %0, " SAMPLE_COUNTER : "=r"(value)::"memory");
    return value * SAMPLE_SCALE;
}

/* Closes it. */
static inline uint64_t retired_after(void)
{
    uint64_t value;
    __asm__ volatile("csrr %0, " SAMPLE_COUNTER "\n\t.word 0x5b202013" : "=r"(value)::"memory");
    return value * SAMPLE_SCALE;
}

static inline uint64_t sample_overhead(void)
{
    uint64_t before, after;
    __asm__ volatile("csrr %0, " SAMPLE_COUNTER "\n\tcsrr %1, " SAMPLE_COUNTER
                     : "=r"(before), "=r"(after)::"memory");
    return (after - before) * SAMPLE_SCALE;
}

/* The window that closed last is a sample, of this value. */
static inline void sample_add(struct sample *sample, uint64_t value)
{
    __asm__ volatile(".word 0x5b302013" ::: "memory");
    sample->least = sample->operations == 0 || value < sample->least ? value : sample->least;
    sample->most = value > sample->most ? value : sample->most;
    sample->sum += value;
    sample->operations++;
}

static inline void sample_count(struct sample *sample, uint64_t before, uint64_t after)
{
    sample_add(sample, after - before - sample_overhead());
}

/* The operation is measured: what comes next belongs to another. */
static inline void sample_end(void)
{
    __asm__ volatile(".word 0x5b402013" ::: "memory");
}

#endif
