/* The locks that picolibc asks of a system. All are mutexes; those that it calls plain are made
 * recursive too, because its stdio takes a stream's lock again while it flushes for input. */
#include <errno.h>
#include <stdlib.h>
#include <sys/lock.h>

#include "lock.h"

struct __lock __lock___libc_recursive_mutex = LOCK_FREE;

void __retarget_lock_init(_LOCK_T *lock)
{
    *lock = calloc(1, sizeof(**lock));
    if (*lock != NULL) {
        **lock = (struct __lock)LOCK_FREE;
    }
}

void __retarget_lock_init_recursive(_LOCK_T *lock)
{
    __retarget_lock_init(lock);
}

void __retarget_lock_close(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_close_recursive(_LOCK_T lock)
{
    free(lock);
}

void __retarget_lock_acquire(_LOCK_T lock)
{
    if (lock != NULL) { /* no memory for one, or a stream of before the constructors */
        (void)pthread_mutex_lock(&lock->mutex);
    }
}

void __retarget_lock_acquire_recursive(_LOCK_T lock)
{
    __retarget_lock_acquire(lock);
}

int __retarget_lock_try_acquire(_LOCK_T lock)
{
    return lock == NULL || pthread_mutex_trylock(&lock->mutex) == 0;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock)
{
    return __retarget_lock_try_acquire(lock);
}

void __retarget_lock_release(_LOCK_T lock)
{
    if (lock != NULL) {
        (void)pthread_mutex_unlock(&lock->mutex);
    }
}

void __retarget_lock_release_recursive(_LOCK_T lock)
{
    __retarget_lock_release(lock);
}
