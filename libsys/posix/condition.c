/* Condition variables and the attributes of threads. A waiter is granted by signal or broadcast,
 * then takes the mutex like anyone else. Contract: POSIX, lock.h. */
#include <errno.h>
#include <pthread.h>

#include <libsys/time.h>

#include "lock.h"

static struct wait_queue condition_queue(pthread_cond_t *condition)
{
    return (struct wait_queue){&condition->first, &condition->last};
}

static int condition_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                uint64_t deadline_ticks)
{
    struct waiter waiter;
    posix_guard_acquire(&condition->guard);
    posix_wait_queue_add(condition_queue(condition), &waiter);
    posix_guard_release(&condition->guard);
    int result = pthread_mutex_unlock(mutex);
    if (result == 0 && !posix_waiter_sleep(&waiter, deadline_ticks)) {
        result = ETIMEDOUT;
    }
    if (result != 0) {
        posix_guard_acquire(&condition->guard);
        bool waited = posix_wait_queue_remove(condition_queue(condition), &waiter);
        posix_guard_release(&condition->guard);
        if (result != ETIMEDOUT) {
            return result; /* the mutex was not ours */
        }
        result = waited ? ETIMEDOUT : 0;
    }
    pthread_mutex_lock(mutex);
    return result;
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    return condition_wait_until(condition, mutex, TIME_FOREVER);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *until)
{
    return condition_wait_until(condition, mutex, posix_clock_deadline(until));
}

static bool condition_grant_one(pthread_cond_t *condition)
{
    posix_guard_acquire(&condition->guard);
    struct waiter *waiter = posix_wait_queue_take(condition_queue(condition));
    cap_t park = waiter != NULL ? waiter->park : 0;
    if (waiter != NULL) {
        __atomic_store_n(&waiter->granted, 1, __ATOMIC_RELEASE);
    }
    posix_guard_release(&condition->guard);
    if (park != 0) {
        (void)!byre_signal(park);
    }
    return park != 0;
}

int pthread_cond_signal(pthread_cond_t *condition)
{
    (void)condition_grant_one(condition);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    while (condition_grant_one(condition)) {
    }
    return 0;
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    (void)attributes; /* all clocks are one */
    *condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    return condition->first != NULL ? EBUSY : 0;
}

int pthread_condattr_init(pthread_condattr_t *attributes)
{
    *attributes = (pthread_condattr_t){CLOCK_REALTIME};
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attributes, clockid_t clock)
{
    attributes->clock = clock;
    return 0;
}

/* -------------------------------------------------------------------- attributes of threads */

int pthread_attr_init(pthread_attr_t *attributes)
{
    *attributes = (pthread_attr_t){0};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attributes)
{
    (void)attributes;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attributes, int state)
{
    if (state != PTHREAD_CREATE_JOINABLE && state != PTHREAD_CREATE_DETACHED) {
        return EINVAL;
    }
    attributes->detached = state;
    return 0;
}

int pthread_attr_getdetachstate(const pthread_attr_t *attributes, int *state)
{
    *state = attributes->detached;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t bytes)
{
    if (bytes < PTHREAD_STACK_MIN) {
        return EINVAL;
    }
    attributes->stack_bytes = bytes;
    return 0;
}

int pthread_attr_getstacksize(const pthread_attr_t *attributes, size_t *bytes)
{
    *bytes = attributes->stack_bytes;
    return 0;
}
