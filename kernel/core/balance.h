/* Balance: on which hart a thread runs.
 *
 * Who may touch what, with several harts (K1 is the rule, these are its edges):
 *
 *   V1  From the choice that makes a thread a hart's current until the choice of another, its
 *       registers, its `hart` and its FP values are that hart's alone, also while the lock is free:
 *       the entry stores them before it has the lock, the exit loads them after it gave it up.
 *   V2  All of that is stored before the lock is given up when another thread runs next or none, so
 *       any hart may take over a thread that is current nowhere.
 *   V3  To stop or move another hart's current thread is to ask: bar it (thread.h), set must_choose
 *       and notify. That hart takes it off when it next chooses; a thread barred from a hart is
 *       never made its current one, so the wish is fulfilled by its hart's next choice at the
 *       latest.
 *   V4  must_choose or must_set_timer of another hart is set with the lock held and before it is
 *       notified; that hart clears is_notified first, then looks. No wish is lost, asleep or not.
 *   V5  An idle hart has no space loaded, if there are other harts: nobody's tables are in use
 *       without a thread that is bound to them.
 */
#pragma once

#include "core/hart.h"

static inline bool balance_allows(const struct thread *thread, const struct hart *hart)
{
    return thread->barred == 0 || (thread->barred >> hart->index & 1) == 0;
}

/* Make it settle soon, if it is another hart (V4). */
void balance_notify(struct hart *hart);
/* The hart whose queue a thread that is current nowhere is to join: its own if it would run there
 * now, else an idle one, one whose current thread it beats, or the least loaded. O(harts). */
void balance_place(struct thread *thread);
/* It is ready where something better runs: wake an idle hart, which takes it. O(harts). */
void balance_share(const struct thread *preempted);
/* For a hart with nothing to do: the best of those who are first in another's queue, now its own
 * and in no queue; NULL: none. O(harts). */
struct thread *balance_take(struct hart *idle);
