/* The big lock between threads that really race: it lets one in, and whoever waits comes in.
 * sources: kernel/core/lock.c
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/lock.h"

enum { HARTS = 6, ENTRIES = 3000, LONG_EVERY = 500, LONG_TURNS = 50 };

static uint64_t inside, entries, first_in_line; /* the lock alone keeps them right */

static void *enter_often(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ENTRIES; i++) {
        core_lock();
        uint64_t serving = __atomic_load_n(&kernel_lock.now_serving, __ATOMIC_RELAXED);
        if (inside != 0 || serving < first_in_line) {
            abort();
        }
        inside = 1;
        first_in_line = serving;
        for (unsigned turn = 0; i % LONG_EVERY == 0 && turn < LONG_TURNS; turn++) {
            (void)sched_yield();
        }
        entries++;
        inside = 0;
        core_unlock();
    }
    return NULL;
}

static void one_at_a_time(void **state)
{
    (void)state;
    pthread_t threads[HARTS];
    for (unsigned i = 0; i < HARTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, enter_often, NULL), 0);
    }
    for (unsigned i = 0; i < HARTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(entries, HARTS * ENTRIES);
    assert_true(first_in_line > 0); /* else it has not shown that who waits gets it */
    assert_false(core_lock_is_wanted());
}

static void *enter_once(void *turn)
{
    core_lock();
    *(uint64_t *)turn = entries++;
    core_unlock();
    return NULL;
}

static void who_asked_first_comes_first(void **state)
{
    (void)state;
    pthread_t threads[HARTS];
    uint64_t turns[HARTS];
    entries = 0;
    core_lock();
    for (unsigned i = 0; i < HARTS; i++) {
        uint64_t next = __atomic_load_n(&kernel_lock.next_ticket, __ATOMIC_RELAXED);
        assert_int_equal(pthread_create(&threads[i], NULL, enter_once, &turns[i]), 0);
        while (__atomic_load_n(&kernel_lock.next_ticket, __ATOMIC_RELAXED) == next) {
            (void)sched_yield();
        }
    }
    assert_true(core_lock_is_wanted());
    core_unlock();
    for (unsigned i = 0; i < HARTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(turns[i], i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(who_asked_first_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
