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

static bool is_served(uint64_t ticket)
{
    return __atomic_load_n(&lock.serving, __ATOMIC_ACQUIRE) >> LOCK_TICKET_SHIFT == ticket;
}

/* Whoever gives the lock after this has counted itself sees it. A wake that is left over from an earlier
 * owner of the place is one turn more. */
static void sleep_until_served(uint64_t ticket)
{
    unsigned place = place_of(ticket);
    __atomic_store_n(&lock.sleeping[place], 1, __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&lock.serving, 1, __ATOMIC_ACQ_REL);
    while (!is_served(ticket)) {
        uint64_t bits;
        err_t error = byre_wait(PAGER_SLOT_PARK + place, DEADLINE_NEVER, &bits);
        PAGER_ASSERT(error == ERR_OK);
    }
    __atomic_store_n(&lock.sleeping[place], 0, __ATOMIC_RELAXED);
    (void)__atomic_fetch_sub(&lock.serving, 1, __ATOMIC_ACQ_REL);
}

void lock_wait(uint64_t ticket)
{
    for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
        if (is_served(ticket)) {
            return;
        }
    }
    sleep_until_served(ticket);
}

void lock_wake(uint64_t ticket)
{
    unsigned place = place_of(ticket);
    if (__atomic_load_n(&lock.sleeping[place], __ATOMIC_ACQUIRE) != 0) {
        err_t error = byre_signal(PAGER_SLOT_PARK + place);
        PAGER_ASSERT(error == ERR_OK);
    }
}
