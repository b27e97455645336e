/* test: MEM=768M TIMEOUT=300 BOOTARGS="overcommit" */
/* As many processes as there can be: where memory is not the limit, it is the slots of proc's
 * capability table; fork then says EAGAIN, nobody is harmed, and all of it comes back. */
#include <byre/gen/proc_client.h>
#include <byre/program.h>
#include <byre/server.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { MOST = PROC_CAPTABLE_SLOTS / 3, TRIES = 20 };

static pid_t children[MOST];

static uint64_t limit_of_processes(void)
{
    uint64_t count, threads, limit, chunks, objects, spare;
    (void)!proc_statistics(PROGRAM_SLOT_PROC, &count, &threads, &limit, &chunks, &objects, &spare);
    return limit;
}

static int sleep_for_ever(void *unused)
{
    (void)unused;
    while (sleep(100000) == 0) {
    }
    return 1;
}

static bool all_die(unsigned count)
{
    bool good = true;
    for (unsigned i = 0; i < count; i++) {
        good = kill(children[i], SIGKILL) == 0 && good;
    }
    for (unsigned i = 0; i < count; i++) {
        good = dies_of(children[i], SIGKILL) && good;
    }
    return good;
}

int main(void)
{
    uint64_t limit = limit_of_processes();
    check(run_program("true", NULL) == 0, "a program runs"); /* warm */
    memset(children, 1, sizeof(children));                   /* has its pages now */
    struct books before = books();
    unsigned count = 0;
    while (count < MOST) {
        children[count] = child(sleep_for_ever, NULL);
        if (children[count] < 0) {
            break;
        }
        count++;
    }
    int error = errno;
    check(error == EAGAIN, "the fork after %u says EAGAIN (errno %d)", count, error);
    check(limit > 10000 && count < limit && limit - count < 50,
          "%u of %lu processes were made: the last places are for small trees", count, limit);
    check(all_die(count), "each of them dies of its signal");
    check(run_program("true", NULL) == 0, "a program runs");
    bool back = false;
    for (unsigned i = 0; i < TRIES && !back; i++) {
        back = books_return_to(before);
    }
    check(back, "what they took has come back");
    return done();
}
