/* A set of up to 32768 small numbers: the lowest and the next member in a constant number of steps
 * (two levels of words: 512 and 8). */
#ifndef LIBSYS_BITS_H
#define LIBSYS_BITS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BITS_WORDS = 512,
    BITS_MAX = BITS_WORDS * 64,
    BITS_NONE = BITS_MAX,
};

struct bits {
    uint64_t summary[BITS_WORDS / 64]; /* bit w: word[w] is not 0 */
    uint64_t word[BITS_WORDS];
};

/* The lowest bit that is set. The harts we run on count no zeros themselves, and the compiler's
 * library takes five times as long: multiplying the lone bit by a de Bruijn number puts its place
 * into the upper six bits. */
static inline uint32_t bits_lowest(uint64_t word)
{
    static const uint8_t places[64] = {
        0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
        43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
        44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
    };
    return places[(word & -word) * 0x03f79d71b4cb0a89ul >> 58];
}

static inline bool bits_has(const struct bits *bits, uint32_t number)
{
    return (bits->word[number / 64] >> (number % 64) & 1) != 0;
}

static inline void bits_add(struct bits *bits, uint32_t number)
{
    uint32_t word = number / 64;

    bits->word[word] |= 1ul << (number % 64);
    bits->summary[word / 64] |= 1ul << (word % 64);
}

static inline void bits_remove(struct bits *bits, uint32_t number)
{
    uint32_t word = number / 64;

    bits->word[word] &= ~(1ul << (number % 64));
    if (bits->word[word] == 0) {
        bits->summary[word / 64] &= ~(1ul << (word % 64));
    }
}

/* The lowest member that is at least `from`; BITS_NONE if there is none. */
static inline uint32_t bits_next(const struct bits *bits, uint32_t from)
{
    if (from >= BITS_MAX) {
        return BITS_NONE;
    }
    uint32_t word = from / 64;
    uint64_t rest = bits->word[word] >> (from % 64);
    if (rest != 0) {
        return from + bits_lowest(rest);
    }
    word++;
    for (uint32_t s = word / 64; s < BITS_WORDS / 64; s++, word = s * 64) {
        uint64_t words = bits->summary[s] >> (word % 64);
        if (words != 0) {
            word += bits_lowest(words);
            return word * 64 + bits_lowest(bits->word[word]);
        }
    }
    return BITS_NONE;
}

#endif
