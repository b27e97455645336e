/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=201,150" */
/* waitpid: for one, for any, without waiting, for nobody; each child is told of once. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <byre/gen/proc.h>
#include <byre/program.h>
#include <libsys/ipc.h>
#include <libsys/time.h>

#include "support/tap.h"

enum { CHILDREN = 12, DEADLINES = 400, GIVEN_UP = 8000 };

static volatile uint32_t *go;

static int leave_with(void *argument)
{
    return (int)(intptr_t)argument;
}

static int wait_for_go(void *argument)
{
    while (*go <= (uint32_t)(uintptr_t)argument) {
        sleep_ms(1);
    }
    return (int)(intptr_t)argument;
}

static int sleep_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        sleep_ms(1000);
    }
    return 0;
}

static int let_go(void *unused)
{
    (void)unused;
    sleep_ms(20);
    *go = 2;
    return 0;
}

static int spin(void *unused)
{
    (void)unused;
    for (volatile unsigned i = 0;; i++) {
    }
    return 0;
}

static int wait_for_child(void *unused)
{
    (void)unused;
    return status_of(child(sleep_for_ever, NULL));
}

static bool any_child_once(void)
{
    pid_t pids[CHILDREN];
    unsigned told[CHILDREN] = {0};
    *go = 0;
    for (intptr_t i = 0; i < CHILDREN; i++) {
        pids[i] = child(wait_for_go, (void *)i);
    }
    *go = CHILDREN;
    for (unsigned i = 0; i < CHILDREN; i++) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        for (unsigned k = 0; k < CHILDREN; k++) {
            told[k] += pid == pids[k] && WIFEXITED(status) && WEXITSTATUS(status) == (int)k;
        }
    }
    bool good = true;
    for (unsigned k = 0; k < CHILDREN; k++) {
        good = good && told[k] == 1;
    }
    return good;
}

static bool each_in_reverse(void)
{
    pid_t pids[CHILDREN];
    *go = 0;
    for (intptr_t i = 0; i < CHILDREN; i++) {
        pids[i] = child(wait_for_go, (void *)i);
    }
    bool good = true;
    *go = CHILDREN;
    for (int i = CHILDREN - 1; i >= 0; i--) {
        good = exits_with(pids[i], i) && good;
    }
    return good;
}

static bool has_ended(pid_t pid)
{
    struct message m = {.label = PROC_IDENTITY, .flags = IPC_LONG, .w = {(uint64_t)pid}};
    return ipc_call(PROGRAM_SLOT_PROC, &m) == ERR_OK && m.label == ERR_OK && m.w[2] != 0;
}

/* Who asks for the status with a deadline, and has no answer when it passes, asks again. */
static bool late_answers_lose_nothing(void)
{
    for (unsigned i = 0; i < DEADLINES; i++) {
        pid_t pid = child(leave_with, (void *)7);
        while (!has_ended(pid)) {
            sleep_ms(1);
        }
        struct message m = {.label = PROC_WAIT, .flags = IPC_DEADLINE, .w = {(uint64_t)pid, 0}};
        m.deadline_ticks = time_ticks() + i;
        bool told = ipc_call(PROGRAM_SLOT_PROC, &m) == ERR_OK && m.label == ERR_OK;
        if (told ? m.w[0] != (uint64_t)pid : !exits_with(pid, 7)) {
            note("lost with a deadline %u ticks away", i);
            return false;
        }
    }
    return true;
}

/* Waits whose deadline passed hold nothing that others need. */
static bool who_gives_up_keeps_nothing(void)
{
    pid_t stays = child(sleep_for_ever, NULL);
    bool right = true;
    for (unsigned i = 0; i < GIVEN_UP; i++) {
        struct message m = {.label = PROC_WAIT, .flags = IPC_DEADLINE, .w = {(uint64_t)stays, 0}};
        m.deadline_ticks = time_ticks() + 300;
        err_t error = ipc_call(PROGRAM_SLOT_PROC, &m);
        right = right && error == ERR_TIMEOUT;
    }
    *go = 0;
    pid_t pid = child(wait_for_go, (void *)1);
    pid_t helper = child(let_go, NULL);
    right = exits_with(pid, 1) && right;
    return exits_with(helper, 0) && kill(stays, SIGKILL) == 0 && dies_of(stays, SIGKILL) && right;
}

int main(void)
{
    int status = 0x7777;
    go = memory_shared(PAGE);
    *go = 0;
    check(waitpid(-1, &status, 0) == -1 && errno == ECHILD, "nobody to wait for: ECHILD");
    check(waitpid(4711, &status, 0) == -1 && errno == ECHILD, "nor for somebody else's child");
    check(waitpid(getppid(), &status, 0) == -1 && errno == ECHILD, "nor for the parent");
    bool codes = true;
    for (intptr_t code = 0; code < 256; code += 15) {
        codes = exits_with(child(leave_with, (void *)code), (int)code) && codes;
    }
    check(codes, "exit statuses 0 to 255 arrive");

    pid_t pid = child(wait_for_go, (void *)3);
    check(waitpid(pid, &status, WNOHANG) == 0, "WNOHANG: a living child answers 0");
    check(waitpid(-1, &status, WNOHANG) == 0, "for any child too");
    *go = 4;
    check(exits_with(pid, 3), "then it ends");
    check(waitpid(pid, &status, WNOHANG) == -1 && errno == ECHILD, "and is told of once");

    struct books before = books();
    check(any_child_once(), "each of %d children is told of once, in any order", CHILDREN);
    check(each_in_reverse(), "and in the order asked for");
    pid_t first = child(leave_with, (void *)1), second = child(leave_with, (void *)2);
    sleep_ms(20);
    check(exits_with(second, 2) && exits_with(first, 1), "zombies wait for their parent");

    check(late_answers_lose_nothing(), "a status is told of, whatever deadline passed before");

    check(who_gives_up_keeps_nothing(), "%d waits are given up, and others wait", GIVEN_UP);

    static int (*const states[])(void *) = {sleep_for_ever, spin, wait_for_child};
    static const int signals[] = {SIGKILL, SIGTERM, SIGINT};
    for (unsigned i = 0; i < 9; i++) {
        pid = child(states[i % 3], NULL);
        sleep_ms(5);
        int killed = kill(pid, signals[i / 3]);
        check(killed == 0 && dies_of(pid, signals[i / 3]), "signal %d ends a process (state %u)",
              signals[i / 3], i % 3);
    }
    check(kill(pid, SIGKILL) == -1 && errno == ESRCH, "who is gone cannot be killed: ESRCH");
    check(kill(getpid(), 0) == 0 && kill(9999, 0) == -1, "signal 0 asks who is there");
    check(kill(getpid(), 1000) == -1 && errno == EINVAL, "a signal that is none: EINVAL");
    (void)before; /* the three grandchildren sleep on, orphans */
    return done();
}
