/* test: MEM=512M TIMEOUT=120 */
/* The ancestor spent half a second with interrupts off in one fork of a big process. Here a sleeper is
 * woken in time while another process forks, execs and ends with hundreds of megabytes. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { BYTES = 200 << 20, FORKS = 10, MOST_LATE_US = 25000 };

static volatile uint64_t *worst; /* shared: [0] worst lateness, [1] stop, [2] wakes */

static int sleeper(void *unused)
{
    (void)unused;
    while (worst[1] == 0) {
        uint64_t start = microseconds();
        sleep_ms(1);
        uint64_t late = microseconds() - start - 1000;
        worst[0] = late > worst[0] && worst[2] > 3 ? late : worst[0];
        worst[2]++;
    }
    return 0;
}

static int rewrite_some(void *block)
{
    volatile uint8_t *bytes = block;
    for (size_t at = 0; at < BYTES; at += 64 * PAGE) {
        bytes[at]++;
    }
    return 0;
}

int main(void)
{
    worst = memory_shared(PAGE);
    worst[0] = worst[1] = worst[2] = 0;
    pid_t pid = child(sleeper, NULL); /* before there is anything to share */
    sleep_ms(50);
    volatile uint8_t *block = memory(BYTES);
    for (size_t at = 0; at < BYTES; at += PAGE) {
        block[at] = 1;
    }
    note("filled: at the worst %lu us late", worst[0]);
    bool good = true;
    for (unsigned i = 0; i < FORKS; i++) {
        good = exits_with(child(rewrite_some, (void *)block), 0) && good;
        rewrite_some((void *)block);
    }
    note("forked: at the worst %lu us late", worst[0]);
    munmap((void *)block, BYTES);
    sleep_ms(20);
    worst[1] = 1;
    check(exits_with(pid, 0) && good, "a big process forks %d times beside a sleeper", FORKS);
    check(worst[2] > 20, "it woke %lu times", worst[2]);
    check(worst[0] < MOST_LATE_US, "at the worst %lu us late", worst[0]);
    return done();
}
