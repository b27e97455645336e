/* The system bench. `bench` alone measures everything that fits in 128 MiB; `bench large` what
 * needs gigabytes; `bench NAME` one operation; `bench curve NAME` a curve of
 * curves.c. Also built for Linux: make bench-linux. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "platform.h"

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
    {"process_memory", process_memory, false},
    {"fork_65536", fork_65536, true},
    {"gigabyte", gigabyte, true},
    {"exit_1g", exit_1g, true},
};

static uint64_t clock_ticks(void)
{
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value)::"memory");
    return value;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "small";
    platform_begin();
    uint64_t counter = retired_now(), clock = clock_ticks();
    if (strcmp(what, "curve") == 0 && argc > 2) {
        return curve(argv[2]);
    }
    if (strcmp(what, "harts") == 0 && argc > 2) {
        return harts(argv[2], argc > 3 ? argv[3] : NULL);
    }
    bool small = strcmp(what, "small") == 0, large = strcmp(what, "large") == 0, any = false;
    for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
        if ((small && !benches[i].large) || (large && benches[i].large) ||
            strcmp(what, benches[i].name) == 0) {
            benches[i].run();
            any = true;
        }
    }
    /* Without -icount QEMU's counter is the host's, and this says how fast that runs. */
    printf("# the counter went on by %lu, the clock by %lu\n",
           (unsigned long)(retired_now() - counter), (unsigned long)(clock_ticks() - clock));
    if (!any) {
        printf("bench: no operation is called %s\n", what);
    }
    return any ? 0 : 1;
}
