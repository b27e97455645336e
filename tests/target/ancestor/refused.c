/* test: MEM=64M BOOTARGS="testhooks" RUN="refused process; echo first; echo status $?; refused space; echo second; echo again $?; refused && memaudit" */
/* test: MEM=64M BOOTARGS="testhooks preempt=511,150" RUN="refused process; echo first; echo status $?; refused space; echo second; echo again $?; refused && memaudit" */
/* expect: ^sh: echo: .+\nstatus 126$ */
/* expect: ^sh: echo: .+\nagain 126$ */
/* refuse: ^(first|second)$ */
/* The ancestor's first process died of a fork that was refused, and the machine with it. Here a
 * shell to whom the next process is refused, by proc or by the pager, says so and goes on. */
#include <byre/pager_hook.h>
#include <byre/proc_hook.h>
#include <string.h>

#include "support/tap.h"

int main(int argc, char **argv)
{
    if (argc > 1) { /* the shell's next command begins in vain */
        (void)hook(strcmp(argv[1], "process") == 0 ? PROC_HOOK_FAIL_PROCESS : PAGER_HOOK_FAIL_SPACE,
                   1);
        return 0;
    }
    check(hook(PROC_HOOK_FAIL_PROCESS, 0) == 0, "the process was refused");
    check(hook(PAGER_HOOK_FAIL_SPACE, 0) == 0, "the space was refused");
    return done();
}
