/* The lock of the books. With several threads (worker.h), only who holds it reads or writes them:
 * all that request handlers, faults and teardown touch, except the contents of frames.
 *
 *   L1  Those that find it taken have it in the order in which they came. Who comes while it is
 *       free has it at once: a lock that is handed to one that does not run makes all wait for who
 *       runs that one, another thread's hart or the host of an emulator.
 *   L2  It is held for no longer than one message needs, or one slice of work; an audit's thread
 *       holds it until the audit ends (audit.h D1).
 *   L3  Who waits for it turns a while, then sleeps: the holder may be one that this hart is to
 *       run. The while is long enough for all that is common, for who sleeps is slow to come back,
 *       and those behind it would sleep too. */
#ifndef PAGER_LOCK_H
#define PAGER_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/pager_boot.h>

struct lock {
    uint32_t is_held;
    uint32_t sleepers;
    uint64_t next;                        /* ticket of who waits next */
    uint64_t serving;                     /* ticket of the first of those that wait */
    uint32_t sleeping[PAGER_THREADS_MAX]; /* by ticket: its owner sleeps, or is about to */
};

extern struct lock lock;

void lock_wait(void); /* behind all that wait */
void lock_wake(void);

static inline void lock_take(void)
{
    if (__atomic_exchange_n(&lock.is_held, 1, __ATOMIC_ACQUIRE) != 0) {
        lock_wait();
    }
}

/* Does another thread wait for it? For the one that holds it. */
static inline bool lock_is_wanted(void)
{
    return __atomic_load_n(&lock.next, __ATOMIC_RELAXED) !=
           __atomic_load_n(&lock.serving, __ATOMIC_RELAXED);
}

static inline void lock_give(void)
{
    (void)__atomic_exchange_n(&lock.is_held, 0, __ATOMIC_SEQ_CST);
    if (__builtin_expect(__atomic_load_n(&lock.sleepers, __ATOMIC_SEQ_CST) != 0, 0)) {
        lock_wake();
    }
}

#endif
