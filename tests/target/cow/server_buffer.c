/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=115,150" */
/* expect: ^# parent 0: p{150} end$ */
/* expect: ^# parent 9: p{150} end$ */
/* expect: ^# child 0: c{150} end$ */
/* expect: ^# child 9: c{150} end$ */
/* expect: ^# grandchild 9: g{150} end$ */
/* Conformance 14: a buffer shared with a server (the console's, for lines too long for a message),
 * over fork: the child gets its own, and what one process writes never shows in another's line. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { LINES = 10, LETTERS = 150 };

static void write_lines(const char *who)
{
    for (int i = 0; i < LINES; i++) {
        char line[256];
        int length = snprintf(line, sizeof(line), "# %s %d: ", who, i);
        memset(line + length, who[0], LETTERS);
        strcpy(line + length + LETTERS, " end\n");
        (void)!write(1, line, strlen(line));
        sleep_ms(1);
    }
}

static int grandchild(void *unused)
{
    (void)unused;
    write_lines("grandchild");
    return 0;
}

static int son(void *unused)
{
    (void)unused;
    pid_t pid = child(grandchild, NULL);
    write_lines("child");
    return exits_with(pid, 0) ? 0 : 1;
}

int main(void)
{
    write_lines("before");
    pid_t pid = child(son, NULL);
    write_lines("parent");
    check(exits_with(pid, 0), "parent, child and grandchild wrote through buffers of their own");
    struct books before = books();
    check(exits_with(child(grandchild, NULL), 0), "one more");
    check(books_return_to(before), "its buffer came back");
    return done();
}
