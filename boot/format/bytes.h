/* Unaligned numbers in foreign byte order, as the formats of the boot archive and the device tree
 * hold them, and strings that are known to end. The caller has checked the bounds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint32_t bytes_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t bytes_be64(const uint8_t *at)
{
    return (uint64_t)bytes_be32(at) << 32 | bytes_be32(at + 4);
}

static inline bool text_equals(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* What follows `with` in a text that begins with it; NULL: it does not. */
static inline const char *text_after(const char *text, const char *with)
{
    while (*with != '\0' && *text == *with) {
        text++;
        with++;
    }
    return *with == '\0' ? text : NULL;
}

/* Length of the string at `at`, if it ends within `room` bytes. */
static inline bool text_length(const char *at, uint64_t room, uint32_t *length_out)
{
    for (uint32_t i = 0; i < room; i++) {
        if (at[i] == '\0') {
            *length_out = i;
            return true;
        }
    }
    return false;
}
