/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=403,60" */
/* test: MEM=64M BOOTARGS="preempt=404,25" */
/* expect: ^# line 39 a{60}$ */
/* expect: ^# line 39 b{60}$ */
/* expect: ^# line 39 c{60}$ */
/* expect: ^# line 39 d{60}$ */
/* refuse: ^# line \d+ (?!(a{60}|b{60}|c{60}|d{60})$) */
/* refuse: [abcd]# line */
/* The output of several processes is not torn within a line, whether a line comes in one write or
 * in many. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

enum { WRITERS = 4, LINES = 40, LETTERS = 60 };

static int write_lines(void *argument)
{
    int me = (int)(intptr_t)argument;
    char letters[LETTERS + 1] = {0};
    memset(letters, 'a' + me, LETTERS);
    for (int i = 0; i < LINES; i++) {
        char line[128];
        int length = snprintf(line, sizeof(line), "# line %d %s\n", i, letters);
        int piece = me % 2 == 0 ? length : 7; /* whole, or in pieces */
        for (int at = 0; at < length; at += piece) {
            int bytes = length - at < piece ? length - at : piece;
            if (write(1, line + at, (size_t)bytes) != bytes) {
                return 1;
            }
        }
    }
    return 0;
}

int main(void)
{
    pid_t pids[WRITERS];
    for (intptr_t i = 0; i < WRITERS; i++) {
        pids[i] = child(write_lines, (void *)i);
    }
    bool good = true;
    for (int i = 0; i < WRITERS; i++) {
        good = exits_with(pids[i], 0) && good;
    }
    check(good, "%d processes wrote %d lines each", WRITERS, LINES);
    return done();
}
