/* Waiting in user mode, and the locks built on it.
 *
 * Each thread has a park: a notification of its own. Who must wait links a struct waiter (on its
 * own stack) into the object's queue and sleeps on its park until `granted` is set. A guard (one
 * word) protects the queue; it is held for a few instructions, and who finds it taken yields.
 *
 *   K1  granted is set, under the guard, by whoever unlinks the waiter; nobody touches the waiter
 *       afterwards. The park is signalled after that, so a signal may come late and a wait must
 *       always look at granted again.
 *   K2  A mutex passes directly from its owner to its oldest waiter.
 *   K3  Waiters linked before a fork do not exist in the child (their epoch is old): they are
 *       dropped when met.
 */
#ifndef LIBSYS_POSIX_LOCK_H
#define LIBSYS_POSIX_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libsys/ipc.h>

struct __lock {
    pthread_mutex_t mutex; /* picolibc's lock */
};
#define LOCK_FREE                                   \
    {                                               \
        .mutex = {.kind = PTHREAD_MUTEX_RECURSIVE } \
    }

struct waiter {
    struct waiter *next;
    pthread_t thread;
    cap_t park;
    uint32_t epoch;
    uint32_t granted;
};

struct wait_queue { /* over the first and last of a mutex or condition */
    void **first;
    void **last;
};

void posix_guard_acquire(uint32_t *guard);
void posix_guard_release(uint32_t *guard);

/* All under the guard of the object that owns the queue. */
void posix_wait_queue_add(struct wait_queue queue, struct waiter *waiter);
bool posix_wait_queue_remove(struct wait_queue queue, struct waiter *waiter); /* false: not there */
struct waiter *posix_wait_queue_take(struct wait_queue queue); /* oldest living one; NULL: none */

/* Sleep until granted or the deadline (false). */
bool posix_waiter_sleep(struct waiter *waiter, uint64_t deadline_ticks);

/* `until` on the process's clock (realtime and monotonic are one), as ticks. */
uint64_t posix_clock_deadline(const struct timespec *until);

extern uint32_t posix_fork_epoch; /* K3 */

#endif
