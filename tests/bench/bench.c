/* The system bench: what fork, faults, spawn and exit cost a program, whole machine, in retired
 * instructions. `bench` alone measures everything that fits in 128 MiB; `bench large` what needs
 * gigabytes; `bench NAME` one operation. Each prints the line of sample.h. */
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sample.h"

enum {
    PAGE = 4096,
    LEAF_PAGES = 512,
    WARM_UP = 8,
    OPERATIONS = 1000,
    LARGE_OPERATIONS = 100,
    GIB_PAGES = 262144,
};

extern char **environ;

/* The line that report.py reads. */
static void sample_print(const char *name, const struct sample *s, const char *unit)
{
    printf("bench %s %lu %lu %lu %lu %s\n", name, (unsigned long)s->least, (unsigned long)s->sum,
           (unsigned long)s->most, (unsigned long)s->operations, unit);
}

static void fail(const char *what)
{
    printf("bench: %s failed\n", what);
    exit(1);
}

/* Private pages, aligned to a leaf table, each written once. */
static volatile char *pages_new(size_t pages)
{
    char *raw = mmap(NULL, (pages + LEAF_PAGES) * PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) {
        fail("mmap");
    }
    uintptr_t start = (uintptr_t)raw, leaf = (uintptr_t)LEAF_PAGES * PAGE;
    uintptr_t aligned = (start + leaf - 1) / leaf * leaf;
    if (aligned > start) {
        munmap(raw, aligned - start);
    }
    uintptr_t end = start + (pages + LEAF_PAGES) * PAGE, wanted = aligned + pages * PAGE;
    if (end > wanted) {
        munmap((void *)wanted, end - wanted);
    }
    for (size_t i = 0; i < pages; i++) {
        ((volatile char *)aligned)[i * PAGE] = 1;
    }
    return (volatile char *)aligned;
}

static void pages_drop(volatile char *pages, size_t count)
{
    munmap((void *)pages, count * PAGE);
}

static volatile uint64_t *shared_new(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        fail("mmap of a shared page");
    }
    *(volatile uint64_t *)page = 0;
    return page;
}

static void child_wait(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid) {
        fail("waitpid");
    }
}

static void child_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    child_wait(pid);
}

static pid_t fork_or_fail(void)
{
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    return pid;
}

/* ------------------------------------------------------------------------------- faults */
static void fault_zero(void)
{
    struct sample sample = {0};
    size_t count = OPERATIONS + LEAF_PAGES;
    volatile char *pages =
        mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < count && sample.operations < OPERATIONS; i++) {
        uint64_t before = retired_before();
        pages[i * PAGE] = 1;
        uint64_t after = retired_after();
        if (i >= WARM_UP && (uintptr_t)&pages[i * PAGE] / PAGE % LEAF_PAGES != 0) {
            sample_count(&sample, before, after);
        }
    }
    sample_print("fault_zero", &sample, "instructions");
    pages_drop(pages, count);
}

static void rewrite(volatile char *pages, size_t count, struct sample *sample)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t before = retired_before();
        pages[i * PAGE]++;
        uint64_t after = retired_after();
        if (i % LEAF_PAGES != 0) { /* the first in a leaf table splits it: fork_first_touch */
            sample_count(sample, before, after);
        }
    }
}

static void fault_cow_copy(void)
{
    struct sample sample = {0};
    size_t count = 3 * LEAF_PAGES;
    volatile char *pages = pages_new(count);
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        for (;;) {
            sleep(1000);
        }
    }
    rewrite(pages, count, &sample);
    child_kill(pid);
    sample_print("fault_cow_copy", &sample, "instructions");
    pages_drop(pages, count);
}

static void fault_cow_last(void)
{
    struct sample sample = {0};
    size_t count = 3 * LEAF_PAGES;
    volatile char *pages = pages_new(count);
    pid_t pid = fork_or_fail();
    if (pid == 0) { /* split each leaf table, so that W is gone from both */
        for (size_t i = 0; i < count; i += LEAF_PAGES) {
            pages[i * PAGE] = 2;
        }
        _exit(0);
    }
    child_wait(pid);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    rewrite(pages, count, &sample);
    sample_print("fault_cow_last", &sample, "instructions");
    pages_drop(pages, count);
}

static void fork_first_touch(void)
{
    struct sample sample = {0};
    volatile char *pages = pages_new(LEAF_PAGES);
    volatile uint64_t *told = shared_new();
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            *told = 0;
            uint64_t before = retired_before();
            pages[(i % LEAF_PAGES) * PAGE] = 3;
            uint64_t after = retired_after();
            *told = after - before - sample_overhead();
            _exit(0);
        }
        child_wait(pid);
        if (i >= WARM_UP) {
            sample_add(&sample, *told);
        }
    }
    sample_print("fork_first_touch", &sample, "instructions");
    pages_drop(pages, LEAF_PAGES);
}

/* --------------------------------------------------------------------------------- fork */
static void fork_pages(const char *name, size_t count, unsigned operations)
{
    struct sample sample = {0};
    volatile char *pages = pages_new(count);
    for (unsigned i = 0; i < WARM_UP + operations; i++) {
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
    pages_drop(pages, count);
}

static void fork_exit_wait_with(const char *name, size_t count, size_t written)
{
    struct sample sample = {0};
    volatile char *pages = count > 0 ? pages_new(count) : NULL;
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            for (size_t p = 0; p < written; p++) {
                pages[p * PAGE] = 4;
            }
            _exit(0);
        }
        child_wait(pid);
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print(name, &sample, "instructions");
    if (count > 0) {
        pages_drop(pages, count);
    }
}

/* fork, one store by the 1 GiB child, one by the parent, exit, wait. */
static void fork_exit_wait_1g(void)
{
    struct sample sample = {0};
    volatile char *pages = pages_new(GIB_PAGES);
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            pages[(size_t)(i % 512) * LEAF_PAGES * PAGE] = 5;
            _exit(0);
        }
        pages[(size_t)((i + 7) % 512) * LEAF_PAGES * PAGE] = 6;
        child_wait(pid);
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print("fork_exit_wait_1g", &sample, "instructions");
    pages_drop(pages, GIB_PAGES);
}

static void fork_rewrite_alive_1g(void)
{
    struct sample sample = {0};
    volatile char *pages = pages_new(GIB_PAGES);
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        for (;;) {
            sleep(1000);
        }
    }
    uint64_t before = retired_before();
    for (size_t i = 0; i < GIB_PAGES; i++) {
        pages[i * PAGE]++;
    }
    uint64_t each = (retired_after() - before) / GIB_PAGES; /* splits of tables included */
    sample = (struct sample){GIB_PAGES, each * GIB_PAGES, each, each};
    child_kill(pid);
    sample_print("fork_rewrite_alive_1g", &sample, "instructions");
    pages_drop(pages, GIB_PAGES);
}

/* -------------------------------------------------------------------------------- spawn */
static char *const true_argv[] = {(char *)"true", NULL};

static void fork_exec_wait(void)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            execve("/bin/true", true_argv, environ);
            _exit(127);
        }
        child_wait(pid);
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print("fork_exec_wait", &sample, "instructions");
}

static void spawn_wait(void)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        pid_t pid;
        uint64_t before = retired_before();
        if (posix_spawn(&pid, "/bin/true", NULL, NULL, true_argv, environ) != 0) {
            fail("posix_spawn");
        }
        child_wait(pid);
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print("spawn_wait", &sample, "instructions");
}

/* --------------------------------------------------------------------------- everything */
static void fork_16(void)
{
    fork_pages("fork_16", 16, OPERATIONS);
}

static void fork_256(void)
{
    fork_pages("fork_256", 256, OPERATIONS);
}

static void fork_4096(void)
{
    fork_pages("fork_4096", 4096, OPERATIONS);
}

static void fork_65536(void)
{
    fork_pages("fork_65536", 65536, OPERATIONS);
}

static void fork_262144(void)
{
    fork_pages("fork_262144", GIB_PAGES, OPERATIONS);
}

static void fork_exit_wait(void)
{
    fork_exit_wait_with("fork_exit_wait", 0, 0);
}

static void fork_exit_wait_write16(void)
{
    fork_exit_wait_with("fork_exit_wait_write16", 16, 16);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool large;
} benches[] = {
    {"fault_zero", fault_zero, false},
    {"fault_cow_copy", fault_cow_copy, false},
    {"fault_cow_last", fault_cow_last, false},
    {"fork_first_touch", fork_first_touch, false},
    {"fork_16", fork_16, false},
    {"fork_256", fork_256, false},
    {"fork_4096", fork_4096, false},
    {"fork_exit_wait", fork_exit_wait, false},
    {"fork_exit_wait_write16", fork_exit_wait_write16, false},
    {"fork_exec_wait", fork_exec_wait, false},
    {"spawn_wait", spawn_wait, false},
    {"fork_65536", fork_65536, true},
    {"fork_262144", fork_262144, true},
    {"fork_exit_wait_1g", fork_exit_wait_1g, true},
    {"fork_rewrite_alive_1g", fork_rewrite_alive_1g, true},
};

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "small";
    bool small = strcmp(what, "small") == 0, large = strcmp(what, "large") == 0, any = false;
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        if ((small && !benches[i].large) || (large && benches[i].large) ||
            strcmp(what, benches[i].name) == 0) {
            benches[i].run();
            any = true;
        }
    }
    if (!any) {
        printf("bench: no operation is called %s\n", what);
    }
    return any ? 0 : 1;
}
