/* Harts: what the kernel keeps for each. riscv/ owns the memory and embeds this first in its own.
 *
 *   R1  current is RUNNING, or NULL when the hart idles, whenever an entry point has returned.
 *   R2  Bit p of ready_bitmap is set exactly when ready[p] is not empty.
 *   R3  The hart's translation uses the current thread's space; when it idles, idle_space: the last
 *       one's, or NULL, none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/thread.h"

enum { EVENT_RING_ENTRIES = 64, HARTS_MAX = 64 };

struct event {
    uint64_t ticks;
    uint64_t kind;
    uint64_t subject;
    uint64_t detail;
};

struct hart {
    struct thread *current; /* R1 [K] */
    uint64_t stack_top;     /* the architecture's [c] */
    uint32_t *lock_is_held; /* the lock's, for the way out [c] */
    bool must_choose;       /* who runs next is to be decided before this entry ends [K] */
    bool
        must_set_timer; /* (assembly reads both as one) something changed what the timer is to be set to [K] */
    uint64_t ready_bitmap;       /* R2 [K] */
    struct list_node *preempted; /* whose ready queue's head was preempted last; never NULL [K] */
    struct space *idle_space;    /* R3 [K] */
    uint64_t space_tag;          /* the architecture's: of spaces it may load as they are [K] */
    uint64_t float_id;           /* current's [K] */
    struct thread *float_owner;  /* the architecture's [K] */
    unsigned index;              /* in harts[], and the bit in masks of harts [c] */
    bool is_notified;            /* it will enter the kernel without more asking: V4 [K] */
    uint64_t switched_ticks;     /* when current began to run [K] */
    uint64_t counters[COUNTERS]; /* [K] */
    struct list_node ready[THREAD_PRIORITIES]; /* [K] */

    /* The timer. [K] */
    struct tree deadlines; /* armed by this hart */
    uint64_t timer_ticks;  /* what it is set to */
    uint64_t random_ticks; /* next random preemption; 0: not in that mode */
    uint64_t random_state;

    uint64_t event_bytes; /* of all events that there were; the ring begins anew [K] */
    struct event ring[EVENT_RING_ENTRIES];
};

extern struct hart *harts[HARTS_MAX]; /* [c] */
extern unsigned hart_count;           /* [c] */

static inline struct space *hart_space(const struct hart *hart)
{
    return hart->current != NULL ? hart->current->space : hart->idle_space; /* R3 */
}

/* Every change of the current thread is an event, and nearly every one changes the space: so only
 * what does not is counted, COUNTER_SPACE_SWITCHES standing for all such events. */
static inline void hart_count_stay(struct hart *hart)
{
    hart->counters[COUNTER_SWITCHES]++;
    hart->counters[COUNTER_SPACE_SWITCHES]++;
}

/* A bit for each hart that runs. */
static inline uint64_t hart_mask(void)
{
    return hart_count == HARTS_MAX ? UINT64_MAX : (UINT64_C(1) << hart_count) - 1;
}

static inline void hart_count_one(struct hart *hart, unsigned counter)
{
    hart->counters[counter]++;
}
