/* test: MEM=64M SMP=4 */
/* A program is told how many harts there are, and where each process runs: as many processes as
 * harts, none of which waits, are each at one of its own. */
#include <signal.h>
#include <unistd.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "support/tap.h"

enum { HARTS = 4, OTHERS = HARTS - 1 };

static int spin(void *unused)
{
    volatile bool spins = unused == NULL;
    while (spins) {
    }
    return 0;
}

/* The mask of harts that proc tells of a process; 0: it does not know it. */
static uint64_t harts_of(pid_t pid)
{
    uint64_t found = 0, harts = 0, unused[6];
    err_t error = proc_list(PROGRAM_SLOT_PROC, (uint64_t)pid - 1, &found, &unused[0], &unused[1],
                            &unused[2], &unused[3], &unused[4], &unused[5], &harts);
    return error == ERR_OK && found == (uint64_t)pid ? harts : 0;
}

int main(void)
{
    pid_t others[OTHERS];
    uint64_t all = harts_of(getpid());
    check(sysconf(_SC_NPROCESSORS_ONLN) == HARTS, "there are %d harts", HARTS);
    check(all != 0 && (all & (all - 1)) == 0, "one thread runs at one hart");
    for (unsigned i = 0; i < OTHERS; i++) {
        others[i] = child(spin, NULL);
    }
    sleep_ms(50);
    all = harts_of(getpid());
    for (unsigned i = 0; i < OTHERS; i++) {
        all |= harts_of(others[i]);
        kill(others[i], SIGKILL);
        (void)dies_of(others[i], SIGKILL);
    }
    check(all == (1 << HARTS) - 1, "%d processes that do not wait run at 0x%lx", HARTS, all);
    return done();
}
