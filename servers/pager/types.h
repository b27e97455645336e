/* Quantities of the pager that must not mix, and the words for ownership. */
#ifndef PAGER_TYPES_H
#define PAGER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>
#include <byre/table.h>

#include "records.h"

#define FRAME_NONE ((frame_t){0})

/* Pages of a space are counted from address 0: page = address >> PAGE_SHIFT, below this. */
#define USER_PAGES (1u << 26)

enum {
    GROUP_SHIFT = 9, /* pages of one leaf table: a group, 2 MiB */
    GROUP_PAGES = 1 << GROUP_SHIFT,
    GIANT_SHIFT = 18, /* pages of one middle table: 1 GiB */
    GIANT_PAGES = 1 << GIANT_SHIFT,
};

static inline unsigned page_leaf_index(uint32_t page)
{
    return page & (GROUP_PAGES - 1);
}

static inline unsigned page_middle_index(uint32_t page)
{
    return page >> GROUP_SHIFT & (TABLE_ENTRIES - 1);
}

static inline unsigned page_root_index(uint32_t page)
{
    return page >> GIANT_SHIFT;
}

/* A bug of the pager's own: never what a client can cause. Stops the pager (the host's tests
 * define pager_fail to record it). */
_Noreturn void pager_fail(const char *file, unsigned line, const char *what);

#define PAGER_ASSERT(condition)                         \
    do {                                                \
        if (__builtin_expect(!(condition), 0)) {        \
            pager_fail(__FILE__, __LINE__, #condition); \
        }                                               \
    } while (0)

#define TAKES /* the callee owns it from now on           */
#define GIVES /* the caller owns what comes out           */
#define LENT  /* used during the call only                */
#define KEEPS /* the callee remembers it; caller keeps it alive */

#endif
