/* How fork, faults, exit and spawn grow with what a process or the system holds: `bench curve
 * NAME`.
 *
 * Each curve makes more and more of one thing and, at each step, measures the same operations. A
 * line is
 *   curve NAME X OPERATION INSTRUCTIONS
 * with the mean of a few: on this machine every one of them costs the same. */
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "platform.h"

extern char **environ;

enum { TRIES = 8, SPARE_PAGES = 2048, RESIDENT_MOST = 1 << 20, PROCESSES_MOST = 10000 };

static volatile char *spare; /* pages that faults are measured on */
static size_t spare_next;
static volatile uint64_t *told;

static void curve_print(const char *name, uint64_t x, const char *operation, const struct sample *s)
{
    printf("curve %s %lu %s %lu\n", name, (unsigned long)x, operation,
           (unsigned long)(s->sum / s->operations));
}

/* fork() as the parent sees it, and from the child's last instruction to the end of waitpid(). */
static void measure_fork(const char *name, uint64_t x)
{
    struct sample forks = {0}, exits = {0};
    for (unsigned i = 0; i < 1 + TRIES; i++) {
        uint64_t before = retired_before();
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            told[0] = retired_now();
            _exit(0);
        }
        uint64_t after = retired_after();
        child_wait(pid);
        uint64_t end = retired_after();
        if (i > 0) {
            sample_count(&forks, before, after);
            sample_count(&exits, told[0], end);
        }
    }
    curve_print(name, x, "fork", &forks);
    curve_print(name, x, "exit", &exits);
}

static void measure_spawn(const char *name, uint64_t x)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < 1 + TRIES; i++) {
        char *const argv[] = {(char *)"true", NULL};
        pid_t pid;
        uint64_t before = retired_before();
        if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) != 0) {
            fail("posix_spawn");
        }
        child_wait(pid);
        uint64_t after = retired_after();
        if (i > 0) {
            sample_count(&sample, before, after);
        }
    }
    curve_print(name, x, "spawn", &sample);
}

static struct sample stores(volatile char *pages)
{
    struct sample sample = {0};
    for (unsigned i = 0; i < 1 + TRIES; i++) {
        uint64_t before = retired_before();
        pages[i * PAGE] = 2;
        uint64_t after = retired_after();
        if (i > 0) { /* the first may split a table */
            sample_count(&sample, before, after);
        }
    }
    return sample;
}

/* A store to a page that was not there, and then to one that is shared with a child. */
static void measure_faults(const char *name, uint64_t x)
{
    volatile char *pages = spare + spare_next * PAGE;
    spare_next += 2 * TRIES;
    struct sample zero = stores(pages);
    curve_print(name, x, "zero", &zero);
    pid_t pid = fork_sleeper();
    struct sample copy = stores(pages);
    curve_print(name, x, "copy", &copy);
    child_kill(pid);
}

static void measure(const char *name, uint64_t x)
{
    measure_fork(name, x);
    measure_spawn(name, x);
    measure_faults(name, x);
}

/* X: KiB that are resident in the process that forks. */
static void curve_resident(const char *name)
{
    volatile char *pages = pages_reserve(RESIDENT_MOST);
    size_t there = 0;
    for (size_t count = 16; count <= RESIDENT_MOST; count *= 4) {
        pages_touch(pages + there * PAGE, count - there);
        there = count;
        measure(name, count * (PAGE / 1024));
    }
}

/* X: KiB that are the exiting process's own: until waitpid returns, and until all of it is free. */
static void curve_exit(const char *name)
{
    for (size_t count = 16; count <= RESIDENT_MOST; count *= 4) {
        struct sample sample = {0}, all = {0};
        pid_t pid = fork_or_fail();
        if (pid == 0) {
            (void)pages_new(count);
            told[0] = retired_now();
            _exit(0);
        }
        child_wait(pid);
        sample_count(&sample, told[0], retired_after());
        platform_settle();
        sample_count(&all, told[0], retired_after());
        curve_print(name, count * (PAGE / 1024), "exit", &sample);
        curve_print(name, count * (PAGE / 1024), "free", &all);
    }
}

/* X: processes that sleep. */
static void curve_processes(const char *name)
{
    static pid_t pids[PROCESSES_MOST];
    static const unsigned steps[] = {1, 10, 100, 300, 1000, 3000, 10000};
    unsigned there = 0;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        while (there < steps[i] && (pids[there] = fork()) > 0) {
            there++;
        }
        if (there < steps[i] && pids[there] == 0) {
            for (;;) {
                sleep(100000);
            }
        }
        rest_ms(100);
        if (there < steps[i]) {
            printf("# %s: the %u-th fork was refused\n", name, there + 1);
            for (unsigned last = 0; last < 4 && there > 0; last++) {
                child_kill(pids[--there]); /* room for what is measured */
            }
            rest_ms(100);
            measure(name, there);
            break;
        }
        measure(name, there);
    }
    while (there > 0) {
        child_kill(pids[--there]);
    }
}

/* X: regions of one page, of different rights, so that they do not melt into one. */
static void curve_regions(const char *name)
{
    for (unsigned i = 1; i <= 1000; i++) {
        int rights = i % 2 == 0 ? PROT_READ : PROT_READ | PROT_WRITE;
        if (mmap(NULL, PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
            printf("# %s: the %u-th region was refused\n", name, i);
            break;
        }
        if (i == 1 || i == 3 || i == 10 || i == 30 || i == 100 || i == 300 || i == 1000) {
            measure(name, i);
        }
    }
}

/* X: entries that name one frame. What is not written reads as the one frame of zeroes. */
static void curve_sharers(const char *name)
{
    enum { SHARERS_MOST = 65536 };
    volatile char *pages = pages_reserve(SHARERS_MOST + LEAF_PAGES);
    size_t there = 0;
    for (size_t count = 1; count <= SHARERS_MOST; count *= 4) {
        for (; there < count; there++) {
            (void)pages[(there + LEAF_PAGES) * PAGE];
        }
        struct sample sample = {0};
        uint64_t before = retired_before();
        pages[(there - 1 + LEAF_PAGES) * PAGE] = 1;
        uint64_t after = retired_after();
        sample_count(&sample, before, after);
        curve_print(name, count, "leave", &sample);
        measure(name, count);
    }
}

/* X: processes that share each page of the parent by copy-on-write, with tables of their own. */
static void curve_cow_sharers(const char *name)
{
    static pid_t pids[PROCESSES_MOST];
    static const unsigned steps[] = {1, 4, 16, 64, 256, 1024, 4096, PROCESSES_MOST};
    volatile char *pages = pages_new(LEAF_PAGES);
    unsigned there = 0;
    for (unsigned step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        for (; there < steps[step]; there++) {
            pids[there] = fork_or_fail();
            if (pids[there] == 0) {
                pages[(LEAF_PAGES - 1) * PAGE] = 3; /* splits the leaf table */
                for (;;) {
                    sleep(100000);
                }
            }
        }
        rest_ms(100);
        struct sample copy = stores(pages + step * 2 * TRIES * PAGE);
        curve_print(name, steps[step], "copy", &copy);
        measure_fork(name, steps[step]);
        measure_spawn(name, steps[step]);
    }
    while (there > 0) {
        child_kill(pids[--there]);
    }
}

static const struct {
    const char *name;
    void (*run)(const char *);
} all_curves[] = {
    {"resident", curve_resident}, {"exit", curve_exit},       {"processes", curve_processes},
    {"regions", curve_regions},   {"sharers", curve_sharers}, {"cow_sharers", curve_cow_sharers},
};

int curve(const char *name)
{
    spare = pages_reserve(SPARE_PAGES);
    told = shared_new();
    for (size_t i = 0; i < sizeof(all_curves) / sizeof(all_curves[0]); i++) {
        if (strcmp(all_curves[i].name, name) == 0) {
            all_curves[i].run(name);
            return 0;
        }
    }
    printf("bench: no curve is called %s\n", name);
    return 1;
}
