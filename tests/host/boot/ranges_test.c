/* Range lists against a map of single units; boot arguments.
 * sources: boot/ranges.c boot/arguments.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arguments.h"
#include "boot/dice.h"
#include "ranges.h"

enum { UNITS = 300, STEPS = 200000 };

static void ranges_equal_map(const struct ranges *ranges, const bool *map)
{
    unsigned index = 0;
    for (uint64_t i = 0; i < UNITS; i++) {
        while (index < ranges->count && ranges->list[index].end <= i) {
            index++;
        }
        bool is_in = index < ranges->count && ranges->list[index].start <= i;
        assert_int_equal(is_in, map[i]);
    }
    for (unsigned i = 0; i < ranges->count; i++) { /* R1 */
        assert_true(ranges->list[i].start < ranges->list[i].end);
        assert_true(i == 0 || ranges->list[i - 1].end < ranges->list[i].start);
    }
}

static void ranges_are_sets(void **state)
{
    (void)state;
    struct dice dice = dice_make("ranges");
    struct ranges ranges = {0};
    bool map[UNITS] = {false};
    unsigned full = 0;
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t start = dice_roll(&dice, UNITS);
        uint64_t end = start + dice_roll(&dice, 4);
        end = end > UNITS ? UNITS : end;
        bool add = dice_roll(&dice, 2) == 0;
        ranges.is_lossy = false;
        if (add) {
            ranges_add(&ranges, start, end);
        } else {
            ranges_remove(&ranges, start, end);
        }
        bool done = !ranges.is_lossy;
        full += !done;
        for (uint64_t i = start; done && i < end; i++) {
            map[i] = add;
        }
        if (step % 16 == 0) {
            ranges_equal_map(&ranges, map);
        }
        bool all = true;
        bool any = false;
        for (uint64_t i = start; i < end; i++) {
            all = all && map[i];
            any = any || map[i];
        }
        if (start < end) {
            assert_int_equal(ranges_contain(&ranges, start, end), all);
            assert_int_equal(ranges_touch(&ranges, start, end), any);
        }
    }
    printf("# a full list refused %u times\n", full);
}

static void arguments_are_found(void **state)
{
    (void)state;
    struct boot_facts arguments = {0};
    arguments_parse(&arguments, "");
    assert_false(arguments.quiet || arguments.test_hooks || arguments.preempt);
    assert_int_equal(arguments.asid_bits_max, 16);
    arguments = (struct boot_facts){0};
    arguments_parse(&arguments, "  quiet run='a quiet testhooks; b' preempt=77,500 asid_bits=0");
    assert_true(arguments.quiet && arguments.preempt);
    assert_false(arguments.test_hooks);
    assert_int_equal(arguments.preempt_seed, 77);
    assert_int_equal(arguments.preempt_mean_us, 500);
    assert_int_equal(arguments.asid_bits_max, 0);
    arguments = (struct boot_facts){0};
    arguments_parse(&arguments, "quieter testhook testhooksy testhooks");
    assert_false(arguments.quiet);
    assert_true(arguments.test_hooks);
    arguments = (struct boot_facts){0};
    arguments_parse(&arguments, "run='never ended quiet");
    assert_false(arguments.quiet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_sets),
        cmocka_unit_test(arguments_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
