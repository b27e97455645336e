/* Page faults: each window holds one store. */
#include <unistd.h>

#include "bench.h"

enum { REWRITTEN_PAGES = 3 * LEAF_PAGES };

/* Leaf tables that the first store into each 2 MiB makes are included. */
void fault_zero(void)
{
    struct sample sample = {0};
    volatile char *pages = pages_reserve(WARM_UP + OPERATIONS);
    for (size_t i = 0; i < WARM_UP + OPERATIONS; i++) {
        uint64_t before = retired_before();
        pages[i * PAGE] = 1;
        uint64_t after = retired_after();
        if (i >= WARM_UP) {
            sample_count(&sample, before, after);
        }
    }
    sample_print("fault_zero", &sample, "instructions");
    pages_drop(pages, WARM_UP + OPERATIONS);
}

/* All pages but the one of each 2 MiB that is first stored to, which splits a leaf table: that is
 * measured by fork_first_touch, and included in fork_rewrite_alive_1g. From the last page down, so
 * that each store faults: upwards, the last owner gets several pages back at once. */
static void rewrite(const char *name, volatile char *pages)
{
    struct sample sample = {0};
    for (size_t i = REWRITTEN_PAGES; i-- > 0;) {
        uint64_t before = retired_before();
        pages[i * PAGE] = 2;
        uint64_t after = retired_after();
        if (i % LEAF_PAGES != LEAF_PAGES - 1) {
            sample_count(&sample, before, after);
        }
    }
    sample_print(name, &sample, "instructions");
}

void fault_cow_copy(void)
{
    volatile char *pages = pages_new(REWRITTEN_PAGES);
    pid_t pid = fork_sleeper();
    rewrite("fault_cow_copy", pages);
    child_kill(pid);
    pages_drop(pages, REWRITTEN_PAGES);
}

void fault_cow_last(void)
{
    volatile char *pages = pages_new(REWRITTEN_PAGES);
    pid_t pid = fork_or_fail();
    if (pid == 0) { /* split each leaf table, so that W is gone from both */
        for (size_t i = 0; i < REWRITTEN_PAGES; i += LEAF_PAGES) {
            pages[i * PAGE] = 2;
        }
        _exit(0);
    }
    child_wait(pid);
    rest_ms(10);
    rewrite("fault_cow_last", pages);
    pages_drop(pages, REWRITTEN_PAGES);
}

/* The first store of a child into 2 MiB that its parent uses in full. */
void fork_first_touch(void)
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
    shared_drop(told);
    pages_drop(pages, LEAF_PAGES);
}
