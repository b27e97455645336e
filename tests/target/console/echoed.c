/* test: MEM=64M SHELL=1 */
/* test: MEM=64M SHELL=1 BOOTARGS="preempt=405,100" */
/* type: byre$ > echoed\r */
/* type: READY > helo\x7flo\r */
/* type: byre$ > sleep 100\r */
/* type: sleep 100 > \x03 */
/* type: byre$ > echo status $?\r */
/* type: byre$ > unfinished\x15echo begun again\r */
/* type: byre$ > false && echo no\r */
/* type: byre$ > false || echo yes; echo both\r */
/* type: byre$ > sleep 1 &\r */
/* type: byre$ > no_such_program\r */
/* type: byre$ > memaudit\r */
/* type: agree > \x04 */
/* expect: ^byre\$ echoed$ */
/* expect: helo\x08 \x08lo */
/* expect: ^status 130$ */
/* expect: ^begun again$ */
/* refuse: ^no$ */
/* expect: ^yes\nboth$ */
/* expect: no_such_program.*not found|no_such_program: */
/* expect: \^C */
/* A user at the shell: what is typed is echoed, erased on the screen too; ^C ends the command and
 * not the shell; && || ; & do what they do; ^D ends the shell and the machine. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

int main(void)
{
    char line[64] = {0};
    printf("# READY\n");
    fflush(stdout);
    ssize_t bytes = read(0, line, sizeof(line) - 1);
    check(bytes == 6 && strcmp(line, "hello\n") == 0, "the line arrives as it was corrected");
    return done();
}
