/* test: MEM=128M TIMEOUT=120 */
/* test: MEM=128M TIMEOUT=120 BOOTARGS="preempt=105,150" */
/* Conformance 5: threads write while their sibling forks. Nobody's store is lost, and each child
 * sees each page as it was at one moment. */
#include <pthread.h>
#include <unistd.h>

#include "support/tap.h"

enum { THREADS = 3, PAGES = 24, FORKS = 40 };

/* A page: both words are written one after the other, so second <= first <= second + 1. */
struct counters {
    volatile uint64_t first;
    uint8_t gap[PAGE - 16];
    volatile uint64_t second;
};

static struct counters *pages;
static volatile bool stop;
static volatile uint64_t lost;

static void *write_all(void *argument)
{
    struct counters *mine = pages + (uintptr_t)argument * PAGES;
    for (uint64_t round = 1; !stop; round++) {
        for (int i = 0; i < PAGES; i++) {
            lost += mine[i].first != round - 1 || mine[i].second != round - 1;
            mine[i].first = round;
            mine[i].second = round;
        }
    }
    return NULL;
}

/* The child: only the forking thread lives on; nothing may change under it. */
static int snapshot(void *unused)
{
    (void)unused;
    uint64_t sum = 0;
    for (int i = 0; i < THREADS * PAGES; i++) {
        uint64_t first = pages[i].first, second = pages[i].second;
        if (first != second && first != second + 1) {
            return 1;
        }
        sum += first;
        pages[i].first = 7; /* into its own copy */
    }
    uint64_t again = 0;
    for (int i = 0; i < THREADS * PAGES; i++) {
        again += pages[i].first;
    }
    return again == 7 * THREADS * PAGES ? 0 : 2;
}

int main(void)
{
    pages = memory(sizeof(struct counters) * THREADS * PAGES);
    pthread_t threads[THREADS];
    bool started = true, children = true;
    for (uintptr_t i = 0; i < THREADS; i++) {
        started = pthread_create(&threads[i], NULL, write_all, (void *)i) == 0 && started;
    }
    check(started, "%d threads write", THREADS);
    sleep_ms(5);
    for (int i = 0; i < FORKS; i++) {
        children = exits_with(child(snapshot, NULL), 0) && children;
    }
    stop = true;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    check(children, "%d children each see whole pages, and write their own", FORKS);
    check(lost == 0, "no store of a thread was lost (%lu)", (unsigned long)lost);
    check(pages[0].first > 1, "the threads went on: %lu rounds", (unsigned long)pages[0].first);
    return done();
}
