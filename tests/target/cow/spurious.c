/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=116,30" */
/* test: MEM=64M BOOTARGS="preempt=117,15" */
/* Conformance 15: faults that find the page already there leak nothing. On one hart the pager
 * answers before a sibling runs again, so an auditor holds it still until four threads have all
 * faulted on one page: the first is given it, the others are told to look again. As many frames go
 * as pages were touched, and all come back. */
#include <byre/gen/calls.h>
#include <pthread.h>
#include <sys/mman.h>

#include "support/tap.h"

enum { THREADS = 4, PAGES = 150, HOLDS = 4, HOLD_MS = 20, MOST_MS = 3000 };

static volatile uint8_t *fresh;
static volatile uint32_t *last;            /* [0] the page that all may touch: lockstep */
static volatile uint32_t touched[THREADS]; /* pages that each has done */
static volatile uint32_t stop;

static bool all_have(uint32_t pages)
{
    for (unsigned t = 0; t < THREADS; t++) {
        if (touched[t] < pages) {
            return false;
        }
    }
    return true;
}

/* Page by page, none before all have done the one before. */
static void *touch(void *argument)
{
    uintptr_t me = (uintptr_t)argument;
    for (uint32_t page = 0; page < PAGES; page++) {
        while (last[0] < page || !all_have(page)) {
            (void)byre_yield();
        }
        if (me >= 2 && fresh[page * PAGE + 2048] != 0) { /* a read fault: the zero page */
            stop = 1;
        }
        fresh[page * PAGE + me] = (uint8_t)(me + 1);
        touched[me] = page + 1;
    }
    return NULL;
}

/* Threads touch page after page while the pager is held now and then; *again_out: faults that were
 * neither of zero pages nor copies. */
static bool round_touch(long *frames_out, uint64_t *again_out)
{
    pthread_t threads[THREADS];
    bool good = true;
    for (unsigned t = 0; t < THREADS; t++) {
        touched[t] = 0;
    }
    last[0] = 0;
    fresh = memory(PAGES * PAGE);
    for (uintptr_t i = 0; i < THREADS; i++) {
        good = pthread_create(&threads[i], NULL, touch, (void *)i) == 0 && good;
    }
    while (!all_have(1)) {
        sleep_ms(1);
    }
    struct own_books own = own_books();
    struct books before = books();
    for (unsigned i = 1; i <= HOLDS; i++) {
        pid_t auditor = hold_pager(HOLD_MS);
        /* A page a millisecond, until the threads stand still: then all are in the queue. */
        for (unsigned ms = 0; ms < MOST_MS && last[0] < i * PAGES / (HOLDS + 1); ms++) {
            last[0] += all_have(last[0] + 1);
            sleep_ms(1);
        }
        good = status_of(auditor) == 0 && good;
    }
    last[0] = PAGES;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    *again_out = own_books().faults_other - own.faults_other;
    *frames_out = (long)(before.frames_free - books().frames_free);
    for (unsigned i = 0; i < PAGES; i++) {
        for (unsigned t = 0; t < THREADS; t++) {
            good = good && fresh[i * PAGE + t] == t + 1;
        }
    }
    munmap((void *)fresh, PAGES * PAGE);
    return good;
}

int main(void)
{
    long frames;
    uint64_t again;
    last = memory_shared(PAGE);
    last[0] = 0;
    (void)round_touch(&frames, &again); /* warm: stacks of threads */
    struct books before = books();
    bool good = round_touch(&frames, &again);
    check(good, "each thread's store was kept");
    check(again >= THREADS - 1, "%lu faults found the page already there", again);
    /* One page was touched before the count began, and the threads' stacks have gone since. */
    check(frames <= PAGES && frames >= PAGES - 1 - 2 * THREADS, "%d pages took %ld frames", PAGES,
          frames);
    check(stop == 0, "fresh pages read as zero");
    check(books_return_to(before), "no frame and no table leaked");
    return done();
}
