/* TAP from a program under the real servers, and what tests of processes and memory share.
 *
 * check() is one result; done() prints the plan and gives main's value. Only the first process of a
 * test prints: children tell what they found by their exit status, or in shared memory.
 */
#ifndef SUPPORT_TAP_H
#define SUPPORT_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PAGE = 4096, GROUP = 2 << 20 };

__attribute__((format(printf, 2, 3))) bool check(bool good, const char *format, ...);
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
int done(void);

/* Fork; the child runs and leaves with its value as exit status. -1 with errno as fork has it. */
pid_t child(int (*run)(void *), void *argument);
int status_of(pid_t pid);                                /* the wait status, -1: no such child */
bool exits_with(pid_t pid, int value);                   /* waits: exit(value), by itself */
bool dies_of(pid_t pid, int signal);                     /* waits: ended by that signal */
int run_program(const char *name, const char *argument); /* fork, exec, wait: the wait status */

int audit(const char *longer_ms); /* memaudit's exit status, or -1 */
uint64_t own_space_id(void);

/* The pager held still by an auditor for so long; the caller waits for it and must not fault. */
pid_t hold_pager(unsigned ms);

void *memory(size_t bytes); /* anonymous, private, read-write; exits with a failure if refused */
void *memory_shared(size_t bytes); /* the same, shared with what is forked */
void sleep_ms(unsigned ms);
uint64_t microseconds(void);
uint64_t random_next(void); /* xorshift, seeded the same in each run */

/* What the pager says of the machine and of this process. */
struct books {
    uint64_t frames_total, frames_free, zero_references, frames_promised, frames_limit;
    uint64_t tables_used, tables_free, tables_promised;
    uint64_t frames_in_chunks; /* of TABLE and OBJECT chunks */
};
struct own_books {
    uint64_t resident, private_pages, shared, faults_zero, faults_copy, faults_last_owner,
        faults_other, tables;
};
struct books books(void);
struct own_books own_books(void);
uint64_t own_faults(void); /* of all kinds */
/* Free frames, used tables and promises come back to what they were within a second. A chunk that
 * became TABLE or OBJECT may stay so: its frames are counted in. */
bool books_return_to(struct books before);

/* Test hooks (pager_hook.h, proc_hook.h); the machine was booted with testhooks. */
uint64_t hook(unsigned what, uint64_t value);
bool hooks_work(void);

/* Addresses that a store or load must survive or die of, without the compiler's opinion. */
static inline void store8(uintptr_t address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}
static inline uint8_t load8(uintptr_t address)
{
    return *(volatile uint8_t *)address;
}

#endif
