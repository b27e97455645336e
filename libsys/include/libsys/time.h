/* The machine's clock, read without a kernel call. */
#ifndef LIBSYS_TIME_H
#define LIBSYS_TIME_H

#include <stdint.h>

#define TIME_FOREVER UINT64_MAX /* a deadline that never comes */

static inline uint64_t time_ticks(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return ticks;
}

#endif
