/* What needs a resident GiB. It is made once. */
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "platform.h"

extern char **environ;

enum { LEAVES = GIB_PAGES / LEAF_PAGES };

/* fork, one store by the child, one by the parent, exit, wait. */
static void fork_exit_wait_1g(volatile char *pages)
{
    struct sample sample = {0};
    uint64_t first = 0, last = 0;
    for (unsigned i = 0; i < WARM_UP + OPERATIONS; i++) {
        if (i == WARM_UP) {
            platform_settle();
            first = retired_now();
        }
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            pages[(size_t)(i % LEAVES) * LEAF_PAGES * PAGE] = 5;
            _exit(0);
        }
        pages[(size_t)((i + 7) % LEAVES) * LEAF_PAGES * PAGE] = 6;
        child_wait(pid);
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    platform_settle();
    last = retired_now();
    sample.sum = last - first; /* what was put off is charged */
    sample_print("fork_exit_wait_1g", &sample, "instructions");
}

/* The parent rewrites everything after its child has become another program: who shares its memory
 * has gone, so W comes back by the table. */
static void parent_rewrite(volatile char *pages)
{
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        char *const argv[] = {(char *)"sleep", (char *)"1000", NULL};
        execve("/bin/sleep", argv, environ);
        _exit(127);
    }
    rest_ms(50);
    struct sample sample = {0};
    uint64_t faults_before = platform_faults();
    (void)retired_before();
    for (size_t i = 0; i < GIB_PAGES; i++) {
        pages[i * PAGE] = 7;
    }
    (void)retired_after();
    sample_add(&sample, platform_faults() - faults_before);
    child_kill(pid);
    sample_print("parent_rewrite_1g_faults", &sample, "faults");
}

/* The parent rewrites everything while the child lives; splits of tables included. */
static void rewrite_alive(volatile char *pages)
{
    pid_t pid = fork_sleeper();
    uint64_t before = retired_before();
    for (size_t i = 0; i < GIB_PAGES; i++) {
        pages[i * PAGE] = 8;
    }
    uint64_t after = retired_after(), each = (after - before) / GIB_PAGES;
    struct sample sample = {0};
    sample_add(&sample, each);
    sample.operations = GIB_PAGES;
    sample.sum = after - before;
    child_kill(pid);
    sample_print("fork_rewrite_alive_1g", &sample, "instructions");
}

void gigabyte(void)
{
    volatile char *pages = pages_new(GIB_PAGES);
    fork_pages("fork_262144", pages, OPERATIONS);
    parent_rewrite(pages);
    rewrite_alive(pages);
    fork_exit_wait_1g(pages); /* leaves leaf tables split */
    pages_drop(pages, GIB_PAGES);
}

/* While a process of 1 GiB ends, this one stores to new pages, and now and then sleeps, so that
 * work of low priority is done as well. Measured is the longest time from one store to the next,
 * counted from the last instruction before exit, and from the end of a sleep to the store after it:
 * whatever keeps this process from its store, or its store from being answered, is in it. */
enum { EXIT_FAULTS_MAX = 100000, EXIT_FAULTS_AFTER = 20000, SLEEP_EACH = 8, SLEEP_NS = 50000 };

static void longest_wait(volatile char *pages, volatile uint64_t *told, struct sample *sample)
{
    uint64_t last = 0;
    for (size_t i = 0; i < EXIT_FAULTS_MAX && sample->operations < EXIT_FAULTS_AFTER; i++) {
        bool sleeps = told[0] != 0 && i % SLEEP_EACH == 0;
        uint64_t before = retired_before();
        if (sleeps) {
            nanosleep(&(struct timespec){.tv_nsec = SLEEP_NS}, NULL); /* an instruction is 1 ns */
        }
        pages[i * PAGE] = 1;
        uint64_t after = retired_after(), ended = told[0];
        if (sleeps) {
            sample_add(sample, after - before - SLEEP_NS);
        } else if (ended != 0) {
            sample_add(sample, after - (last > ended ? last : ended > before ? ended : before));
        }
        last = after;
    }
}

void exit_1g(void)
{
    volatile uint64_t *told =
        shared_new(); /* when the child ends; it is ready; it may end; touched in */
    volatile char *pages = pages_reserve(EXIT_FAULTS_MAX);
    struct sample sample = {0}, touching = {0};
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        volatile char *own = pages_reserve(GIB_PAGES);
        uint64_t before = retired_before();
        pages_touch(own, GIB_PAGES);
        told[3] = retired_after() - before;
        told[1] = 1;
        while (told[2] == 0) {
            rest_ms(1);
        }
        told[0] = retired_now();
        _exit(0);
    }
    while (told[1] == 0) {
        rest_ms(10);
    }
    sample_add(&touching, told[3] / GIB_PAGES);
    touching = (struct sample){GIB_PAGES, told[3], touching.least, touching.most};
    sample_print("touch_1g_each", &touching, "instructions");
    told[2] = 1;
    longest_wait(pages, told, &sample);
    child_wait(pid);
    platform_settle();
    if (sample.operations < OPERATIONS) {
        printf("# faults while the child ends: %lu\n", (unsigned long)sample.operations);
        fail("exit_1g: the child did not end in time");
    }
    sample_print("exit_1g_fault_latency", &sample, "instructions");
    pages_drop(pages, EXIT_FAULTS_MAX);
    shared_drop(told);
}
