/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=123,60" */
/* Conformance 19: atomic instructions (amoadd, lr/sc) on copy-on-write pages: as stores they copy,
 * and no addition is lost. */
#include <pthread.h>

#include "support/tap.h"

enum { ADDITIONS = 4000, PAGES = 6, THREADS = 2 };

static uint64_t *counters; /* two in each page */

static void add_amo(uint64_t *counter)
{
    __asm__ volatile("amoadd.d zero, %1, (%0)" : : "r"(counter), "r"(1ul) : "memory");
}

static void add_lr_sc(uint64_t *counter)
{
    uint64_t value, failed;
    __asm__ volatile("1: lr.d %0, (%2)\n"
                     "addi %0, %0, 1\n"
                     "sc.d %1, %0, (%2)\n"
                     "bnez %1, 1b"
                     : "=&r"(value), "=&r"(failed)
                     : "r"(counter)
                     : "memory");
}

static void *add_all(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ADDITIONS; i++) {
        add_amo(&counters[i % PAGES * PAGE / 8]);
        add_lr_sc(&counters[i % PAGES * PAGE / 8 + 1]);
    }
    return NULL;
}

static uint64_t sum(void)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        total += counters[i * PAGE / 8] + counters[i * PAGE / 8 + 1];
    }
    return total;
}

static bool add_with_threads(void)
{
    uint64_t before = sum();
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, add_all, NULL) != 0) {
            return false;
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    return sum() == before + 2 * THREADS * ADDITIONS;
}

static int son(void *unused)
{
    (void)unused;
    return add_with_threads() ? 0 : 1;
}

int main(void)
{
    counters = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        counters[i * PAGE / 8] = 100 * i;
    }
    uint64_t start = sum();
    for (unsigned round = 0; round < 4; round++) {
        bool in_child = exits_with(child(son, NULL), 0);
        check(in_child, "two threads of a child lose no addition");
        check(sum() == start, "and the parent sees none");
        pid_t pid = child(son, NULL);
        check(add_with_threads(), "nor do two of the parent, while a child adds too");
        check(exits_with(pid, 0), "nor the child's");
        start += 2 * THREADS * ADDITIONS;
        check(sum() == start, "each has its own sum");
    }
    return done();
}
