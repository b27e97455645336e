/* What the measured loops share. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

void sample_print(const char *name, const struct sample *s, const char *unit)
{
    sample_end();
    printf("bench %s %lu %lu %lu %lu %s\n", name, (unsigned long)s->least, (unsigned long)s->sum,
           (unsigned long)s->most, (unsigned long)s->operations, unit);
}

void fail(const char *what)
{
    printf("bench: %s failed\n", what);
    exit(1);
}

volatile char *pages_reserve(size_t pages)
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
    return (volatile char *)aligned;
}

void pages_touch(volatile char *pages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        pages[i * PAGE] = 1;
    }
}

volatile char *pages_new(size_t count)
{
    volatile char *pages = pages_reserve(count);
    pages_touch(pages, count);
    return pages;
}

void pages_drop(volatile char *pages, size_t count)
{
    munmap((void *)pages, count * PAGE);
}

volatile uint64_t *shared_new(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        fail("mmap of a shared page");
    }
    *(volatile uint64_t *)page = 0;
    return page;
}

void shared_drop(volatile uint64_t *words)
{
    munmap((void *)words, PAGE);
}

pid_t fork_or_fail(void)
{
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    return pid;
}

pid_t fork_sleeper(void)
{
    pid_t pid = fork_or_fail();
    if (pid == 0) {
        for (;;) {
            sleep(1000);
        }
    }
    return pid;
}

void child_wait(pid_t pid)
{
    int status;
    if (waitpid(pid, &status, 0) != pid) {
        fail("waitpid");
    }
}

void child_kill(pid_t pid)
{
    kill(pid, SIGKILL);
    child_wait(pid);
}

void rest_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}
