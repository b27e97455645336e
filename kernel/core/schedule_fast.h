/* Ends of calls, for arch_switch: the caller's registers are in memory, as after the call. Return the
 * thread to resume; NULL: idle. */
#pragma once

#include "core/schedule.h"

/* May that one, which waits on a notification, run at once, the caller being ready before all others? */
static inline bool schedule_may_run(const struct thread *caller, const struct thread *waiter)
{
    const struct hart *hart = caller->hart;

    return waiter->hart == hart && caller->rank != 0 &&
           (hart->ready_bitmap | caller->rank) < waiter->rank;
}

struct thread *core_run_woken(struct thread *caller, struct thread *woken, uint64_t bits);
/* The caller waits already. */
struct thread *core_run_next(struct thread *caller);
