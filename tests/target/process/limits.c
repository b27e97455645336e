/* test: MEM=64M TIMEOUT=120 RUN="forkbomb 3 & limits && memaudit" */
/* test: MEM=64M TIMEOUT=120 RUN="hog 0 3 & limits && memaudit" */
/* test: MEM=64M TIMEOUT=120 RUN="forkbomb 3 & hog 0 3 & limits && memaudit" */
/* test: MEM=64M TIMEOUT=120 RUN="forkbomb 3 & hog 0 3 & limits && memaudit" BOOTARGS="preempt=204,300" */
/* expect: ^(forkbomb: [0-9]+ forks, [0-9]+ refused|hog: [0-9]+ KiB taken and written, then
 * refused)$ */
/* refuse: Killed */
/* While a fork bomb and a memory hog meet the limits of their trees, everyone else works: programs
 * start, in good time, and nothing that did nothing is killed. */
#include <errno.h>
#include <unistd.h>

#include "support/tap.h"

enum { STARTS = 25, MOST_MS = 1000 };

int main(void)
{
    unsigned failed = 0;
    uint64_t slowest = 0;
    sleep_ms(200); /* they are at work */
    for (unsigned i = 0; i < STARTS; i++) {
        uint64_t start = microseconds();
        int status = run_program("true", NULL);
        if (status != 0) {
            note("a start fails: wait status 0x%x, errno %d", (unsigned)status, errno);
            failed++;
        }
        uint64_t took = microseconds() - start;
        slowest = took > slowest ? took : slowest;
        sleep_ms(50);
    }
    check(failed == 0, "%d programs start and end meanwhile (%u did not)", STARTS, failed);
    check(slowest < MOST_MS * 1000, "the slowest took %lu us", slowest);
    sleep_ms(4000); /* they have ended, and said so */
    check(run_program("true", NULL) == 0, "afterwards too");
    return done();
}
