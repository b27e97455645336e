/* test: MEM=64M SHELL=1 LAST="poweroff\\r" */
/* test: MEM=64M SHELL=1 LAST="poweroff 5\\r" STATUS=5 */
/* test: MEM=64M SHELL=1 LAST="exit\\r" */
/* test: MEM=64M SHELL=1 LAST="exit 6\\r" STATUS=6 */
/* test: MEM=64M SHELL=1 LAST="\\x04" */
/* type: byre$ > leaving\r */
/* type: byre$ > memaudit\r */
/* expect: the books agree */
/* Each way that the README names to leave the machine ends it, with the status that was asked for;
 * a program that says poweroff needs no shell. */
#include "support/tap.h"

int main(void)
{
    check(true, "a program runs before the user leaves");
    return done();
}
