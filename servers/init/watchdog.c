/* The JH7110's watchdog; contract in watchdog.h. */
#include "watchdog.h"

#include <stddef.h>

/* All are words. */
enum watchdog_register {
    WATCHDOG_LOAD = 0x000 / 4,
    WATCHDOG_CONTROL = 0x008 / 4,
    WATCHDOG_CLEAR = 0x00c / 4,
    WATCHDOG_LOCK = 0xc00 / 4,
};

/* SYSCRG: a word for each clock, a bit for each reset. */
enum {
    CLOCK_BUS = 122,
    CLOCK_COUNTER = 123,
    RESET_ASSERT = 0x2f8 / 4,
    RESET_BUS = 109,
    RESET_COUNTER = 110,
    RESET_WORD_BITS = 32,
};

enum {
    CONTROL_COUNT = 1 << 0,
    CONTROL_RESET = 1 << 1,
    FIRE_TICKS = 240000, /* 10 ms at 24 MHz, twice: an interrupt, then the reset */
};

#define CLOCK_ENABLE 0x80000000u
#define UNLOCK_KEY   0x1acce551u

static bool watchdog_answers(const struct watchdog *watchdog)
{
    uint32_t held = watchdog->clocks[RESET_ASSERT + RESET_BUS / RESET_WORD_BITS];

    return (watchdog->clocks[CLOCK_BUS] & CLOCK_ENABLE) != 0 &&
           (held & 1u << RESET_BUS % RESET_WORD_BITS) == 0;
}

bool watchdog_quiet(const struct watchdog *watchdog)
{
    if (watchdog->registers == NULL || !watchdog_answers(watchdog)) { /* D1 */
        return false;
    }
    bool was_running = (watchdog->registers[WATCHDOG_CONTROL] & CONTROL_COUNT) != 0;
    if (was_running) {
        watchdog->registers[WATCHDOG_LOCK] = UNLOCK_KEY;
        watchdog->registers[WATCHDOG_CLEAR] = 1;
        watchdog->registers[WATCHDOG_CONTROL] = 0;
        watchdog->registers[WATCHDOG_LOCK] = ~UNLOCK_KEY;
    }
    return was_running;
}

void watchdog_fire(const struct watchdog *watchdog)
{
    if (watchdog->registers == NULL) {
        return;
    }
    /* Both resets are in one word. */
    volatile uint32_t *held = &watchdog->clocks[RESET_ASSERT + RESET_BUS / RESET_WORD_BITS];
    watchdog->clocks[CLOCK_BUS] |= CLOCK_ENABLE;
    watchdog->clocks[CLOCK_COUNTER] |= CLOCK_ENABLE;
    *held &= ~(1u << RESET_BUS % RESET_WORD_BITS | 1u << RESET_COUNTER % RESET_WORD_BITS);
    __sync_synchronize();
    watchdog->registers[WATCHDOG_LOCK] = UNLOCK_KEY;
    watchdog->registers[WATCHDOG_LOAD] = FIRE_TICKS;
    watchdog->registers[WATCHDOG_CONTROL] = CONTROL_COUNT | CONTROL_RESET;
}
