/* The short ways from one thread to another: see schedule_fast.h. */
#include "core/schedule_fast.h"

#include "core/balance.h"
#include "core/entry.h"
#include "core/syscall.h"

ALWAYS_INLINE void change_to(struct hart *hart, struct thread *current, struct thread *next)
{
    event_record_at(hart, schedule_account(hart, current), EVENT_SWITCH, (uint64_t)next, 0);
    schedule_hand_over(hart, next);
}

/* `woken` is WAITING, and may run. */
ALWAYS_INLINE void preempt(struct hart *hart, struct thread *current, uint8_t flags,
                           struct thread *woken)
{
    struct list_node *queue = &hart->ready[current->priority];

    list_remove(&woken->queue);
    woken->slice_end_ticks = 0;
    current->state = THREAD_READY;
    current->wait_flags = flags;
    hart->ready_bitmap |= current->rank;
    hart->preempted = queue;
    list_push_front(queue, &current->queue); /* G4 */
    change_to(hart, current, woken);
    if (harts[1] != NULL) {
        balance_share(current);
    }
}

struct thread *core_run_woken(struct thread *caller, struct thread *woken, uint64_t bits)
{
    preempt(arch_this_hart(), caller, WAIT_BARE, woken);
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

/* Does the deadline end the wait of a thread that may run? */
ALWAYS_INLINE bool ends_wait(const struct thread *current, const struct tree_node *deadline)
{
    const struct thread *woken = container_of(deadline, struct thread, deadline.node);

    return !woken->deadline.is_timer && woken->state == THREAD_WAITING && woken->barred == 0 &&
           schedule_may_preempt(current, woken, UINT64_C(1) << woken->priority);
}

struct thread *core_timer(struct hart *hart)
{
    struct thread *current = hart->current;
    struct tree_node *first = tree_first(&hart->deadlines);
    struct thread *woken;

    hart_count_one(hart, COUNTER_TICKS);
    if (current == NULL || first == NULL || first->key > arch_time_ticks() ||
        !ends_wait(current, first)) {
        schedule_tick(hart);
        return schedule_settle(hart);
    }
    woken = container_of(first, struct thread, deadline.node);
    tree_remove(&hart->deadlines, first);
    woken->rank = UINT64_C(1) << woken->priority; /* H4 */
    woken->registers[REGISTER_A0] = ERR_TIMEOUT;
    preempt(hart, current, 0, woken);
    first = tree_first(&hart->deadlines);
    hart->timer_ticks = first == NULL ? TICKS_NEVER : first->key;
    arch_timer_set(hart->timer_ticks);
    return woken;
}
