/* Scheduling: queues, choice, timer. */
#include "core/schedule.h"

#include "arch.h"
#include "core/balance.h"

uint64_t schedule_slice_ticks;
static uint64_t ticks_per_ms;      /* [c] */
static uint64_t random_mean_ticks; /* 0: not in that mode [c] */

void schedule_start(struct hart *hart, uint64_t timebase_hz)
{
    for (unsigned i = 0; i < THREAD_PRIORITIES; i++) {
        list_init(&hart->ready[i]);
    }
    ticks_per_ms = timebase_hz / 1000;
    schedule_slice_ticks = ticks_per_ms * SLICE_MS;
    hart->preempted = hart->ready;
    hart->switched_ticks = arch_time_ticks();
    hart->must_choose = true;
    hart->must_set_timer = true;
}

static uint64_t next_random(struct hart *hart)
{
    uint64_t x = hart->random_state; /* xorshift64: never 0 */

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    hart->random_state = x;
    return x;
}

static void choose_random_preemption(struct hart *hart)
{
    uint64_t delay_ticks = 1 + next_random(hart) % (2 * random_mean_ticks);

    hart->random_ticks = arch_time_ticks() + delay_ticks;
    hart->must_set_timer = true;
}

void schedule_set_random(struct hart *hart, uint64_t seed, uint64_t mean_us)
{
    uint64_t mean = mean_us == 0 ? RANDOM_PREEMPTION_MEAN_US : mean_us;

    random_mean_ticks = (mean > 1000000 ? 1000000 : mean) * ticks_per_ms / 1000 + 1;
    hart->random_state = seed * 2 + 1;
    choose_random_preemption(hart);
}

void schedule_rank(struct thread *thread)
{
    bool is_plain =
        random_mean_ticks == 0 && thread->barred == 0 && !tree_is_linked(&thread->deadline.node);

    thread->rank = is_plain ? UINT64_C(1) << thread->priority : 0;
}

static void push(struct thread *thread, bool to_head)
{
    struct hart *hart = thread->hart;
    struct list_node *queue = &hart->ready[thread->priority];

    thread->state = THREAD_READY;
    hart->ready_bitmap |= UINT64_C(1) << thread->priority;
    if (to_head) {
        list_push_front(queue, &thread->queue);
    } else {
        list_push_back(queue, &thread->queue);
    }
}

/* G4 */
static inline void put_back(struct thread *preempted)
{
    push(preempted, true);
    if (hart_count > 1) {
        balance_share(preempted);
    }
}

/* Is somebody of a higher priority ready? */
static bool is_beaten(const struct thread *thread)
{
    return thread->hart->ready_bitmap >> (thread->priority + 1) != 0;
}

/* Is somebody of its priority ready? R2 */
static bool has_equals(const struct thread *thread)
{
    return (thread->hart->ready_bitmap >> thread->priority & 1) != 0;
}

static bool current_is_running(const struct hart *hart)
{
    return hart->current != NULL && hart->current->state == THREAD_RUNNING;
}

/* Hand over, with the accounts: time run, event, slice. */
static void run(struct hart *hart, struct thread *next)
{
    if (next != NULL &&
        next == hart->current) { /* it had blocked, and was woken before anybody else ran */
        next->state = THREAD_RUNNING;
        return;
    }
    if (next != NULL && has_equals(next)) {
        hart->must_set_timer = true; /* G3; a timer that is set too early does no harm */
    }
    if (hart->current != NULL) {
        (void)schedule_account(hart, hart->current);
    } else {
        hart->switched_ticks = arch_time_ticks();
    }
    event_record_at(hart, hart->switched_ticks, EVENT_SWITCH, (uint64_t)next, 0);
    if (next != NULL) {
        thread_fill(next);
        schedule_hand_over(hart, next);
        return;
    }
    hart_count_stay(hart);
    hart->idle_space = hart->current->space;
    hart->current = NULL;
    if (hart->float_id != 0) {
        arch_float_switch(hart, NULL);
        hart->float_id = 0;
    }
    if (hart_count > 1) { /* V5 */
        hart->idle_space = NULL;
        arch_space_leave();
    }
}

static inline void enqueue(struct thread *thread)
{
    struct hart *hart = thread->hart;

    thread->slice_end_ticks = 0;
    push(thread, false);
    if (!current_is_running(hart) || thread->priority > hart->current->priority) {
        hart->must_choose = true;
    } else if (thread->priority == hart->current->priority) {
        hart->must_set_timer = true; /* G3 */
    }
}

/* With several harts. */
static __attribute__((noinline)) void wake_somewhere(struct thread *thread)
{
    struct hart *hart;

    if (thread->is_to_stop) {
        thread_note_stopped(thread, THREAD_STOPPED);
        return;
    }
    balance_place(thread);
    hart = thread->hart;
    enqueue(thread);
    if (hart->must_choose || hart->must_set_timer) {
        balance_notify(hart);
    }
}

void schedule_wake(struct thread *thread)
{
    if (hart_count > 1) {
        wake_somewhere(thread);
    } else {
        enqueue(thread);
    }
}

void schedule_wake_last(struct thread *thread)
{
    struct hart *hart = thread->hart;
    struct thread *current = hart->current;

    if (hart != arch_this_hart() || !current_is_running(hart) || hart->must_choose ||
        hart->ready_bitmap >= thread->rank || thread->priority <= current->priority) {
        schedule_wake(thread);
        return;
    }
    thread->slice_end_ticks = 0;
    put_back(current);
    run(hart, thread);
    hart->must_choose = true; /* so that the way out looks who is current */
}

/* Is its slice over, with others of its priority ready? Then it goes to the tail (G5). */
static bool slice_is_over(struct thread *thread)
{
    return thread->slice_end_ticks != 0 && has_equals(thread) &&
           arch_time_ticks() >= thread->slice_end_ticks;
}

void schedule_switch_to(struct hart *hart, struct thread *thread)
{
    if (!current_is_running(hart) && balance_allows(thread, hart)) {
        thread->hart = hart; /* partners stay together */
        if (random_mean_ticks == 0 && !is_beaten(thread) && !slice_is_over(thread)) {
            hart->must_choose = false;
            run(hart, thread);
            return;
        }
    }
    schedule_wake(thread);
}

static struct thread *take_ready(struct hart *hart, unsigned priority)
{
    struct list_node *node = hart->ready[priority].next;
    struct thread *thread;

    if (random_mean_ticks != 0) {
        uint64_t steps = next_random(hart) % RANDOM_CHOICES;

        while (steps-- > 0 && node->next != &hart->ready[priority]) {
            node = node->next;
        }
    }
    thread = container_of(node, struct thread, queue);
    schedule_unqueue(thread);
    return thread;
}

unsigned schedule_highest(uint64_t bits)
{
    unsigned highest = 0;

#pragma GCC unroll 5
    for (unsigned step = THREAD_PRIORITIES / 2; step != 0; step /= 2) {
        if (bits >> step != 0) {
            bits >>= step;
            highest += step;
        }
    }
    return highest;
}

static void choose(struct hart *hart)
{
    struct thread *current = hart->current;

    if (current_is_running(hart)) {
        if (!balance_allows(current, hart)) {
            schedule_wake(current); /* V3: elsewhere, or it stops */
        } else if (!is_beaten(current)) {
            return;
        } else {
            put_back(current);
        }
    }
    if (hart->ready_bitmap != 0) {
        run(hart, take_ready(hart, schedule_highest(hart->ready_bitmap)));
    } else {
        struct thread *next = balance_take(hart);

        if (next != NULL || current != NULL) {
            run(hart, next);
        }
    }
}

void schedule_rotate(struct hart *hart)
{
    struct thread *current = hart->current;

    hart->must_set_timer = true;
    if (current_is_running(hart)) {
        current->slice_end_ticks = 0;
        if (has_equals(current) && balance_allows(current, hart)) { /* else it leaves: V3 */
            push(current, false);
            hart->must_choose = true;
        }
    }
}

void schedule_tick(struct hart *hart)
{
    uint64_t now_ticks = arch_time_ticks();

    hart->must_set_timer = true;
    hart->timer_ticks = 0; /* it fired: to be set again whatever it was */
    deadline_fire(hart, now_ticks);
    if (random_mean_ticks != 0 && now_ticks >= hart->random_ticks) {
        schedule_rotate(hart);
        choose_random_preemption(hart);
    } else if (hart->current != NULL && hart->current->slice_end_ticks != 0 &&
               now_ticks >= hart->current->slice_end_ticks) {
        schedule_rotate(hart);
    }
}

static void set_timer(struct hart *hart)
{
    const struct tree_node *deadline = tree_first(&hart->deadlines);
    uint64_t wanted_ticks = deadline == NULL ? TICKS_NEVER : deadline->key;
    struct thread *current = hart->current;

    if (current != NULL && has_equals(current)) {
        current->slice_end_ticks = schedule_slice_end(current);
        if (current->slice_end_ticks < wanted_ticks) {
            wanted_ticks = current->slice_end_ticks; /* passed: the timer fires at once */
        }
    }
    if (random_mean_ticks != 0 && hart->random_ticks < wanted_ticks) {
        wanted_ticks = hart->random_ticks;
    }
    if (wanted_ticks != hart->timer_ticks) {
        hart->timer_ticks = wanted_ticks;
        arch_timer_set(wanted_ticks);
    }
    hart->must_set_timer = false;
}

struct thread *schedule_settle(struct hart *hart)
{
    if (hart->must_choose) {
        hart->must_choose = false;
        choose(hart);
    }
    if (hart->must_set_timer) {
        set_timer(hart);
    }
    return hart->current;
}
