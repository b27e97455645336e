/* Timers: an object that signals a notification at a time.
 *
 *   I1  Its deadline is armed from timer_set until it fires, is cancelled or the timer dies.
 *   I2  The notification is named weakly: its death leaves the timer without effect.
 */
#pragma once

#include "core/capability.h"
#include "core/deadline.h"

struct timer {
    struct object object;
    struct deadline deadline;       /* I1 [K] */
    struct capability notification; /* I2 [K] */
};

static_assert(sizeof(struct timer) <= OBJECT_BYTES_TIMER, "fits its size class");

void timer_fire(struct timer *timer);
