/* test: MEM=64M SMP=4 */
/* Programs start as ever while others ask the pager for statistics without end, which makes it let
 * go whatever it keeps to start the next one sooner. */
#include <signal.h>

#include "support/tap.h"

enum { ASKERS = 2, STARTS = 40 };

static int ask_for_ever(void *unused)
{
    (void)unused;
    while (books().frames_total != 0) {
    }
    return 1;
}

int main(void)
{
    pid_t askers[ASKERS];
    unsigned started = 0;
    for (unsigned i = 0; i < ASKERS; i++) {
        askers[i] = child(ask_for_ever, NULL);
    }
    for (unsigned i = 0; i < STARTS; i++) {
        started += run_program("true", NULL) == 0;
    }
    check(started == STARTS, "%u of %d programs start beside who asks for statistics", started,
          STARTS);
    for (unsigned i = 0; i < ASKERS; i++) {
        kill(askers[i], SIGKILL);
        (void)dies_of(askers[i], SIGKILL);
    }
    return done();
}
