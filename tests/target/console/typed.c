/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=401,150" */
/* type: READY 1 > plain\r */
/* type: READY 2 > wrong\x15right\r */
/* type: READY 3 > abx\x7f\x7fcd\r */
/* type: READY 4 > one\rtwo\r */
/* type: READY 5 > half\x04 */
/* type: READY 6 > \x04 */
/* refuse: ^plain */
/* Lines typed at the console: erase by backspace and ^U, ^D with and without a line begun, two
 * lines typed at once. A run that a script reads has no echo (that is console/echoed.c's), and its
 * input ends for good. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

static int number;

/* Asks the typist for the next keys and reads once. */
static bool reads(const char *expected)
{
    char line[128] = {0};
    printf("# READY %d\n", ++number);
    fflush(stdout);
    ssize_t bytes = read(0, line, sizeof(line) - 1);
    bool good = bytes == (ssize_t)strlen(expected) && memcmp(line, expected, strlen(expected)) == 0;
    if (!good) {
        note("read %ld bytes: \"%s\"", (long)bytes, line);
    }
    return good;
}

int main(void)
{
    check(reads("plain\n"), "a line");
    check(reads("right\n"), "^U takes back what was typed");
    check(reads("acd\n"), "backspace takes back a letter each");
    check(reads("one\n"), "of two lines the first");
    char line[16] = {0};
    check(read(0, line, sizeof(line)) == 4 && strcmp(line, "two\n") == 0, "then the second");
    check(reads("half"), "^D gives what was typed, without a line end");
    check(reads(""), "^D alone is the end of input");
    check(reads(""), "and in a run it stays so");
    return done();
}
