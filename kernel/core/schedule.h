/* Scheduling: fixed priorities, round robin within one, direct switch on IPC.
 *
 *   G1  A READY thread is in the ready queue of its hart, at its priority; nothing else is.
 *   G2  When an entry ends, no ready thread has a higher priority than the hart's current one.
 *   G3  The time slice runs only while another thread of the current one's priority is ready.
 *   G4  A thread that was preempted by a higher priority keeps its place at the head.
 *   G5  A slice goes on while the thread calls or faults: what servers do for it is its time.
 *
 * In the mode of random preemption the timer also fires at seeded random intervals, and the next
 * thread is any of the first few that are ready at the highest priority.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch.h"
#include "core/event.h"

enum { SLICE_MS = 10, RANDOM_PREEMPTION_MEAN_US = 200, RANDOM_CHOICES = 8 };

void schedule_start(struct hart *hart, uint64_t timebase_hz);
void schedule_set_random(struct hart *hart, uint64_t seed, uint64_t mean_us);

/* A thread that is nowhere becomes READY, at the tail of its priority. */
void schedule_wake(struct thread *thread);
/* As wake, but run it at once if nobody has a claim to run before it: the last thing that an entry
 * does with its maker, which may be READY then. */
void schedule_wake_last(struct thread *thread);
/* As wake, but run it at once if the current thread has just blocked and nothing beats it. */
void schedule_switch_to(struct hart *hart, struct thread *thread);
void schedule_rotate(struct hart *hart); /* the current thread to the tail of its priority */
void schedule_tick(struct hart *hart);   /* the timer fired */

unsigned schedule_highest(uint64_t bits); /* the number of the highest that is set */

static inline void schedule_unqueue(struct thread *ready)
{
    struct hart *hart = ready->hart;

    list_remove(&ready->queue);
    if (list_is_empty(&hart->ready[ready->priority])) {
        hart->ready_bitmap &= ~(UINT64_C(1) << ready->priority);
    }
}

extern uint64_t schedule_slice_ticks; /* [c] */

/* If it runs from now on. */
ALWAYS_INLINE uint64_t schedule_slice_end(const struct thread *thread)
{
    uint64_t end_ticks = thread->slice_end_ticks;

    return end_ticks != 0 ? end_ticks : arch_time_ticks() + schedule_slice_ticks;
}

/* Charge the current thread for the time since this was last done. */
ALWAYS_INLINE uint64_t schedule_account(struct hart *hart, struct thread *current)
{
    uint64_t now_ticks = arch_time_ticks();

    current->run_ticks += now_ticks - hart->switched_ticks;
    hart->switched_ticks = now_ticks;
    return now_ticks;
}

/* The hart changes to another thread. The one before, if any, is where it waits or is queued; the
 * next is nowhere. */
ALWAYS_INLINE void schedule_hand_over(struct hart *hart, struct thread *next)
{
    hart->current = next;
    if (next->float_id != hart->float_id) {
        arch_float_switch(hart, next);
        hart->float_id = next->float_id;
    }
    next->state = THREAD_RUNNING;
    next->wait_flags = 0;
    arch_space_load(hart, next->space);
}

/* To be called when its priority or its deadline has changed: see rank. */
void schedule_rank(struct thread *thread);

/* End of an entry: choose who runs (G2), set the timer. Returns hart->current; NULL: idle. */
struct thread *schedule_settle(struct hart *hart);
