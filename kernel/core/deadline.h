/* Deadlines: points in time at which a thread stops waiting or a timer object fires.
 *
 *   D1  A deadline is armed exactly when it is in the tree of the hart that armed it, ordered by
 *       time.
 *   D2  Only a thread that waits (CALLING, RECEIVING, REPLYING, WAITING) has an armed deadline.
 *
 * Arm and disarm cost what tree.h says; an entry fires at most DEADLINES_AT_ONCE.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <byre/gen/kernel.h>

#include "core/tree.h"

enum { DEADLINES_AT_ONCE = 16 };

#define TICKS_NEVER UINT64_MAX

struct hart;

struct deadline {
    struct tree_node node;
    struct hart *hart; /* D1, while it is armed */
    bool is_timer;     /* in a timer object; else in a thread [c] */
};

/* By this hart: its timer will be set. */
void deadline_arm(struct deadline *deadline, uint64_t ticks, struct hart *hart);
void deadline_disarm(struct deadline *deadline); /* nothing if it is not armed */
/* Whoever would wait until then: WOULD_BLOCK (0: not at all), TIMEOUT (it has passed). */
[[nodiscard]] err_t deadline_check(uint64_t ticks);
void deadline_fire(struct hart *hart, uint64_t now_ticks);
