/* The big lock, which every entry into the kernel takes.
 *
 *   K1  Everything marked [K] in a struct is read and written with the lock held.
 *   K2  Those that find it held get it in the order in which they asked. Who comes while it is free
 *       has it at once: so a hart waits for one entry of each that asked before it, and for what
 *       comes between a release and the first in line's next look, some instructions later. A call
 *       in slices lets all that wait come between two of them.
 *
 * A ticket for everybody would be fairer by that look, but hand the lock to a hart that does not
 * run: where harts are more than a host runs at once, each entry then waits for the host's
 * scheduler.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lock {
    uint32_t is_held;
    uint64_t next_ticket; /* of those that wait */
    uint64_t now_serving;
};

extern struct lock kernel_lock;

/* Until it is this hart's, behind all that wait. */
void core_lock_wait(void);
/* Between two slices of a call, its maker as good as in user mode: those that wait come first. */
void core_lock_let_others(void);

static inline void core_lock(void)
{
    if (__atomic_exchange_n(&kernel_lock.is_held, 1, __ATOMIC_ACQUIRE) != 0) {
        core_lock_wait();
    }
}

/* Does another hart wait for it? For the one that holds it. */
static inline bool core_lock_is_wanted(void)
{
    return __atomic_load_n(&kernel_lock.next_ticket, __ATOMIC_RELAXED) !=
           __atomic_load_n(&kernel_lock.now_serving, __ATOMIC_RELAXED);
}

static inline void core_unlock(void)
{
    __atomic_store_n(&kernel_lock.is_held, 0, __ATOMIC_RELEASE);
}
