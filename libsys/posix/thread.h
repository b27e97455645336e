/* A thread's record. It lies at the top of the thread's stack mapping, above its local storage;
 * the main thread's is static.
 *
 *   N1  `gone` is set by the last store that the thread makes; after it the thread touches neither
 *       its stack nor this record, so whoever sees it may unmap both.
 *   N2  `leaving` and `joiner` change under threads_guard: a joiner that finds `leaving` need only
 *       wait for `gone`; one that does not leaves its park, which the leaver signals.
 *   N3  A detached thread that left waits in the graveyard until another thread buries it.
 */
#ifndef LIBSYS_POSIX_THREAD_H
#define LIBSYS_POSIX_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libsys/ipc.h>

struct pthread {
    uint64_t id;    /* proc's; 0 = the main thread */
    cap_t park;     /* see lock.h */
    uint32_t ready; /* id and park are valid */
    uint32_t gone;  /* N1 */
    bool leaving;   /* N2 */
    bool detached;
    struct pthread *joiner;
    struct pthread *next; /* in the graveyard */
    void *mapping;        /* of stack, local storage and this; NULL: the main thread */
    size_t mapping_bytes;
    void *(*start)(void *);
    void *argument;
    void *value;
    const void *keys[PTHREAD_KEYS_MAX];
};

/* thread.S: the first instructions of a thread (a0 = its record) ... */
void posix_thread_entry(void);
/* ... and the last: set *gone, signal park (0: nobody), ask proc to end the thread. No stack. */
_Noreturn void posix_thread_leave(uint32_t *gone, uint64_t park, uint64_t id, uint64_t sys_signal,
                                  uint64_t sys_call, uint64_t proc, uint64_t exit_label);
_Noreturn void posix_thread_main(struct pthread *self);

#endif
