/* test: MEM=64M TIMEOUT=90 */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="preempt=113,60" */
/* Conformance 12: a child is killed while its fault is queued. An auditor holds the pager still
 * until the child stands in a fault; then it is killed, and the pager goes on. Also killed at any
 * point of its work. Its memory comes back. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { HELD = 6, ROUNDS = 40, PAGES = 512, HOLD_MS = 60, STILL_MS = 20, MOST_MS = 400 };

static volatile uint8_t *block;
static volatile uint32_t *progress; /* shared: [0] stores begun, [1] stores done */

/* Faults without end: copies, fresh pages, tables. */
static int fault_on(void *argument)
{
    bool fork_too = argument != NULL;
    for (;;) {
        for (unsigned i = 0; i < PAGES; i++) {
            block[i * PAGE]++;
        }
        volatile uint8_t *more =
            mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (unsigned i = 0; more != MAP_FAILED && i < 64; i++) {
            more[i * PAGE] = 1;
        }
        if (fork_too) {
            pid_t pid = fork();
            if (pid == 0) {
                block[0]++;
                _exit(0);
            }
            (void)status_of(pid);
        }
        munmap((void *)more, 64 * PAGE);
    }
    return 0;
}

/* A page a millisecond, each store a fault. */
static int fault_slowly(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < PAGES; i++) {
        progress[0]++;
        block[i * PAGE]++;
        progress[1]++;
        sleep_ms(1);
    }
    return 0;
}

/* Killed when it has begun a store and does not get on: its fault waits. */
static bool killed_in_the_queue(void)
{
    progress[0] = progress[1] = 0;
    pid_t pid = child(fault_slowly, NULL);
    pid_t auditor = hold_pager(HOLD_MS);
    uint32_t before = 0;
    unsigned still = 0;
    for (unsigned ms = 0; ms < MOST_MS && still < STILL_MS; ms++) {
        sleep_ms(1);
        bool in_store = progress[0] == progress[1] + 1 && progress[0] == before;
        still = in_store ? still + 1 : 0;
        before = progress[0];
    }
    bool killed = kill(pid, SIGKILL) == 0 && dies_of(pid, SIGKILL);
    bool stood = still == STILL_MS && progress[0] == before; /* no answer came, before or after */
    int status = status_of(auditor);
    if (status != 0 || !stood || !killed) {
        note("auditor 0x%x, stood still %u ms, %u stores begun, %u before, %u done",
             (unsigned)status, still, (unsigned)progress[0], (unsigned)before,
             (unsigned)progress[1]);
    }
    return status == 0 && stood && killed;
}

static bool killed_at_work(unsigned round)
{
    pid_t pid = child(fault_on, round % 3 == 0 ? "fork" : NULL);
    uint64_t until = microseconds() + random_next() % 4000;
    while (microseconds() < until) {
    }
    if (round % 2 == 0) {
        sleep_ms(1 + (unsigned)(random_next() % 3));
    }
    return kill(pid, SIGKILL) == 0 && dies_of(pid, SIGKILL);
}

static bool block_is_whole(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (block[i * PAGE] != 42) {
            return false;
        }
    }
    return true;
}

int main(void)
{
    progress = memory_shared(PAGE);
    progress[0] = progress[1] = 0;
    block = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 42;
    }
    (void)killed_in_the_queue(); /* warm */
    (void)killed_at_work(0);
    sleep_ms(100);
    struct books before = books();
    unsigned queued = 0;
    for (unsigned i = 0; i < HELD; i++) {
        queued += killed_in_the_queue();
    }
    check(queued == HELD, "%u of %d children were killed with their fault in the queue", queued,
          HELD);
    check(books_return_to(before), "no frame and no table leaked");
    bool killed = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        killed = killed_at_work(round) && killed;
    }
    check(killed, "%d children were killed at work", ROUNDS);
    check(block_is_whole(), "the parent's memory is untouched");
    check(books_return_to(before), "no frame and no table leaked");
    return done();
}
