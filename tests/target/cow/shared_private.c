/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=107,150" */
/* Conformance 7: shared and private memory in one process over fork, three generations. */
#include <string.h>
#include <sys/mman.h>

#include "support/tap.h"

enum { PAGES = 8 };

static volatile uint32_t *shared, *hidden, *late;

static bool all_are(volatile uint32_t *pages, uint32_t value)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (pages[i * PAGE / 4] != value) {
            return false;
        }
    }
    return true;
}

static void set_all(volatile uint32_t *pages, uint32_t value)
{
    for (unsigned i = 0; i < PAGES; i++) {
        pages[i * PAGE / 4] = value;
    }
}

static int grandson(void *unused)
{
    (void)unused;
    if (!all_are(shared, 2) || !all_are(hidden, 22) || !all_are(late, 0)) {
        return 1;
    }
    set_all(shared, 3);
    set_all(hidden, 33);
    set_all(late, 5); /* shared, but nobody had touched it before the fork */
    return 0;
}

static int son(void *unused)
{
    (void)unused;
    if (!all_are(shared, 1) || !all_are(hidden, 11)) {
        return 1;
    }
    set_all(shared, 2);
    set_all(hidden, 22);
    if (!exits_with(child(grandson, NULL), 0)) {
        return 2;
    }
    return all_are(shared, 3) && all_are(hidden, 22) && all_are(late, 5) ? 0 : 3;
}

int main(void)
{
    shared = memory_shared(PAGES * PAGE);
    late = memory_shared(PAGES * PAGE);
    hidden = memory(PAGES * PAGE);
    set_all(shared, 1);
    set_all(hidden, 11);
    check(exits_with(child(son, NULL), 0),
          "son and grandson find shared shared and private private");
    check(all_are(shared, 3), "what the grandson wrote into shared memory shows");
    check(all_are(late, 5), "also where nobody had touched it before the forks");
    check(all_are(hidden, 11), "what both wrote into private memory does not");
    struct books before = books();
    volatile uint32_t *more = memory_shared(GROUP);
    set_all(more, 4);
    check(exits_with(child(grandson, NULL), 1), "a process with more shared memory forks");
    check(munmap((void *)more, GROUP) == 0 && books_return_to(before),
          "unmapped shared memory comes back");
    /* An address that would put private pages beside shared ones in one table is refused. */
    void *mixed = mmap((uint8_t *)shared + GROUP / 2 / PAGE * PAGE, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    check(mixed == MAP_FAILED, "private pages never stand beside shared ones in one table");
    return done();
}
