/* The lock of the books. With several threads (worker.h), only who holds it reads or writes them: all
 * that request handlers, faults and teardown touch, except the contents of frames.
 *
 *   L1  It is fair: whoever comes first has it first.
 *   L2  It is held for no longer than one message needs, or one slice of work; an audit's thread holds it
 *       until the audit ends (audit.h D1).
 *   L3  Who waits for it turns a while, then sleeps: the holder may be one that this hart is to run. The
 *       while is long enough for all that is common, for who sleeps is slow to come back, and those
 *       behind it would sleep too. */
#ifndef PAGER_LOCK_H
#define PAGER_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/pager_boot.h>

enum { LOCK_TICKET_SHIFT = 8, LOCK_SLEEPERS = (1 << LOCK_TICKET_SHIFT) - 1 };

struct lock {
    uint64_t next;    /* ticket of who comes next */
    uint64_t serving; /* ticket of who may have it, and below the shift how many sleep */
    uint32_t sleeping[PAGER_THREADS_MAX]; /* by ticket: its owner sleeps, or is about to */
};

extern struct lock lock;

void lock_wait(uint64_t ticket);
void lock_wake(uint64_t ticket);

static inline void lock_take(void)
{
    uint64_t ticket = __atomic_fetch_add(&lock.next, 1, __ATOMIC_RELAXED);
    if (__atomic_load_n(&lock.serving, __ATOMIC_ACQUIRE) >> LOCK_TICKET_SHIFT != ticket) {
        lock_wait(ticket);
    }
}

/* Does another thread wait for it? For the one that holds it. */
static inline bool lock_is_wanted(void)
{
    return __atomic_load_n(&lock.next, __ATOMIC_RELAXED) !=
           (__atomic_load_n(&lock.serving, __ATOMIC_RELAXED) >> LOCK_TICKET_SHIFT) + 1;
}

static inline void lock_give(void)
{
    uint64_t before = __atomic_fetch_add(&lock.serving, 1 << LOCK_TICKET_SHIFT, __ATOMIC_ACQ_REL);
    if (__builtin_expect((before & LOCK_SLEEPERS) != 0, 0)) {
        lock_wake((before >> LOCK_TICKET_SHIFT) + 1);
    }
}

#endif
