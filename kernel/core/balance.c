/* Balance: placing, sharing, taking. */
#include "core/balance.h"

#include "core/schedule.h"

/* More than the bits of all priorities. */
#define COST_OF_WAITING (UINT64_C(1) << THREAD_PRIORITIES)

void balance_notify(struct hart *hart)
{
    if (hart != arch_this_hart() && !hart->is_notified) {
        hart->is_notified = true;
        arch_notify(hart);
    }
}

/* How well a thread of that priority would be served there: less is better; 0: the hart idles.
 * Where it would run now, that is what it beats; else who waits. */
static uint64_t cost(const struct hart *hart, unsigned priority)
{
    uint64_t priorities = hart->ready_bitmap;

    if (hart->current != NULL && hart->current->state == THREAD_RUNNING) {
        priorities |= UINT64_C(1) << hart->current->priority;
    }
    return priorities >> priority == 0 ? priorities : COST_OF_WAITING + hart->ready_bitmap;
}

void balance_place(struct thread *thread)
{
    struct hart *best = balance_allows(thread, thread->hart) ? thread->hart : NULL;

    if (best != NULL && cost(best, thread->priority) < COST_OF_WAITING) {
        return;
    }
    for (unsigned i = 0; i < hart_count; i++) {
        if (balance_allows(thread, harts[i]) &&
            (best == NULL || cost(harts[i], thread->priority) < cost(best, thread->priority))) {
            best = harts[i];
        }
    }
    thread->hart = best; /* affinity names a hart that runs */
}

/* The first of its highest priority. */
static struct thread *first_ready(const struct hart *hart)
{
    unsigned priority = schedule_highest(hart->ready_bitmap);

    return container_of(hart->ready[priority].next, struct thread, queue);
}

void balance_share(const struct thread *preempted)
{
    for (unsigned i = 0; i < hart_count; i++) {
        if (cost(harts[i], 0) == 0 && !harts[i]->is_notified &&
            balance_allows(preempted, harts[i])) {
            balance_notify(harts[i]);
            return;
        }
    }
}

struct thread *balance_take(struct hart *idle)
{
    struct thread *best = NULL;
    uint64_t most = 0;

    for (unsigned i = 0; i < hart_count; i++) {
        if (harts[i]->ready_bitmap > most && balance_allows(first_ready(harts[i]), idle)) {
            best = first_ready(harts[i]);
            most = harts[i]->ready_bitmap;
        }
    }
    if (best != NULL) {
        schedule_unqueue(best);
        best->hart = idle;
    }
    return best;
}
