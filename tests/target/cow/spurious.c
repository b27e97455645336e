/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=116,30" */
/* test: MEM=64M BOOTARGS="preempt=117,15" */
/* Conformance 15: faults that find the page already there (several threads at one page) leak nothing:
 * as many frames go as pages were touched, and all come back. */
#include <pthread.h>
#include <sys/mman.h>

#include "support/tap.h"

enum { THREADS = 4, PAGES = 300, ROUNDS = 6 };

static volatile uint8_t *fresh;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static volatile uint64_t sum;

static void *touch(void *argument)
{
    uintptr_t me = (uintptr_t)argument;
    uint64_t seen = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        unsigned page = me % 2 == 0 ? i : PAGES - 1 - i;
        if (me >= 2) {
            seen += fresh[page * PAGE + 2048]; /* a read fault first: the shared zero page */
        }
        fresh[page * PAGE + me] = (uint8_t)(me + 1);
    }
    pthread_mutex_lock(&gate);
    sum += seen;
    pthread_mutex_unlock(&gate);
    return NULL;
}

static bool round_touch(long *frames_out)
{
    pthread_t threads[THREADS];
    bool good = true;
    fresh = memory(PAGES * PAGE);
    struct books before = books();
    for (uintptr_t i = 0; i < THREADS; i++) {
        good = pthread_create(&threads[i], NULL, touch, (void *)i) == 0 && good;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < PAGES; i++) {
        for (unsigned t = 0; t < THREADS; t++) {
            good = good && fresh[i * PAGE + t] == t + 1;
        }
    }
    *frames_out = (long)(before.frames_free - books().frames_free);
    munmap((void *)fresh, PAGES * PAGE);
    return good;
}

int main(void)
{
    long frames;
    (void)round_touch(&frames); /* warm: stacks of threads */
    struct books before = books();
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool good = round_touch(&frames);
        check(good, "each thread's store was kept, round %u", round);
        /* The threads' stacks come on top, where a stack is not kept for the next thread. */
        check(frames >= PAGES && frames <= PAGES + 4 * THREADS + 4, "%d pages took %ld frames",
              PAGES, frames);
    }
    check(sum == 0, "fresh pages read as zero");
    check(books_return_to(before), "no frame and no table leaked");
    return done();
}
