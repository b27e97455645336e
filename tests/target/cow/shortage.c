/* test: MEM=64M TIMEOUT=240 BOOTARGS="testhooks" */
/* test: MEM=64M TIMEOUT=300 BOOTARGS="testhooks preempt=103,300" */
/* Conformance 3: the k-th allocation of each kind fails, for every k, through fork, fault, exec,
 * threads and exit. Whoever asked gets an error or ends; nobody else notices; every book is as
 * before. */
#include <byre/pager_hook.h>
#include <byre/proc_hook.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { PAGES = 12, MOST = 200, CLEAN_ERROR = 50 };

static volatile uint8_t *block;
static volatile uint32_t *go; /* shared */

static void *thread_run(void *argument)
{
    block[(uintptr_t)argument * PAGE] = 9;
    return argument;
}

static void grandchild(void)
{
    for (unsigned i = 0; i < PAGES / 2; i++) {
        block[i * PAGE] = 3;
    }
    volatile uint8_t *fresh =
        mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) {
        _exit(CLEAN_ERROR);
    }
    fresh[0] = fresh[PAGE] = fresh[2 * PAGE] = 1;
    sleep_ms(3); /* so that its parent has to wait for it */
    execve("bin/true", (char *[]){"true", NULL}, (char *[]){NULL});
    _exit(CLEAN_ERROR);
}

/* All that allocates, once. */
static int scenario(void *unused)
{
    (void)unused;
    int result = 0;
    while (*go == 0) {
        sleep_ms(1);
    }
    pid_t pid = fork();
    if (pid == 0) {
        grandchild();
    }
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 2;
    }
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_run, (void *)5) != 0) {
        result = CLEAN_ERROR;
    } else {
        pthread_join(thread, NULL);
    }
    if (pid < 0) {
        return CLEAN_ERROR;
    }
    int status = 0;
    pid_t got = waitpid(pid, &status, 0);
    if (got < 0) { /* even waiting may fail; then again */
        result = CLEAN_ERROR;
        got = waitpid(pid, &status, 0);
    }
    return got == pid && status == 0 ? result : CLEAN_ERROR;
}

/* Waits without an end that depends on what fails: 5 seconds. */
static bool ends(pid_t pid, int *status_out)
{
    for (unsigned i = 0; i < 2500; i++) {
        if (waitpid(pid, status_out, WNOHANG) == pid) {
            return true;
        }
        sleep_ms(2);
    }
    note("process %d does not end", (int)pid);
    kill(pid, SIGKILL);
    (void)waitpid(pid, status_out, 0);
    return false;
}

static bool block_is(uint8_t value)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (block[i * PAGE] != value) {
            return false;
        }
    }
    return true;
}

/* One round with the k-th allocation failing. *fired_out: it came that far. */
static bool round_with(unsigned kind, uint64_t k, bool *fired_out, unsigned *clean_out,
                       unsigned *killed_out)
{
    int status = 0;
    *go = 0;
    pid_t pid = child(scenario, NULL);
    if (pid < 0) {
        *fired_out = true;
        return false;
    }
    (void)waitpid(pid, &status,
                  WNOHANG); /* this process has its pages before the shortage begins */
    sleep_ms(1);
    *go = 0;
    (void)hook(kind, k);
    *go = 1;
    bool ended = ends(pid, &status);
    *fired_out = hook(kind, 0) == 0;
    bool clean =
        WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CLEAN_ERROR);
    *clean_out += clean && WEXITSTATUS(status) == CLEAN_ERROR;
    /* Out of memory has one signal; any other would be a page gone wrong. */
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    *killed_out += killed;
    if (!clean && !killed) {
        note("kind %u, allocation %lu: wait status 0x%x", kind, k, (unsigned)status);
    }
    return ended && (clean || killed);
}

static void every(unsigned kind, const char *name, unsigned at_least)
{
    unsigned clean = 0, killed = 0;
    bool good = true, fired = true, back = true, whole = true;
    uint64_t k = 0;
    struct books before = books();
    while (fired && k < MOST) {
        good = round_with(kind, ++k, &fired, &clean, &killed) && good;
        whole = whole && block_is(1);
        bool returned = books_return_to(before);
        if (!returned) {
            note("after allocation %lu of %s", k, name);
            before = books();
        }
        back = back && returned;
    }
    check(good && !fired, "%s: each of %lu allocations may fail (%u errors, %u processes ended)",
          name, k - 1, clean, killed);
    check(k - 1 >= at_least, "%s: the scenario makes such allocations", name);
    check(whole, "%s: nobody else's memory changed", name);
    check(back, "%s: every frame, table and promise came back", name);
}

int main(void)
{
    go = memory_shared(PAGE);
    block = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 1;
    }
    if (!check(hooks_work(), "booted with testhooks")) {
        return done();
    }
    *go = 1;
    (void)exits_with(child(scenario, NULL), 0); /* warm */
    (void)exits_with(child(scenario, NULL), 0);
    sleep_ms(50);
    every(PAGER_HOOK_FAIL_FRAME, "frame", 10);
    every(PAGER_HOOK_FAIL_TABLE, "table", 3);
    every(PAGER_HOOK_FAIL_RECORD, "pager's record", 1);
    every(PAGER_HOOK_FAIL_SPACE, "space's object and slot", 1);
    every(PROC_HOOK_FAIL_PROCESS, "process record", 1);
    every(PROC_HOOK_FAIL_THREAD, "thread record", 1);
    every(PROC_HOOK_FAIL_WAITER, "waiter record", 1);
    every(PROC_HOOK_FAIL_OBJECT, "kernel object", 1);
    every(PROC_HOOK_FAIL_SLOT, "capability slot", 1);
    check(run_program("true", NULL) == 0, "and programs still run");
    return done();
}
