/* test: MEM=64M TIMEOUT=90 */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="preempt=113,60" */
/* Conformance 12: a child is killed while it faults, at any point of it. Its memory comes back. */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { ROUNDS = 60, PAGES = 512 };

static volatile uint8_t *block;

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
}

int main(void)
{
    block = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 42;
    }
    struct books before = {0};
    bool killed = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        pid_t pid = child(fault_on, round % 3 == 0 ? "fork" : NULL);
        uint64_t until = microseconds() + random_next() % 4000;
        while (microseconds() < until) {
        }
        if (round % 2 == 0) {
            sleep_ms(1 + (unsigned)(random_next() % 3));
        }
        killed = kill(pid, SIGKILL) == 0 && dies_of(pid, SIGKILL) && killed;
        if (round == 3) {
            sleep_ms(100);
            before = books();
        }
    }
    check(killed, "%d children were killed at work", ROUNDS);
    bool right = true;
    for (unsigned i = 0; i < PAGES; i++) {
        right = right && block[i * PAGE] == 42;
    }
    check(right, "the parent's memory is untouched");
    check(books_return_to(before), "no frame and no table leaked");
    return done();
}
