/* cowtest: show what copy-on-write does, by counting, and check it.
 * Each step prints what happened to the free frames and to this process's faults, as the pager
 * counts; a number outside what the step must cost is marked, and makes the exit status 1. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "statistics.h"

enum {
    PAGE = 4096,
    PAGES = 256,       /* of the block under test: 1 MiB */
    WRITTEN = 32,      /* pages that the child writes */
    SLACK = 12,        /* frames that stack, data and the console's pages may cost meanwhile */
    CHILD_FRAMES = 16, /* tables aside: what a child may take before it writes */
};

/* What the child found, in memory that both share. */
struct report {
    long frames_by_writes;
    uint64_t copies;
    bool contents_right;
};

static char *block;
static bool failed;

static long frames_free(void)
{
    struct memory_statistics s;
    return memory_statistics_read(&s) == ERR_OK ? (long)s.frames_free : -1;
}

static struct space_statistics own(void)
{
    struct space_statistics s = {0};
    (void)!space_statistics_read(0, &s);
    return s;
}

static void check(const char *what, long value, long least, long most)
{
    bool right = value >= least && value <= most;
    printf("  %-52s %6ld  %s", what, value, right ? "ok\n" : "WRONG: ");
    if (!right) {
        printf("expected %ld to %ld\n", least, most);
        failed = true;
    }
}

static void block_fill(char seed)
{
    for (int i = 0; i < PAGES; i++) {
        memset(block + i * PAGE, seed + i % 50, PAGE);
    }
}

static bool block_is(char seed, int first, int end)
{
    for (int i = first; i < end; i++) {
        for (int k = 0; k < PAGE; k += PAGE / 8) {
            if (block[i * PAGE + k] != seed + i % 50) {
                return false;
            }
        }
    }
    return true;
}

static _Noreturn void child(struct report *report)
{
    long before = frames_free();
    uint64_t copies = own().faults_copy;
    for (int i = 0; i < WRITTEN; i++) {
        memset(block + i * PAGE, 'a' + i % 50, PAGE);
    }
    report->frames_by_writes = before - frames_free();
    report->copies = own().faults_copy - copies;
    report->contents_right = block_is('a', 0, WRITTEN) && block_is('A', WRITTEN, PAGES);
    _exit(0);
}

static bool child_ended_well(pid_t pid)
{
    int status;
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void step_fork(struct report *report)
{
    long before = frames_free();
    printf("fork: nothing is copied\n");
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("cowtest: fork");
        exit(1);
    }
    if (pid == 0) {
        child(report);
    }
    bool well = child_ended_well(pid);
    check("child ended well (1)", well, 1, 1);
    printf("the child wrote %d of %d pages\n", WRITTEN, PAGES);
    check("pages copied for its writes", (long)report->copies, WRITTEN, WRITTEN + SLACK);
    check("frames that its writes took", report->frames_by_writes, WRITTEN, WRITTEN + SLACK);
    check("it saw its own writes and the parent's pages (1)", report->contents_right, 1, 1);
    printf("the child is gone\n");
    check("the parent's pages are unchanged (1)", block_is('A', 0, PAGES), 1, 1);
    check("frames that did not come back", before - frames_free(), -SLACK, SLACK);
}

static void step_last_owner(void)
{
    long before = frames_free();
    struct space_statistics was = own();
    block_fill('B');
    struct space_statistics is = own();
    printf("the parent writes all its pages as their last owner\n");
    check("pages copied", (long)(is.faults_copy - was.faults_copy), 0, SLACK);
    check("frames taken", before - frames_free(), -SLACK, SLACK);
    check("faults in all",
          (long)(is.faults_last_owner + is.faults_copy + is.faults_zero + is.faults_other -
                 was.faults_last_owner - was.faults_copy - was.faults_zero - was.faults_other),
          0, PAGES / 8 + SLACK);
}

static void step_living_child(void)
{
    printf("a child lives while the parent writes %d pages\n", WRITTEN);
    fflush(stdout);
    volatile char *go = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (go == MAP_FAILED) {
        perror("cowtest: mmap");
        exit(1);
    }
    long before = frames_free();
    pid_t pid = fork();
    if (pid == 0) {
        while (*go == 0) {
            usleep(1000);
        }
        _exit(block_is('B', 0, PAGES) ? 0 : 1);
    }
    long taken_by_fork = before - frames_free();
    check("frames that fork took", taken_by_fork, 0, CHILD_FRAMES);
    struct space_statistics was = own();
    for (int i = 0; i < WRITTEN; i++) {
        memset(block + i * PAGE, 'C' + i % 50, PAGE);
    }
    check("pages copied", (long)(own().faults_copy - was.faults_copy), WRITTEN, WRITTEN + SLACK);
    *go = 1;
    check("the child still sees the old pages (1)", child_ended_well(pid), 1, 1);
    check("the parent sees its own (1)", block_is('C', 0, WRITTEN) && block_is('B', WRITTEN, PAGES),
          1, 1);
}

int main(void)
{
    struct report *report =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    block = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    if (report == MAP_FAILED || block == MAP_FAILED) {
        perror("cowtest: mmap");
        return 1;
    }
    memset(report, 0, sizeof(*report));
    block_fill('A');
    printf("cowtest: %d pages of private memory, %ld frames free\n", PAGES, frames_free());
    step_fork(report);
    step_last_owner();
    step_living_child();
    printf("cowtest: %s\n", failed ? "FAILED" : "all as it should be");
    return failed ? 1 : 0;
}
