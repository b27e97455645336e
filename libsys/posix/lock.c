/* Guards, wait queues and mutexes. Contract: lock.h and POSIX; picolibc's own locks come last. */
#include "lock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/lock.h>

#include <libsys/time.h>

#include "thread.h"

uint32_t posix_fork_epoch;

void posix_guard_acquire(uint32_t *guard)
{
    while (__atomic_exchange_n(guard, 1, __ATOMIC_ACQUIRE) != 0) {
        (void)!byre_yield();
    }
}

void posix_guard_release(uint32_t *guard)
{
    __atomic_store_n(guard, 0, __ATOMIC_RELEASE);
}

/* ------------------------------------------------------------------------------ wait queues */

void posix_wait_queue_add(struct wait_queue queue, struct waiter *waiter)
{
    waiter->next = NULL;
    waiter->thread = pthread_self();
    waiter->park = waiter->thread->park;
    waiter->epoch = posix_fork_epoch;
    waiter->granted = 0;
    if (*queue.first == NULL) {
        *queue.first = waiter;
    } else {
        ((struct waiter *)*queue.last)->next = waiter;
    }
    *queue.last = waiter;
}

bool posix_wait_queue_remove(struct wait_queue queue, struct waiter *waiter)
{
    struct waiter *before = NULL;
    for (struct waiter *w = *queue.first; w != NULL; before = w, w = w->next) {
        if (w != waiter) {
            continue;
        }
        if (before == NULL) {
            *queue.first = w->next;
        } else {
            before->next = w->next;
        }
        if (*queue.last == w) {
            *queue.last = before;
        }
        return true;
    }
    return false;
}

struct waiter *posix_wait_queue_take(struct wait_queue queue)
{
    for (struct waiter *w = *queue.first; w != NULL; w = w->next) {
        if (w->epoch == posix_fork_epoch) { /* K3 */
            *queue.first = w->next;
            return w;
        }
    }
    *queue.first = NULL;
    return NULL;
}

bool posix_waiter_sleep(struct waiter *waiter, uint64_t deadline_ticks)
{
    while (__atomic_load_n(&waiter->granted, __ATOMIC_ACQUIRE) == 0) {
        uint64_t bits;
        if (byre_wait(waiter->park, deadline_ticks, &bits) == ERR_TIMEOUT) {
            return false;
        }
    }
    return true;
}

/* --------------------------------------------------------------------------------- mutexes */

static struct wait_queue mutex_queue(pthread_mutex_t *mutex)
{
    return (struct wait_queue){&mutex->first, &mutex->last};
}

/* The guard is held. 0, or what a second lock by the owner means. */
static int mutex_take(pthread_mutex_t *mutex, pthread_t self)
{
    if (mutex->owner == NULL) {
        mutex->owner = self;
        mutex->depth = 1;
        return 0;
    }
    if (mutex->owner == self && mutex->kind == PTHREAD_MUTEX_RECURSIVE) {
        mutex->depth++;
        return 0;
    }
    return mutex->owner == self && mutex->kind == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : EBUSY;
}

static int mutex_lock_until(pthread_mutex_t *mutex, uint64_t deadline_ticks)
{
    posix_guard_acquire(&mutex->guard);
    int result = mutex_take(mutex, pthread_self());
    if (result != EBUSY) {
        posix_guard_release(&mutex->guard);
        return result;
    }
    struct waiter waiter;
    posix_wait_queue_add(mutex_queue(mutex), &waiter);
    posix_guard_release(&mutex->guard);
    if (posix_waiter_sleep(&waiter, deadline_ticks)) {
        return 0; /* K2: it is ours */
    }
    posix_guard_acquire(&mutex->guard);
    bool waited = posix_wait_queue_remove(mutex_queue(mutex), &waiter);
    posix_guard_release(&mutex->guard);
    return waited ? ETIMEDOUT : 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    return mutex_lock_until(mutex, TIME_FOREVER);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
    return mutex_lock_until(mutex, posix_clock_deadline(until));
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    posix_guard_acquire(&mutex->guard);
    int result = mutex_take(mutex, pthread_self());
    posix_guard_release(&mutex->guard);
    return result == EDEADLK ? EBUSY : result;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    posix_guard_acquire(&mutex->guard);
    if (mutex->owner != pthread_self() && mutex->kind != PTHREAD_MUTEX_NORMAL) {
        posix_guard_release(&mutex->guard);
        return EPERM;
    }
    if (mutex->depth > 1) {
        mutex->depth--;
        posix_guard_release(&mutex->guard);
        return 0;
    }
    struct waiter *next = posix_wait_queue_take(mutex_queue(mutex));
    cap_t park = next != NULL ? next->park : 0;
    mutex->owner = next != NULL ? next->thread : NULL;
    mutex->depth = next != NULL ? 1 : 0;
    if (next != NULL) {
        __atomic_store_n(&next->granted, 1, __ATOMIC_RELEASE); /* K1 */
    }
    posix_guard_release(&mutex->guard);
    if (park != 0) {
        (void)!byre_signal(park);
    }
    return 0;
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    *mutex = (pthread_mutex_t){.kind = attributes != NULL ? (uint32_t)attributes->kind : 0};
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    return mutex->owner != NULL ? EBUSY : 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attributes)
{
    *attributes = (pthread_mutexattr_t){PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attributes, int kind)
{
    if (kind < PTHREAD_MUTEX_NORMAL || kind > PTHREAD_MUTEX_ERRORCHECK) {
        return EINVAL;
    }
    attributes->kind = kind;
    return 0;
}

int pthread_mutexattr_gettype(const pthread_mutexattr_t *attributes, int *kind)
{
    *kind = attributes->kind;
    return 0;
}
