/* How the system serves several processes at once: `bench harts WORKERS [MS]`.
 *
 * So many processes do the same for the same time, each for itself: they compute, take new pages,
 * have pages copied on write. A line is
 *   harts OPERATION WORKERS RATE
 * with what all of them did in a second together. The rates mean something only beside each other,
 * in runs on the same host at the same time: harts.py makes them. */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum {
    WORKERS_MAX = 16,
    DEFAULT_MS = 250,
    COMPUTE_STEPS = 20000,
    PAGES = LEAF_PAGES, /* a round's: what comes between two rounds is small beside them */
};

/* Shared by all: where they wait for one another, and what each did. */
enum { WORD_READY, WORD_GO, WORD_DONE };

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Each returns how many of its operations a round did. */
static uint64_t compute(void)
{
    uint64_t x = 88172645463325252;
    for (unsigned i = 0; i < COMPUTE_STEPS; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        __asm__ volatile("" : "+r"(x));
    }
    return COMPUTE_STEPS;
}

static uint64_t take_new_pages(void)
{
    pages_drop(pages_new(PAGES), PAGES);
    return PAGES;
}

static volatile char *inherited;

static uint64_t copy_pages(void)
{
    if (inherited == NULL) {
        inherited = pages_new(PAGES);
    }
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        pages_touch(inherited, PAGES);
        _exit(0);
    }
    child_wait(pid);
    return PAGES;
}

static void work(uint64_t (*round)(void), volatile uint64_t *shared, unsigned index, unsigned ms)
{
    (void)round(); /* warm */
    __atomic_add_fetch(&shared[WORD_READY], 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&shared[WORD_GO], __ATOMIC_ACQUIRE) == 0) {
        rest_ms(1);
    }
    uint64_t begin = nanoseconds(), now = begin, done = 0;
    while (now - begin < (uint64_t)ms * 1000000) {
        done += round();
        now = nanoseconds();
    }
    shared[WORD_DONE + index] = done * 1000000 / ((now - begin) / 1000);
    _exit(0);
}

static void measure(const char *operation, uint64_t (*round)(void), unsigned workers, unsigned ms)
{
    volatile uint64_t *shared = shared_new();
    pid_t pids[WORKERS_MAX];
    for (unsigned i = 0; i < workers; i++) {
        pids[i] = fork_or_fail();
        if (pids[i] == 0) {
            work(round, shared, i, ms);
        }
    }
    while (__atomic_load_n(&shared[WORD_READY], __ATOMIC_ACQUIRE) < workers) {
        rest_ms(1);
    }
    __atomic_store_n(&shared[WORD_GO], 1, __ATOMIC_RELEASE);
    uint64_t rate = 0;
    for (unsigned i = 0; i < workers; i++) {
        child_wait(pids[i]);
        rate += shared[WORD_DONE + i];
    }
    printf("harts %s %u %lu\n", operation, workers, (unsigned long)rate);
    shared_drop(shared);
}

int harts(const char *workers_text, const char *ms_text)
{
    unsigned workers = (unsigned)strtoul(workers_text, NULL, 10);
    unsigned ms = ms_text != NULL ? (unsigned)strtoul(ms_text, NULL, 10) : DEFAULT_MS;
    if (workers == 0 || workers > WORKERS_MAX) {
        printf("bench: 1 to %d workers\n", WORKERS_MAX);
        return 1;
    }
    measure("compute", compute, workers, ms);
    measure("zero", take_new_pages, workers, ms);
    measure("copy", copy_pages, workers, ms);
    return 0;
}
