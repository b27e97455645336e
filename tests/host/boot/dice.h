/* A seeded source of chance for tests of boot/, and blocks that end where the sanitizer sees it. */
#ifndef TESTS_HOST_BOOT_DICE_H
#define TESTS_HOST_BOOT_DICE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dice {
    uint64_t state;
};

/* TEST_SEED=N repeats a failure. */
static inline struct dice dice_make(const char *what)
{
    const char *text = getenv("TEST_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : 20260611;
    printf("# %s: TEST_SEED=%llu\n", what, (unsigned long long)seed);
    return (struct dice){seed * 2 + 1};
}

static inline uint64_t dice_roll(struct dice *dice, uint64_t below)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state % below;
}

/* A copy of exactly these bytes on the heap. */
static inline uint8_t *dice_copy(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count == 0 ? 1 : count);
    memcpy(copy, bytes, count);
    return copy;
}

/* Change a few bytes or aligned words, mostly to values that hurt. */
static inline void dice_mutate(struct dice *dice, uint8_t *bytes, size_t count)
{
    static const uint8_t hurtful[] = {0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff};
    uint64_t changes = 1 + dice_roll(dice, 6);
    for (uint64_t i = 0; i < changes; i++) {
        size_t at = dice_roll(dice, count);
        uint8_t value = dice_roll(dice, 3) == 0 ? (uint8_t)dice_roll(dice, 256)
                                                : hurtful[dice_roll(dice, sizeof hurtful)];
        bytes[at] = value;
        if (dice_roll(dice, 4) == 0) {
            at &= ~(size_t)3;
            for (size_t j = at; j < at + 4 && j < count; j++) {
                bytes[j] = value;
            }
        }
    }
}

#endif
