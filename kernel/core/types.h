/* Quantities that must not mix. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t value;
} paddr_t; /* a physical address */

typedef struct {
    uint64_t value;
} vaddr_t; /* a virtual address of user mode */

typedef struct {
    uint64_t number;
} frame_t; /* a physical frame number: address >> 12 */

#ifndef static_assert
#define static_assert _Static_assert
#endif

/* For what the short paths consist of: they call nothing. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Ownership, as a word in a signature. */
#define TAKES /* the callee owns it from now on           */
#define GIVES /* the caller owns what comes out           */
#define LENT  /* used during the call only                */
#define KEEPS /* the callee remembers it; caller keeps it alive */
