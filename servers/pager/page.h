/* 4 KiB at a time: zeroing and copying, the two costs that no cleverness removes. 32 doublewords
 * a turn; the compiler makes them plain loads and stores. */
#ifndef PAGER_PAGE_H
#define PAGER_PAGE_H

#include "window.h"

enum { PAGE_WORDS = PAGE_BYTES / 8 };

static inline void page_zero(frame_t frame)
{
    uint64_t *to = pager_pointer(frame);
    uint64_t *end = to + PAGE_WORDS;
    do {
#pragma GCC unroll 32
        for (unsigned i = 0; i < 32; i++) {
            to[i] = 0;
        }
        to += 32;
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
        page_copy_words(to, from);
        page_copy_words(to + 8, from + 8);
        page_copy_words(to + 16, from + 16);
        page_copy_words(to + 24, from + 24);
        to += 32;
        from += 32;
        __asm__ volatile("" : : : "memory");
    } while (to != end);
}

#endif
