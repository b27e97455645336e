/* test: MEM=64M */
/* How processes end is what their parent reads: exit codes, signals, abort, assert, faults. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

static int exit_300(void *unused)
{
    (void)unused;
    exit(300);
}

static int call_abort(void *unused)
{
    (void)unused;
    abort();
}

static int fail_assertion(void *number)
{
    assert(number == NULL);
    return 0;
}

static int store_to(void *address)
{
    store8((uintptr_t)address, 1);
    return 0;
}

static int execute_illegal(void *unused)
{
    (void)unused;
    __asm__ volatile(".word 0xffffffff");
    return 0;
}

static int overflow(void *unused)
{
    (void)unused;
    volatile char frame[8 << 20];
    frame[0] = 1;
    return frame[0];
}

static int raise_it(void *signal)
{
    raise((int)(long)signal);
    return 5;
}

static int ignore_it(void *number)
{
    signal((int)(long)number, SIG_IGN);
    raise((int)(long)number);
    return 6;
}

static volatile int handled;

static void handler(int number)
{
    handled = number;
}

static int handle_it(void *number)
{
    signal((int)(long)number, handler);
    raise((int)(long)number);
    return handled;
}

static int sleep_long(void *unused)
{
    (void)unused;
    sleep(1000);
    return 0;
}

static bool killed_by(int signal)
{
    pid_t pid = child(sleep_long, NULL);
    sleep_ms(5);
    return kill(pid, signal) == 0 && dies_of(pid, signal);
}

int main(void)
{
    check(exits_with(child(exit_300, NULL), 300 & 0xff), "exit keeps eight bits");
    check(dies_of(child(call_abort, NULL), SIGABRT), "abort is SIGABRT");
    check(dies_of(child(fail_assertion, (void *)1), SIGABRT), "a failed assertion is SIGABRT");
    check(exits_with(child(fail_assertion, NULL), 0), "a true one is nothing");
    check(dies_of(child(store_to, (void *)8), SIGSEGV), "a null store is SIGSEGV");
    check(dies_of(child(store_to, (void *)main), SIGSEGV), "a store to text is SIGSEGV");
    check(dies_of(child(store_to, (void *)0xffffffff80200000), SIGSEGV),
          "a store to the kernel is SIGSEGV");
    check(dies_of(child(execute_illegal, NULL), SIGILL), "an illegal instruction is SIGILL");
    check(dies_of(child(overflow, NULL), SIGSEGV), "a stack that overflows is SIGSEGV");
    check(killed_by(SIGTERM) && killed_by(SIGINT) && killed_by(SIGKILL), "kill ends a sleeper");
    check(dies_of(child(raise_it, (void *)SIGINT), SIGINT), "raise has the default action");
    check(exits_with(child(ignore_it, (void *)SIGINT), 6), "an ignored signal is nothing");
    check(exits_with(child(handle_it, (void *)SIGUSR1), SIGUSR1), "raise runs a handler");

    int status;
    errno = 0;
    check(waitpid(-1, &status, 0) == -1 && errno == ECHILD, "no children: ECHILD");
    pid_t pid = child(sleep_long, NULL);
    check(waitpid(pid, &status, WNOHANG) == 0, "WNOHANG does not wait");
    check(kill(pid, 0) == 0 && kill(99999, 0) == -1 && errno == ESRCH, "kill 0 asks: ESRCH");
    check(kill(pid, 99) == -1 && errno == EINVAL, "no such signal: EINVAL");
    kill(pid, SIGKILL);
    check(waitpid(pid, &status, 0) == pid && WTERMSIG(status) == SIGKILL, "waitpid of one child");
    check(waitpid(1, &status, 0) == -1 && errno == ECHILD, "not one's child: ECHILD");
    return done();
}
