/* The system bench: what fork, faults, spawn and exit cost a program, whole machine, in retired
 * instructions. The measured loops are POSIX and the same on Linux; what is not stands in
 * platform.h.
 *
 *   B1  A loop touches its stack and the pages it writes to before it measures, so that a window
 *       holds the operation it is named for and nothing of the bench's own.
 *   B2  Each measured operation ends in one sample_print: report.py reads the lines, and matches
 *       the plugins' counts with them by their order. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../sample.h"

enum {
    PAGE = 4096,
    LEAF_PAGES = 512, /* pages of one leaf table */
    GIB_PAGES = 262144,
    WARM_UP = 8,
    OPERATIONS = 1000,
};

void sample_print(const char *name, const struct sample *s, const char *unit);
_Noreturn void fail(const char *what);

/* Private pages, aligned to a leaf table, each written once; without pages_touch not yet there. */
volatile char *pages_reserve(size_t pages);
void pages_touch(volatile char *pages, size_t count);
volatile char *pages_new(size_t pages);
void pages_drop(volatile char *pages, size_t count);
/* Words that a parent shares with its children; 0 at first. */
volatile uint64_t *shared_new(void);
void shared_drop(volatile uint64_t *words);

pid_t fork_or_fail(void);
pid_t fork_sleeper(void); /* a child that lives until it is killed */
void child_wait(pid_t pid);
void child_kill(pid_t pid);
void rest_ms(unsigned ms); /* whatever was put off is done meanwhile */

/* The measured operations: faults.c, forks.c, gigabyte.c, memory.c. */
void fault_zero(void);
void fault_cow_copy(void);
void fault_cow_last(void);
void fork_first_touch(void);
void fork_16(void);
void fork_256(void);
void fork_4096(void);
void fork_65536(void);
void fork_exit_wait(void);
void fork_exit_wait_write16(void);
void fork_exec_wait(void);
void spawn_wait(void);
void process_memory(void);
void gigabyte(void); /* all that needs a resident GiB, which is made once */
void exit_1g(void);

void fork_pages(const char *name, volatile char *pages, unsigned operations);
int curve(const char *name);
int harts(const char *workers, const char *ms); /* harts.c; ms: NULL: its own choice */

#endif
