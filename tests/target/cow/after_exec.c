/* test: MEM=160M TIMEOUT=60 */
/* test: MEM=2600M TIMEOUT=120 RUN="after_exec 1024 && memaudit" */
/* Conformance 9: after the child has execed, the parent rewrites all it has with at most four
 * faults a GiB and a constant. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { CONSTANT = 4 }; /* one is measured, for the root entry of the block */

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 48;
    size_t bytes = megabytes << 20;
    volatile uint8_t *block = memory(bytes);
    for (size_t at = 0; at < bytes; at += PAGE) {
        block[at] = 1;
    }
    struct books before = books();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execve("bin/sleep", (char *[]){"sleep", "100", NULL}, (char *[]){NULL});
        _exit(127);
    }
    /* The child's old space has gone when frames promised are back to little more than before. */
    for (unsigned i = 0;
         i < 300 && books().frames_promised > before.frames_promised + bytes / PAGE / 2; i++) {
        sleep_ms(10);
    }
    sleep_ms(50);
    uint64_t faults = own_faults();
    uint64_t start = microseconds();
    for (size_t at = 0; at < bytes; at += PAGE) {
        block[at]++;
    }
    uint64_t end = microseconds();
    faults = own_faults() - faults;
    uint64_t most = 4 * (bytes >> 30) + CONSTANT;
    check(pid > 0, "the child execs");
    check(faults <= most, "rewriting %lu MiB took %lu faults, at most %lu",
          (unsigned long)megabytes, faults, most);
    note("%lu us", end - start);
    bool right = true;
    for (size_t at = 0; at < bytes; at += PAGE) {
        right = right && block[at] == 2;
    }
    check(right, "every page is what was written");
    kill(pid, 9);
    int status;
    check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == 9,
          "the child lived till now");
    return done();
}
