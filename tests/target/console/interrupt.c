/* test: MEM=64M RUN="interrupt sleep; interrupt status $?; interrupt spin; interrupt status $?; interrupt family; interrupt status $?; memaudit" */
/* test: MEM=64M RUN="interrupt sleep; interrupt status $?; interrupt spin; interrupt status $?; interrupt family; interrupt status $?; memaudit" BOOTARGS="preempt=402,150" */
/* type: READY sleep > \x03 */
/* type: READY spin > \x03 */
/* type: READY family > \x03 */
/* refuse: went on */
/* ^C ends what runs in the foreground (asleep, at work, with children) and nothing else: the shell
 * goes on to the next command, which finds the status of SIGINT. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

static int spin(void *unused)
{
    (void)unused;
    for (volatile uint64_t i = 0; i < 1ul << 40; i++) {
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "status") == 0) {
        int status = argc > 2 ? atoi(argv[2]) : -1;
        check(status == 128 + SIGINT, "^C ended it: status %d", status);
        return done();
    }
    printf("# READY %s\n", what);
    fflush(stdout);
    if (strcmp(what, "family") == 0) {
        (void)child(spin, NULL);
        (void)status_of(child(spin, NULL));
    } else if (strcmp(what, "spin") == 0) {
        spin(NULL);
    } else {
        sleep(20);
    }
    printf("# %s went on\n", what);
    return 0;
}
