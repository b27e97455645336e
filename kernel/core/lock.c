/* The big lock: waiting for it. */
#include "core/lock.h"

__attribute__((section(".data.lock"))) struct lock kernel_lock;

/* The first in line looks before it tries, so that it does not take the word from the holder's
 * hart. */
void core_lock_wait(void)
{
    uint64_t ticket = __atomic_fetch_add(&kernel_lock.next_ticket, 1, __ATOMIC_RELAXED);

    while (__atomic_load_n(&kernel_lock.now_serving, __ATOMIC_ACQUIRE) != ticket) {
    }
    while (__atomic_load_n(&kernel_lock.is_held, __ATOMIC_RELAXED) != 0 ||
           __atomic_exchange_n(&kernel_lock.is_held, 1, __ATOMIC_ACQUIRE) != 0) {
    }
    __atomic_store_n(&kernel_lock.now_serving, ticket + 1, __ATOMIC_RELEASE);
}

void core_lock_let_others(void)
{
    if (core_lock_is_wanted()) {
        core_unlock();
        core_lock_wait();
    }
}
