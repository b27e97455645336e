/* The lock: a ticket for each who comes, and a place to sleep for each ticket. The contract is in
 * lock.h. */
#include "lock.h"

#include <byre/gen/calls.h>

#include "types.h"

enum { TURNS_MAX = 10000 };

struct lock lock;

static unsigned place_of(uint64_t ticket)
{
    return ticket % PAGER_THREADS_MAX; /* no more tickets are out than there are threads */
}

/* First in line, and it is free. */
static bool take_first(uint64_t ticket)
{
    if (__atomic_load_n(&lock.serving, __ATOMIC_ACQUIRE) != ticket ||
        __atomic_load_n(&lock.is_held, __ATOMIC_RELAXED) != 0 ||
        __atomic_exchange_n(&lock.is_held, 1, __ATOMIC_ACQUIRE) != 0) {
        return false;
    }
    __atomic_store_n(&lock.serving, ticket + 1, __ATOMIC_RELEASE);
    return true;
}

/* Whoever gives the lock after this has counted itself sees it. A wake that is left over from an
 * earlier owner of the place is one turn more. */
static void sleep_until_served(uint64_t ticket)
{
    unsigned place = place_of(ticket);
    __atomic_store_n(&lock.sleeping[place], 1, __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&lock.sleepers, 1, __ATOMIC_SEQ_CST);
    while (!take_first(ticket)) {
        uint64_t bits;
        err_t error = byre_wait(PAGER_SLOT_PARK + place, DEADLINE_NEVER, &bits);
        PAGER_ASSERT(error == ERR_OK);
    }
    __atomic_store_n(&lock.sleeping[place], 0, __ATOMIC_RELAXED);
    (void)__atomic_fetch_sub(&lock.sleepers, 1, __ATOMIC_ACQ_REL);
}

void lock_wait(void)
{
    uint64_t ticket = __atomic_fetch_add(&lock.next, 1, __ATOMIC_RELAXED);
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        if (take_first(ticket)) {
            return;
        }
    }
    sleep_until_served(ticket);
}

/* Only the first in line may take it next, so nobody else is woken. */
void lock_wake(void)
{
    unsigned place = place_of(__atomic_load_n(&lock.serving, __ATOMIC_ACQUIRE));
    if (__atomic_load_n(&lock.sleeping[place], __ATOMIC_ACQUIRE) != 0) {
        err_t error = byre_signal(PAGER_SLOT_PARK + place);
        PAGER_ASSERT(error == ERR_OK);
    }
}
