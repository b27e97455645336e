/* Frames: counts, free lists, chunks.
 * sources: tests/host/servers/pager/support.c servers/pager/frame.c servers/pager/promise.c servers/pager/pool.c servers/pager/hook.c servers/pager/directory.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame.h"
#include "support.h"

enum { SHARERS = 300, STEPS = 20000 };

static frame_t take(void)
{
    frame_t f;
    assert_int_equal(frame_alloc(&f), ERR_OK);
    return f;
}

static void allocates_from_the_bottom_with_count_1(void **state)
{
    (void)state;
    uint64_t free = frames.totals.user_free;
    frame_t a = take();
    frame_t b = take();
    assert_int_equal(a.number, support_frame(0).number);
    assert_int_equal(b.number, support_frame(1).number);
    assert_int_equal(frame_count(a), 1);
    frame_unref(a);
    assert_int_equal(take().number, a.number);
    frame_unref(a);
    frame_unref(b);
    assert_int_equal(frames.totals.user_free, free);
    assert_true(frames_check());
}

static void counts_more_sharers_than_a_byte_holds(void **state)
{
    (void)state;
    frame_t f = take();
    for (unsigned i = 0; i < SHARERS; i++) {
        frame_ref(f);
    }
    assert_int_equal(frame_count(f), SHARERS + 1);
    for (unsigned i = 0; i < SHARERS; i++) {
        assert_true(frame_is_shared(f));
        frame_unref(f);
    }
    assert_false(frame_is_shared(f));
    frame_unref(f);
    assert_true(frames_check());
}

static void a_count_at_its_maximum_stays_there(void **state)
{
    (void)state;
    frame_t f = take();
    frame_record(f)->count = FRAME_COUNT_MAX - 1;
    frame_ref(f);
    assert_int_equal(frame_count(f), FRAME_COUNT_MAX);
    frame_ref(f);
    frame_unref(f);
    frame_unref(f);
    assert_int_equal(frame_count(f), FRAME_COUNT_MAX);
}

static void a_second_free_is_detected(void **state)
{
    (void)state;
    frame_t f = take();
    frame_unref(f);
    assert_stops(frame_unref(f));
    assert_stops(frame_ref(f));
}

static void a_fixed_frame_is_never_freed(void **state)
{
    (void)state;
    frames_reserve(support_frame(7), 1, FRAME_FIXED);
    assert_stops(frame_unref(support_frame(7)));
}

static void reserved_frames_are_not_handed_out(void **state)
{
    (void)state;
    frames_reserve(support_frame(CHUNK_PAGES + 100), 3, FRAME_FIXED);
    frames_reserve(support_frame(2), 2, FRAME_FIXED);
    frames_reserve(support_frame(CHUNK_PAGES + 50), 1, FRAME_FIXED); /* below the others */
    assert_true(frames_check());
    assert_int_equal(frames.totals.fixed, 6);
    for (unsigned i = 0; i < 2 * CHUNK_PAGES - 6; i++) {
        uint32_t index = take().number - SUPPORT_FIRST_FRAME;
        assert_true(index != 2 && index != 3);
        assert_true(index != CHUNK_PAGES + 50);
        assert_true(index < CHUNK_PAGES + 100 || index > CHUNK_PAGES + 102);
    }
    assert_int_equal(take().number, support_chunk(2).number);
    assert_true(frames_check());
}

static void all_memory_can_be_taken_and_given_back(void **state)
{
    (void)state;
    uint64_t free = frames.totals.user_free;
    frame_t f;
    for (uint64_t i = 0; i < free; i++) {
        (void)take();
    }
    assert_int_equal(frame_alloc(&f), PAGER_ERR_NOMEM);
    assert_int_equal(frames_find_idle_chunk(KIND_USER).number, 0);
    for (uint32_t i = 0; i < free; i++) {
        frame_unref(support_frame(i));
    }
    assert_int_equal(frames.totals.user_free, free);
    assert_int_equal(frames_find_idle_chunk(KIND_USER).number,
                     support_chunk(SUPPORT_CHUNKS - 2).number);
    assert_true(frames_check());
}

static void tables_come_from_the_highest_chunk(void **state)
{
    (void)state;
    frames_remove_chunk(support_chunk(3));
    frames_add_chunk(support_chunk(3), KIND_TABLE);
    frame_t f;
    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        assert_int_equal(frame_alloc_table(&f), ERR_OK);
        assert_int_equal(f.number, support_chunk(SUPPORT_CHUNKS - 1).number + i);
    }
    assert_int_equal(frame_alloc_table(&f), ERR_OK);
    assert_int_equal(f.number, support_chunk(3).number + 1); /* frame 0 holds the records */
    frame_free_table(f);
    assert_int_equal(frames_find_idle_chunk(KIND_TABLE).number, support_chunk(3).number);
    assert_true(frames_check());
}

static void random_use_keeps_the_books(void **state)
{
    (void)state;
    static uint32_t held[SUPPORT_CHUNKS * CHUNK_PAGES];
    unsigned count = 0;
    uint64_t dice = 1;
    uint64_t free = frames.totals.user_free;
    for (unsigned step = 0; step < STEPS; step++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        unsigned roll = (unsigned)(dice >> 33);
        frame_t f;
        if (roll % 3 != 0 && frame_alloc(&f) == ERR_OK) {
            held[count++] = f.number;
        } else if (count > 0) {
            unsigned at = roll / 3 % count;
            frame_unref((frame_t){held[at]});
            held[at] = held[--count];
        }
        if (step % 1000 == 0) {
            assert_true(frames_check());
        }
    }
    while (count > 0) {
        frame_unref((frame_t){held[--count]});
    }
    assert_int_equal(frames.totals.user_free, free);
    assert_true(frames_check());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, support_set_up, support_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(allocates_from_the_bottom_with_count_1),
        TEST(counts_more_sharers_than_a_byte_holds),
        TEST(a_count_at_its_maximum_stays_there),
        TEST(a_second_free_is_detected),
        TEST(a_fixed_frame_is_never_freed),
        TEST(reserved_frames_are_not_handed_out),
        TEST(all_memory_can_be_taken_and_given_back),
        TEST(tables_come_from_the_highest_chunk),
        TEST(random_use_keeps_the_books),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
