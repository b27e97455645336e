/* The short ways from one thread to another: how a signal that wakes somebody more important ends,
 * a wait without a deadline, and (core_timer, in entry.h) the timer's interrupt that ends a wait.
 * What is any other case, schedule.c does.
 */
#pragma once

#include "core/schedule.h"

/* May that one run at once, and the current thread is ready then as any other? */
static inline bool schedule_may_preempt(const struct thread *current, const struct thread *woken,
                                        uint64_t rank)
{
    return woken->hart == current->hart && current->rank != 0 &&
           (current->hart->ready_bitmap | current->rank) < rank;
}

/* For arch_switch: the caller's registers are in memory, as after its call. Return the thread to
 * resume; NULL: idle. */

struct thread *core_run_woken(struct thread *caller, struct thread *woken, uint64_t bits);
/* The caller waits already. */
struct thread *core_run_next(struct thread *caller);
