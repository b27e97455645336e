/* System calls for tests: every register in, every register out, and each call checked.
 *
 *   C1  After each call, a register that carries no result is what it was before, or zero if it is
 *       a caller-saved one. A breach is reported as a failure of the running test.
 *   C2  Each pair (call, error) is remembered; seen_print says which, for coverage.py.
 */
#ifndef SUPPORT_CALL_H
#define SUPPORT_CALL_H

#include <byre/gen/kernel.h>
#include <stdint.h>

enum { CALL_ARGUMENTS = 13, CALL_RESULTS = 10, CALL_NUMBERS = 128, ERROR_NUMBERS = 64 };

/* The layout is known to start.S. */
struct registers {
    uint64_t x[32];
    uint64_t keep[16];
};
void system_call(struct registers *r);

/* One call with count arguments; results may be NULL. */
err_t call_kernel(unsigned number, const uint64_t *arguments, unsigned count, uint64_t *results);

#define ARGUMENTS(...) \
    (const uint64_t[]){0, ##__VA_ARGS__} + 1, sizeof((const uint64_t[]){0, ##__VA_ARGS__}) / 8 - 1
/* SYS(TABLE_CREATE, memory, frame, level) and the same with results. */
#define SYS(name, ...)              call_kernel(SYS_##name, ARGUMENTS(__VA_ARGS__), NULL)
#define SYS_OUT(results, name, ...) call_kernel(SYS_##name, ARGUMENTS(__VA_ARGS__), results)

/* A message as IPC calls take and give it. */
struct message {
    uint64_t label;
    uint64_t w[8];
    uint64_t flags;    /* IPC_* */
    uint64_t reply;    /* slot of the reply object (receive, reply_receive) */
    uint64_t cap;      /* slot of what travels (IPC_CAP) */
    uint64_t accept;   /* own empty slot (IPC_ACCEPT) */
    uint64_t deadline; /* ticks (IPC_DEADLINE) */
    uint64_t badge;    /* delivered */
    uint64_t info;     /* delivered: IPC_INFO_* */
};
err_t ipc(unsigned number, uint64_t cap, struct message *m);

/* Number of the first register that breaks C1; 0: none. */
unsigned registers_differ(unsigned number, const struct registers *before,
                          const struct registers *after);
/* Fill with a pattern that no other thread has (r is its own), then put arguments in. */
void registers_prepare(struct registers *r);
void registers_set_argument(struct registers *r, unsigned argument, uint64_t value);
void seen_note(unsigned number, uint64_t error);
void seen_print(void);
uint64_t time_now(void);

#endif
