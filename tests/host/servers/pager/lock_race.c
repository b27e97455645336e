/* The lock of the books between threads that really race: it lets one in, those that wait in their
 * order, and nobody who sleeps is forgotten.
 * sources: servers/pager/lock.c
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <byre/gen/calls.h>

#include "lock.h"
#include "types.h"

enum { THREADS = PAGER_THREADS_MAX, ROUNDS = 1500, LONG_EVERY = 500 };

_Noreturn void pager_fail(const char *file, unsigned line, const char *what)
{
    fprintf(stderr, "%s:%u: %s does not hold\n", file, line, what);
    abort();
}

/* -------------------------------------------------------- notifications, as the kernel has them */
static pthread_mutex_t kernel = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t signalled = PTHREAD_COND_INITIALIZER;
static uint64_t bits_of[PAGER_THREADS_MAX];
static unsigned sleeps;

err_t byre_wait(uint64_t notification, uint64_t deadline, uint64_t *bits_out)
{
    uint64_t place = notification - PAGER_SLOT_PARK;
    (void)deadline;
    pthread_mutex_lock(&kernel);
    sleeps++;
    while (bits_of[place] == 0) {
        pthread_cond_wait(&signalled, &kernel);
    }
    *bits_out = bits_of[place];
    bits_of[place] = 0;
    pthread_mutex_unlock(&kernel);
    return ERR_OK;
}

err_t byre_signal(uint64_t notification)
{
    pthread_mutex_lock(&kernel);
    bits_of[notification - PAGER_SLOT_PARK] = 1;
    pthread_cond_broadcast(&signalled);
    pthread_mutex_unlock(&kernel);
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ racing */
static uint64_t inside, rounds_done, first_in_line; /* the lock alone keeps them right */

/* Now and then so long that others stop turning and sleep (L3). */
static void stay(unsigned round)
{
    if (round % LONG_EVERY == 0) {
        for (unsigned i = 0; i < 50; i++) {
            sched_yield();
        }
    }
}

static void *race(void *unused)
{
    (void)unused;
    for (unsigned round = 0; round < ROUNDS; round++) {
        lock_take();
        uint64_t serving = __atomic_load_n(&lock.serving, __ATOMIC_RELAXED);
        if (inside != 0 || serving < first_in_line) {
            abort();
        }
        inside = 1;
        first_in_line = serving;
        stay(round);
        rounds_done++;
        inside = 0;
        lock_give();
    }
    return NULL;
}

static void one_at_a_time_and_nobody_forgotten(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (unsigned t = 0; t < THREADS; t++) {
        assert_int_equal(pthread_create(&threads[t], NULL, race, NULL), 0);
    }
    for (unsigned t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
    assert_int_equal(rounds_done, (uint64_t)THREADS * ROUNDS);
    assert_true(sleeps > 0); /* else it has not shown that who sleeps is woken */
    assert_int_equal(__atomic_load_n(&lock.sleepers, __ATOMIC_RELAXED), 0);
    assert_false(lock_is_wanted());
}

static void *take_once(void *turn)
{
    lock_take();
    *(uint64_t *)turn = rounds_done++;
    lock_give();
    return NULL;
}

static void who_came_first_comes_first(void **state)
{
    (void)state;
    pthread_t threads[THREADS - 1];
    uint64_t turns[THREADS - 1];
    rounds_done = 0;
    lock_take();
    assert_false(lock_is_wanted());
    for (unsigned t = 0; t < THREADS - 1; t++) {
        uint64_t next = __atomic_load_n(&lock.next, __ATOMIC_RELAXED);
        assert_int_equal(pthread_create(&threads[t], NULL, take_once, &turns[t]), 0);
        while (__atomic_load_n(&lock.next, __ATOMIC_RELAXED) == next) {
            sched_yield();
        }
    }
    assert_true(lock_is_wanted());
    lock_give();
    lock_wait();
    assert_int_equal(rounds_done, THREADS - 1); /* before the one that let them pass */
    lock_give();
    for (unsigned t = 0; t < THREADS - 1; t++) {
        pthread_join(threads[t], NULL);
        assert_int_equal(turns[t], t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time_and_nobody_forgotten),
        cmocka_unit_test(who_came_first_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
