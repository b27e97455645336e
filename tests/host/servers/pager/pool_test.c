/* Pools and promises: records in slabs, what is owed in two currencies.
 * sources: tests/host/servers/pager/support.c servers/pager/frame.c servers/pager/promise.c servers/pager/pool.c servers/pager/hook.c servers/pager/directory.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"
#include "hook.h"
#include "pool.h"
#include "promise.h"
#include "support.h"

enum { RECORD_BYTES = 1000, RECORDS = 50, CAPACITY = (SUPPORT_CHUNKS - 1) * CHUNK_PAGES };

/* ----------------------------------------------------------------------------------- pools */
static void records_are_zeroed_and_slabs_go_back(void **state)
{
    (void)state;
    struct pool pool;
    pool_start(&pool, "test", RECORD_BYTES);
    uint64_t free = frames.totals.user_free;
    void *records[RECORDS];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < RECORDS; i++) {
            assert_int_equal(pool_alloc(&pool, &records[i]), ERR_OK);
            const unsigned char *bytes = records[i];
            for (unsigned k = 0; k < RECORD_BYTES; k++) {
                assert_int_equal(bytes[k], 0);
            }
            memset(records[i], 0xff, RECORD_BYTES);
        }
        assert_int_equal(pool.live, RECORDS);
        assert_int_equal(promises.user, pool.slabs);
        for (unsigned i = 0; i < RECORDS; i++) {
            pool_free(&pool, records[(i * 7 + round) % RECORDS]);
        }
        assert_int_equal(pool.slabs, 0);
        assert_int_equal(promises.user, 0);
        assert_int_equal(frames.totals.user_free, free);
    }
    assert_true(frames_check());
}

static void every_refused_record_leaves_the_pool_as_it_was(void **state)
{
    (void)state;
    static const unsigned kinds[] = {PAGER_HOOK_FAIL_RECORD, PAGER_HOOK_FAIL_FRAME};
    for (unsigned kind = 0; kind < 2; kind++) {
        for (uint32_t k = 1; k < RECORDS; k++) {
            struct pool pool;
            pool_start(&pool, "test", RECORD_BYTES);
            uint64_t free = frames.totals.user_free;
            void *records[RECORDS];
            unsigned count = 0;
            hooks.fail[kinds[kind]] = k;
            while (count < RECORDS && pool_alloc(&pool, &records[count]) == ERR_OK) {
                count++;
            }
            hooks.fail[kinds[kind]] = 0;
            while (count > 0) {
                pool_free(&pool, records[--count]);
            }
            assert_int_equal(frames.totals.user_free, free);
            assert_int_equal(promises.user, 0);
        }
    }
}

/* -------------------------------------------------------------------------------- promises */
static void the_machine_is_never_promised_twice(void **state)
{
    (void)state;
    struct account *a;
    assert_int_equal(account_get(1, &a), ERR_OK);
    uint64_t records = promises.user;
    uint64_t most = CAPACITY - PROMISE_RESERVE_FRAMES - records;
    assert_int_equal(promise_take(a, most + 1, 0), PAGER_ERR_NOMEM);
    assert_int_equal(promise_take(a, most, 0), ERR_OK);
    assert_int_equal(promise_take(a, 1, 0), PAGER_ERR_NOMEM);
    assert_int_equal(promise_take_record(), ERR_OK); /* the reserve is the pager's own */
    promise_give_record();
    promise_give(a, most, 0);
    account_release(a);
    assert_int_equal(promises.user, 0);
}

static void an_account_s_limit_is_its_own(void **state)
{
    (void)state;
    struct account *a;
    struct account *b;
    assert_int_equal(account_get(1, &a), ERR_OK);
    assert_int_equal(account_get(1 + 256, &b), ERR_OK); /* the same chain */
    assert_ptr_equal(account_find(1), a);
    assert_ptr_equal(account_find(1 + 256), b);
    a->user_limit = 10;
    a->tables_limit = 2;
    assert_int_equal(promise_take(a, 11, 0), PAGER_ERR_AGAIN);
    assert_int_equal(promise_take(a, 10, 2), ERR_OK);
    assert_int_equal(promise_take(a, 0, 1), PAGER_ERR_AGAIN);
    assert_int_equal(promise_take(b, 11, 3), ERR_OK);
    promise_give(a, 10, 2);
    promise_give(b, 11, 3);
    account_release(b);
    assert_null(account_find(1 + 256));
    account_release(a);
    assert_int_equal(frames.totals.user_free, CAPACITY);
}

static void big_trees_leave_room_for_small_ones(void **state)
{
    (void)state;
    struct account *big;
    struct account *small;
    uint64_t taken = 0;
    assert_int_equal(account_get(1, &big), ERR_OK);
    assert_int_equal(account_get(2, &small), ERR_OK);
    big->user_limit = CAPACITY;
    small->user_limit = CAPACITY;
    while (promise_take(big, 1, 0) == ERR_OK) {
        taken++;
    }
    assert_true(taken > ACCOUNT_SMALL_FRAMES);
    assert_true(taken + CAPACITY / 16 + 2 * CHUNK_PAGES <= CAPACITY);
    assert_int_equal(promise_take(big, 1, 0), PAGER_ERR_AGAIN);
    assert_int_equal(promise_take(small, ACCOUNT_SMALL_FRAMES, 0), ERR_OK);
    assert_int_equal(promise_take(small, 1, 0), PAGER_ERR_AGAIN);
    promise_give(small, ACCOUNT_SMALL_FRAMES, 0);
    promise_give(big, taken, 0);
    account_release(small);
    account_release(big);
}

static void chunks_become_tables_before_they_are_needed(void **state)
{
    (void)state;
    uint64_t tables = CHUNK_PAGES - 1;
    assert_int_equal(promise_take(NULL, 0, tables), ERR_OK);
    assert_int_equal(support_converted(), 0);
    assert_int_equal(promise_take(NULL, 0, 1), ERR_OK);
    assert_int_equal(support_converted(), 1);
    assert_int_equal(promise_user_capacity(), CAPACITY - CHUNK_PAGES);
    assert_int_equal(promise_take(NULL, 0, 2 * tables), ERR_OK);
    assert_int_equal(support_converted(), 3);
    promise_give(NULL, 0, 3 * tables + 1);
    while (promise_adjust_chunks()) {
    }
    assert_int_equal(frames.totals.table_chunks, 1);
    assert_int_equal(promise_user_capacity(), CAPACITY);
}

static void tables_are_refused_when_pages_need_the_memory(void **state)
{
    (void)state;
    uint64_t tables = CHUNK_PAGES - 1;
    uint64_t most = CAPACITY - PROMISE_RESERVE_FRAMES;
    assert_int_equal(promise_take(NULL, most, tables), ERR_OK);
    assert_int_equal(promise_take(NULL, 0, 1), PAGER_ERR_NOMEM);
    assert_int_equal(support_converted(), 0);
    promise_give(NULL, most, tables);
}

static void overcommit_promises_what_is_not_there(void **state)
{
    (void)state;
    promises_start(true);
    assert_int_equal(promise_take(NULL, 10 * CAPACITY, 10 * CAPACITY), ERR_OK);
    assert_int_equal(support_converted(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(records_are_zeroed_and_slabs_go_back),
        TEST(every_refused_record_leaves_the_pool_as_it_was),
        TEST(the_machine_is_never_promised_twice),
        TEST(an_account_s_limit_is_its_own),
        TEST(big_trees_leave_room_for_small_ones),
        TEST(chunks_become_tables_before_they_are_needed),
        TEST(tables_are_refused_when_pages_need_the_memory),
        TEST(overcommit_promises_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
