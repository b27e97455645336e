/* Capability tables: flat, one bound check and one load.
 *
 *   Q1  Slot 0 is never valid: the table's own header lies there.
 *   Q2  A table with threads bound to it cannot be destroyed (H3).
 *   Q3  slot_count is a power of two, 2 to CAPTABLE_SLOTS_MAX (what fits in one chunk).
 *
 * In system calls a table index of 0 means the caller's own table, with all rights on it.
 */
#pragma once

#include "core/capability.h"

enum { CAPTABLE_SLOTS_MAX = 32768, CAPTABLE_SLICE_SLOTS = 64, CAP_COPIES_MAX = 5 };

struct captable {
    struct object object;
    uint64_t slot_count;    /* Q3 [c] */
    uint64_t bound_threads; /* Q2 [K] */
    uint64_t drained;       /* slots emptied while it is being destroyed [K] */
};

static_assert(sizeof(struct captable) == sizeof(struct capability), "it is slot 0");

/* The slot, whatever it holds; NULL: outside the table. */
static inline struct capability *captable_slot(struct captable *table, uint64_t index)
{
    if (index == 0 || index >= table->slot_count) {
        return NULL;
    }
    return (struct capability *)(void *)table + index;
}

/* A slot's capability that is alive, of that type, with those rights. */
[[nodiscard]] static inline err_t captable_find(struct captable *table, uint64_t index,
                                                enum object_type type, unsigned rights,
                                                struct capability **capability_out)
{
    *capability_out = captable_slot(table, index);
    return *capability_out == NULL ? ERR_CAP_RANGE
                                   : capability_check(*capability_out, type, rights);
}

/* The same, of the table and slot that a call's n-th argument means. */
[[nodiscard]] err_t captable_argument(const struct thread *caller, unsigned n,
                                      enum object_type type, unsigned rights,
                                      struct capability **capability_out);
/* An empty slot: CAP_RANGE, SLOT_FULL. */
[[nodiscard]] err_t captable_find_empty(struct captable *table, uint64_t index,
                                        struct capability **slot_out);
/* The table that the n-th argument names; rights: MANAGE to write, OBJECTS to read. */
[[nodiscard]] err_t captable_named(const struct thread *caller, unsigned n, unsigned rights,
                                   struct captable **table_out);
/* Empty the next slots; RESTART: there are more and an interrupt waits. */
[[nodiscard]] err_t captable_drain(struct captable *table);
