/* test: MEM=512M TIMEOUT=120 */
/* test: MEM=512M TIMEOUT=120 BOOTARGS="preempt=503,400" */
/* The ancestor's one-byte count: with 255 sharers it wrapped and they corrupted each other, with
 * 256 it panicked. Here 254 to 258 share a page, and each writes its own. */
#include <unistd.h>

#include "support/tap.h"

enum { MOST = 258 };

static volatile uint8_t *page;
static volatile uint32_t *step; /* shared: [0] ready, [1] what to do, [2] written */

static int sharer(void *number)
{
    uint8_t mine = (uint8_t)(uintptr_t)number;
    page[PAGE] = mine; /* its own table */
    __atomic_add_fetch(&step[0], 1, __ATOMIC_SEQ_CST);
    while (step[1] < 1) {
        sleep_ms(20);
    }
    bool right = page[0] == 'p';
    page[0] = mine;
    __atomic_add_fetch(&step[2], 1, __ATOMIC_SEQ_CST);
    while (step[1] < 2) {
        sleep_ms(20);
    }
    return right && page[0] == mine && page[PAGE] == mine ? 0 : 1;
}

static bool wait_for(unsigned word, unsigned count)
{
    for (unsigned i = 0; i < 3000 && step[word] < count; i++) {
        sleep_ms(10);
    }
    return step[word] == count;
}

static bool share(unsigned sharers)
{
    static pid_t pids[MOST];
    step[0] = step[1] = step[2] = 0;
    page[0] = 'p';
    for (uintptr_t i = 0; i < sharers - 1; i++) { /* the parent is one of them */
        pids[i] = child(sharer, (void *)(i + 1));
    }
    bool good = wait_for(0, sharers - 1) && page[0] == 'p';
    step[1] = 1;
    good = wait_for(2, sharers - 1) && good && page[0] == 'p';
    step[1] = 2;
    for (unsigned i = 0; i < sharers - 1; i++) {
        good = exits_with(pids[i], 0) && good;
    }
    return good && page[0] == 'p';
}

int main(void)
{
    step = memory_shared(PAGE);
    page = memory(2 * PAGE);
    step[0] = step[1] = step[2] = 0;
    check(share(5), "five share a page");
    struct books before = books();
    for (unsigned sharers = 254; sharers <= MOST; sharers++) {
        check(share(sharers), "%u share a page, and each writes its own", sharers);
    }
    check(books_return_to(before), "and all frames come back");
    return done();
}
