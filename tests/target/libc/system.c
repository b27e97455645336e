/* test: MEM=64M */
/* expect: ^one\ntwo$ */
/* refuse: not reached */
/* system() is the shell: its line runs, its status comes back. pause() waits for the signal that
 * ends the process. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

static int wait_for_ever(void *unused)
{
    (void)unused;
    (void)pause();
    return 3; /* no signal lets it come back */
}

static bool status_is(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

int main(void)
{
    check(system(NULL) != 0, "there is a shell");
    check(status_is(system("echo one; echo two"), 0), "a line of two commands runs");
    check(status_is(system("false && echo not reached"), 1), "the status is the line's");
    check(status_is(system("exit 42"), 42), "or what the line says");
    check(status_is(system("no_such_program"), 127), "a program that is not there is 127");
    int unused;
    check(waitpid(-1, &unused, WNOHANG) == -1, "no child is left behind");

    pid_t pid = child(wait_for_ever, NULL);
    sleep_ms(50);
    check(waitpid(pid, &unused, WNOHANG) == 0, "pause waits");
    kill(pid, SIGTERM);
    check(dies_of(pid, SIGTERM), "until a signal ends the process");
    return done();
}
