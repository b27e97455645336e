/* test: MEM=64M SMP=4 */
/* A program with very long arguments begins while others take pages: their faults do not wait for
 * all of its argument block to be copied. */
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libsys/time.h>

#include "support/tap.h"

enum {
    SPAWNS = 6,
    ARGUMENT_BYTES = 120 * 1024,
    FAULTER_PAGES = 128,
    /* Of 100 instructions of all harts together, as they take turns. */
    LONGEST_TICKS = 1800, /* all at once it would take 2,400 */
};

static uint64_t *longest; /* between two stores to new pages */

static int take_pages(void *unused)
{
    (void)unused;
    while (longest != NULL) {
        volatile char *pages = memory(FAULTER_PAGES * PAGE);
        uint64_t last = time_ticks();
        for (unsigned i = 0; i < FAULTER_PAGES; i++) {
            pages[i * PAGE] = 1;
            uint64_t now = time_ticks();
            *longest = now - last > *longest ? now - last : *longest;
            last = now;
        }
        munmap((void *)(uintptr_t)pages, FAULTER_PAGES * PAGE);
    }
    return 0;
}

static bool spawns(char *argument)
{
    char *const arguments[] = {"true", argument, NULL};
    pid_t pid;
    return posix_spawnp(&pid, "true", NULL, NULL, arguments, NULL) == 0 && exits_with(pid, 0);
}

int main(void)
{
    longest = memory_shared(PAGE);
    char *argument = memory(ARGUMENT_BYTES);
    memset(argument, 'x', ARGUMENT_BYTES - 1);
    check(spawns(argument), "a program begins with %d bytes of arguments", ARGUMENT_BYTES);
    pid_t faulter = child(take_pages, NULL);
    sleep_ms(20);
    uint64_t alone = *longest;
    *longest = 0;
    unsigned begun = 0;
    for (unsigned i = 0; i < SPAWNS; i++) {
        begun += spawns(argument);
    }
    uint64_t beside = *longest;
    kill(faulter, SIGKILL);
    (void)dies_of(faulter, SIGKILL);
    check(begun == SPAWNS, "so do %u of %d beside who takes pages", begun, SPAWNS);
    check(beside < LONGEST_TICKS, "a page takes %lu ticks at most, %lu when nobody begins", beside,
          alone);
    return done();
}
