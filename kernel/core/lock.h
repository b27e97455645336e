/* The big lock: a fair ticket lock that every entry into the kernel takes.
 *
 *   K1  Everything marked [K] in a struct is read and written with the lock held.
 *   K2  Harts get it in the order in which they asked, so none waits for more than the others'
 *       one entry each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct lock {
    uint64_t next_ticket;
    uint64_t now_serving;
};

extern struct lock kernel_lock;

static inline void core_lock(void)
{
    uint64_t ticket = __atomic_fetch_add(&kernel_lock.next_ticket, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) != ticket) {
    }
}

/* Does another hart wait for it? For the one that holds it. */
static inline bool core_lock_is_wanted(void)
{
    return __atomic_load_n(&kernel_lock.next_ticket, __ATOMIC_RELAXED) !=
           kernel_lock.now_serving + 1;
}

static inline void core_unlock(void)
{
    uint64_t next = kernel_lock.now_serving + 1; /* only the holder writes it */

    __atomic_store_n(&kernel_lock.now_serving, next, __ATOMIC_RELEASE);
}
