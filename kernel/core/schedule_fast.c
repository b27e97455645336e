/* How a signal that wakes somebody more important and a wait without a deadline end: the short way from
 * one thread to the other. What is any other case, schedule.c does. */
#include "core/schedule_fast.h"

#include "core/balance.h"
#include "core/syscall.h"

ALWAYS_INLINE void change_to(struct hart *hart, struct thread *current, struct thread *next)
{
    event_record_at(hart, schedule_account(hart, current), EVENT_SWITCH, (uint64_t)next, 0);
    schedule_hand_over(hart, next);
}

struct thread *core_run_woken(struct thread *caller, struct thread *woken, uint64_t bits)
{
    struct hart *hart = arch_this_hart();
    struct list_node *queue = &hart->ready[caller->priority];

    list_remove(&woken->queue);
    woken->slice_end_ticks = 0;
    caller->state = THREAD_READY;
    caller->wait_flags = WAIT_BARE;
    hart->ready_bitmap |= caller->rank;
    hart->preempted = queue;
    list_push_front(queue, &caller->queue); /* G4 */
    change_to(hart, caller, woken);
    if (harts[1] != NULL) {
        balance_share(caller);
    }
    return arch_resume_message(woken, bits, 0, 0, 0, 0, 0, 0);
}

/* It is the one that was preempted, nearly always: alone in its queue, which is the highest. */
struct thread *core_run_next(struct thread *caller)
{
    struct hart *hart = arch_this_hart();
    struct list_node *queue = hart->preempted;
    struct thread *next = container_of(queue->next, struct thread, queue);
    bool is_bare;

    if (list_is_empty(queue) || hart->ready_bitmap >= 2 * next->rank || next->queue.next != queue) {
        hart->must_choose = true;
        return schedule_settle(hart);
    }
    is_bare = (next->wait_flags & WAIT_BARE) != 0;
    list_init(queue); /* it was alone there */
    next->queue.next = NULL;
    hart->ready_bitmap -= next->rank;
    change_to(hart, caller, next);
    return is_bare ? arch_resume_message(next, 0, 0, 0, 0, 0, 0, 0) : next;
}
