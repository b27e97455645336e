/* The JH7110's watchdog, on memory in place of its registers: what is written, and above all when
 * nothing is touched.
 * sources: servers/init/watchdog.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "watchdog.h"

enum {
    WORDS = 1024,
    LOAD = 0,
    CONTROL = 2,
    LOCK = 0x300,
    BUS = 122,
    COUNTER = 123,
    HELD = 0x304 / 4
};

#define ON        0x80000000u
#define HELD_BITS (3u << 13) /* resets 109 and 110 */
#define UNTOUCHED 0x5a5a5a5au

static uint32_t registers[WORDS];
static uint32_t clocks[WORDS];
static const struct watchdog watchdog = {.registers = registers, .clocks = clocks};

static void machine_is(uint32_t clock, uint32_t held, uint32_t control)
{
    memset(registers, 0x5a, sizeof registers);
    memset(clocks, 0, sizeof clocks);
    clocks[BUS] = clock;
    clocks[HELD] = held;
    registers[CONTROL] = control;
}

static void a_running_watchdog_is_stopped_and_locked(void **state)
{
    (void)state;
    machine_is(ON, 0, 3);
    assert_true(watchdog_quiet(&watchdog));
    assert_int_equal(registers[CONTROL], 0);
    assert_int_not_equal(registers[LOCK], 0x1acce551);
    assert_int_not_equal(registers[LOCK], UNTOUCHED);
}

static void a_watchdog_at_rest_is_only_read(void **state)
{
    (void)state;
    machine_is(ON, 0, 0);
    assert_false(watchdog_quiet(&watchdog));
    assert_int_equal(registers[LOCK], UNTOUCHED);
}

/* That there is no access at all: there is nothing at the address. */
static void without_clock_or_in_reset_nothing_is_touched(void **state)
{
    const struct watchdog absent = {.registers = (volatile uint32_t *)16,
                                    .clocks = clocks}; // NOLINT
    const struct watchdog none = {0};
    (void)state;
    machine_is(0, 0, 0);
    assert_false(watchdog_quiet(&absent));
    machine_is(ON, HELD_BITS, 0);
    assert_false(watchdog_quiet(&absent));
    assert_false(watchdog_quiet(&none));
    watchdog_fire(&none);
}

static void to_fire_it_is_woken_first(void **state)
{
    (void)state;
    machine_is(0, HELD_BITS | 1, 0);
    watchdog_fire(&watchdog);
    assert_int_equal(clocks[BUS], ON);
    assert_int_equal(clocks[COUNTER], ON);
    assert_int_equal(clocks[HELD], 1);
    assert_int_equal(registers[LOCK], 0x1acce551);
    assert_in_range(registers[LOAD], 1, 1200000); /* 50 ms at 24 MHz, twice */
    assert_int_equal(registers[CONTROL], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_running_watchdog_is_stopped_and_locked),
        cmocka_unit_test(a_watchdog_at_rest_is_only_read),
        cmocka_unit_test(without_clock_or_in_reset_nothing_is_touched),
        cmocka_unit_test(to_fire_it_is_woken_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
