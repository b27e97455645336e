/* Capability tables: flat, one bound check and one load.
 *
 *   Q1  Slot 0 is never valid: the table's own header lies there, which no capability's first word
 *       equals (P3).
 *   Q2  A table with threads bound to it cannot be destroyed (H3).
 *   Q3  slot_count is a power of two, 2 to CAPTABLE_SLOTS_MAX (what fits in one chunk).
 *
 * In system calls a table index of 0 means the caller's own table, with all rights on it.
 */
#pragma once

#include "core/capability.h"

enum { CAPTABLE_SLOTS_MAX = 32768, CAPTABLE_SLICE_SLOTS = 64 };
enum { CAP_COPIES_MAX = 6, CAP_RENEW_MAX = 3 };

struct captable {
    struct object object;
    uint64_t slot_count;    /* Q3 [c] */
    uint64_t bound_threads; /* Q2 [K] */
    uint64_t drained;       /* slots emptied while it is being destroyed [K] */
};

static_assert(sizeof(struct captable) == sizeof(struct capability), "it is slot 0");

/* The slot, whatever it holds; NULL: outside the table. */
ALWAYS_INLINE struct capability *captable_slot(struct captable *table, uint64_t index)
{
    if (index == 0 || index >= table->slot_count) {
        return NULL;
    }
    return (struct capability *)(void *)table + index;
}

/* The slot if its capability is alive, of that type, with those rights; NULL: captable_refusal says
 * what is wrong. */
ALWAYS_INLINE struct capability *captable_good(struct captable *table, uint64_t index,
                                               enum object_type type, unsigned rights)
{
    struct capability *slot = (struct capability *)(void *)table + index; /* 0: Q1 */

    return index < table->slot_count && capability_is_good(slot, type, rights) ? slot : NULL;
}

[[nodiscard]] err_t captable_refusal(struct captable *table, uint64_t index, enum object_type type,
                                     unsigned rights);

/* The table that an index means (0: the caller's own), with these rights on it; NULL as above. */
static inline struct captable *captable_named(struct captable *own, uint64_t index, unsigned rights)
{
    struct capability *capability;

    if (index == 0) {
        return own;
    }
    capability = captable_good(own, index, OBJECT_CAPTABLE, rights);
    return capability == NULL ? NULL : (struct captable *)capability->object;
}

/* As captable_good. */
[[nodiscard]] static inline err_t captable_find(struct captable *table, uint64_t index,
                                                enum object_type type, unsigned rights,
                                                struct capability **capability_out)
{
    *capability_out = captable_good(table, index, type, rights);
    return *capability_out != NULL ? ERR_OK : captable_refusal(table, index, type, rights);
}

/* An empty slot: CAP_RANGE, SLOT_FULL. */
[[nodiscard]] err_t captable_find_empty(struct captable *table, uint64_t index,
                                        struct capability **slot_out);
/* Empty the next slots; RESTART: there are more and an interrupt waits. */
[[nodiscard]] err_t captable_drain(struct captable *table);
