/* 4 KiB at a time: zeroing and copying, the two costs that no cleverness removes. 128 doublewords
 * a turn; the compiler makes them plain loads and stores. */
#ifndef PAGER_PAGE_H
#define PAGER_PAGE_H

#include <string.h>

#include "window.h"

enum { PAGE_WORDS = PAGE_BYTES / 8, PAGE_TURN_WORDS = 128 };

static inline void page_zero(frame_t frame)
{
    uint64_t *to = pager_pointer(frame);
    uint64_t *end = to + PAGE_WORDS;
    do {
#pragma GCC unroll 128
        for (unsigned i = 0; i < PAGE_TURN_WORDS; i++) {
            to[i] = 0;
        }
        to += PAGE_TURN_WORDS;
        __asm__ volatile("" : : : "memory"); /* keep the loop a loop, not a call to memset */
    } while (to != end);
}

static inline void page_copy_words(uint64_t *to, const uint64_t *from)
{
    uint64_t a = from[0];
    uint64_t b = from[1];
    uint64_t c = from[2];
    uint64_t d = from[3];
    uint64_t e = from[4];
    uint64_t f = from[5];
    uint64_t g = from[6];
    uint64_t h = from[7];
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
    to[4] = e;
    to[5] = f;
    to[6] = g;
    to[7] = h;
}

static inline void page_copy(frame_t target, frame_t source)
{
    uint64_t *to = pager_pointer(target);
    const uint64_t *from = pager_pointer(source);
    uint64_t *end = to + PAGE_WORDS;
    do {
#pragma GCC unroll 16
        for (unsigned i = 0; i < PAGE_TURN_WORDS; i += 8) {
            page_copy_words(to + i, from + i);
        }
        to += PAGE_TURN_WORDS;
        from += PAGE_TURN_WORDS;
        __asm__ volatile("" : : : "memory");
    } while (to != end);
}

/* The first `bytes` (1 to a page) of the source, and zeroes. */
static inline void page_fill(frame_t target, frame_t source, unsigned bytes)
{
    enum { WORDS = 32, BYTES = WORDS * 8 };
    uint64_t *to = pager_pointer(target);
    const uint64_t *from = pager_pointer(source);
    uint64_t *end = to + PAGE_WORDS;
    uint64_t *copied = to + (bytes + BYTES - 1) / BYTES * WORDS;
    for (; to != copied; to += WORDS, from += WORDS) {
#pragma GCC unroll 4
        for (unsigned i = 0; i < WORDS; i += 8) {
            page_copy_words(to + i, from + i);
        }
        __asm__ volatile("" : : : "memory");
    }
    for (; to != end; to += WORDS) {
#pragma GCC unroll 32
        for (unsigned i = 0; i < WORDS; i++) {
            to[i] = 0;
        }
        __asm__ volatile("" : : : "memory");
    }
    char *beyond = (char *)pager_pointer(target) + bytes;
    memset(beyond, 0, (size_t)((char *)copied - beyond));
}

#endif
