/* fork, exec, spawn, exit, wait. Where an operation's work may be done after its answer, the mean
 * is over the whole loop and a settling at its end, so that what was put off is charged. */
#include <spawn.h>
#include <unistd.h>

#include "bench.h"
#include "platform.h"

extern char **environ;

static char *const true_argv[] = {(char *)"true", NULL};

/* fork() as the parent sees it: from before the call until it returns in the parent. */
void fork_pages(const char *name, volatile char *pages, unsigned operations)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < WARM_UP + operations; i++) {
        pages[0] = (char)i;
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            _exit(0);
        }
        uint64_t after = retired_after();
        child_wait(pid);
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print(name, &sample, "instructions");
}

static void fork_of(const char *name, size_t count)
{
    volatile char *pages = pages_new(count);
    fork_pages(name, pages, OPERATIONS);
    pages_drop(pages, count);
}

void fork_16(void)
{
    fork_of("fork_16", 16);
}

void fork_256(void)
{
    fork_of("fork_256", 256);
}

void fork_4096(void)
{
    fork_of("fork_4096", 4096);
}

void fork_65536(void)
{
    fork_of("fork_65536", 65536);
}

/* Measure an operation of a parent and its child from the first instruction to the last. */
static void charge(const char *name, void (*operation)(volatile char *), volatile char *pages)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < WARM_UP; i++) {
        operation(pages);
    }
    uint64_t first, last;
    platform_settle();
    first = retired_now();
    for (unsigned i = 0; i < OPERATIONS; i++) {
        uint64_t before = retired_before();
        operation(pages);
        uint64_t after = retired_after();
        sample_count(&sample, before, after);
    }
    platform_settle();
    last = retired_now();
    sample.sum = last - first; /* the loop's own dozen instructions are charged, too */
    sample_print(name, &sample, "instructions");
}

static void operation_fork(volatile char *pages)
{
    (void)pages;
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        _exit(0);
    }
    child_wait(pid);
}

static void operation_fork_write16(volatile char *pages)
{
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        for (size_t p = 0; p < 16; p++) {
            pages[p * PAGE] = 4;
        }
        _exit(0);
    }
    child_wait(pid);
}

static void operation_fork_exec(volatile char *pages)
{
    (void)pages;
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        execve("/bin/true", true_argv, environ);
        _exit(127);
    }
    child_wait(pid);
}

static void operation_spawn(volatile char *pages)
{
    (void)pages;
    pid_t pid;
    if (posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, environ) != 0) {
        fail("posix_spawn");
    }
    child_wait(pid);
}

void fork_exit_wait(void)
{
    charge("fork_exit_wait", operation_fork, NULL);
}

void fork_exit_wait_write16(void)
{
    volatile char *pages = pages_new(16);
    charge("fork_exit_wait_write16", operation_fork_write16, pages);
    pages_drop(pages, 16);
}

void fork_exec_wait(void)
{
    charge("fork_exec_wait", operation_fork_exec, NULL);
}

void spawn_wait(void)
{
    charge("spawn_wait", operation_spawn, NULL);
}
