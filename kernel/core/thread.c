/* Threads: where they stop, and the calls on them. */
#include "core/thread.h"

#include "arch.h"
#include "core/balance.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/notification.h"
#include "core/reply.h"
#include "core/schedule.h"
#include "core/syscall.h"

enum { REGISTERS_ALL = THREAD_REGISTERS + THREAD_FP_WORDS, READ_AT_ONCE = 8 };

void thread_unwait(struct thread *thread)
{
    switch (thread->state) {
    case THREAD_CALLING:
        tree_remove(&thread->waits_on.endpoint->callers, &thread->order);
        break;
    case THREAD_RECEIVING:
        endpoint_remove_receiver(thread->waits_on.endpoint, thread);
        break;
    case THREAD_REPLYING:
        thread->waits_on.reply->caller = NULL; /* W1 */
        break;
    case THREAD_WAITING:
        list_remove(&thread->queue);
        break;
    default:
        return;
    }
    thread->waits_on.endpoint = NULL;
    if (tree_is_linked(&thread->deadline.node)) {
        deadline_disarm(&thread->deadline); /* D2 */
        schedule_rank(thread);
    }
}

void thread_arm(struct thread *thread, uint64_t deadline_ticks)
{
    if (deadline_ticks != TICKS_NEVER) {
        deadline_arm(&thread->deadline, deadline_ticks, thread->hart);
        schedule_rank(thread);
    }
}

void thread_fail(struct thread *thread, err_t error)
{
    uint64_t *r = thread->registers;

    if (thread->state != THREAD_WAITING || (thread->wait_flags & WAIT_BARE) != 0) { /* H2, J2 */
        r[REGISTER_RA] = r[REGISTER_T0] = r[REGISTER_T1] = r[REGISTER_T2] = 0;
        r[REGISTER_A1] = r[REGISTER_A2] = r[REGISTER_A3] = r[REGISTER_A4] = r[REGISTER_A5] = 0;
        r[REGISTER_A6] = r[REGISTER_A7] = 0;
        r[REGISTER_T3] = r[REGISTER_T4] = r[REGISTER_T5] = r[REGISTER_T6] = 0;
    }
    r[REGISTER_A0] = error;
    thread->wait_flags = 0;
}

static bool is_stopped(const struct thread *thread)
{
    return thread->state == THREAD_STOPPED || thread->state == THREAD_FAULTED;
}

void thread_stop(struct thread *thread)
{
    if (thread->state == THREAD_UNCONFIGURED || is_stopped(thread)) {
        return;
    }
    if (thread->state == THREAD_READY) {
        schedule_unqueue(thread);
        thread_fill(thread);
    } else if (thread->state == THREAD_RUNNING) {
        thread->hart->must_choose = true;
    } else {
        thread_unwait(thread);
        if (!thread->in_fault) {
            thread_fail(thread, ERR_PEER_GONE);
        }
        thread->in_fault = 0;
    }
    thread_note_stopped(thread, THREAD_STOPPED);
}

/* H5 */
static void bar(struct thread *thread)
{
    uint64_t others = thread->affinity == 0 ? 0 : ~thread->affinity & hart_mask();

    thread->barred = thread->is_to_stop ? UINT64_MAX : others;
    schedule_rank(thread);
}

void thread_note_stopped(struct thread *thread, enum thread_state state)
{
    thread->state = (uint8_t)state;
    thread->is_to_stop = false;
    bar(thread);
}

/* One that is to stop itself stops nobody any more: of two that stop each other, one goes on. */
err_t thread_await_stop(const struct thread *asker, struct thread *thread)
{
    if (thread->state != THREAD_RUNNING || thread == asker) {
        return ERR_OK;
    }
    if (!asker->is_to_stop) {
        thread->is_to_stop = true;
        bar(thread);
        thread->hart->must_choose = true; /* V3 */
        balance_notify(thread->hart);
    }
    return ERR_RESTART;
}

void thread_destroy(struct thread *thread)
{
    thread_stop(thread);
    reply_part(thread->receive_reply);
    if (thread->bound_notification != NULL) {
        notification_unbind(thread->bound_notification);
    }
    if (thread->space != NULL) {
        thread->space->bound_threads--; /* H3 */
        thread->captable->bound_threads--;
    }
}

err_t sys_thread_configure(struct thread *caller, struct thread *thread, struct space *space,
                           struct captable *captable)
{
    uint64_t priority = argument(caller, 5);
    uint64_t flags = argument(caller, 6);
    struct capability *endpoint = NULL;

    if (argument(caller, 3) != 0) {
        TRY(captable_find(caller->captable, argument(caller, 3), OBJECT_ENDPOINT, RIGHT_BIND,
                          &endpoint));
    }
    REFUSE_IF(priority > caller->priority || (flags & ~(uint64_t)THREAD_FLAG_FLOAT) != 0,
              ERR_ARGUMENT);
    REFUSE_IF(thread->state != THREAD_UNCONFIGURED, ERR_STATE);
    thread->space = space;
    thread->captable = captable;
    space->bound_threads++; /* H3 */
    captable->bound_threads++;
    if (endpoint != NULL) {
        capability_make(&thread->fault_endpoint, endpoint->object, 0, argument(caller, 4));
    }
    thread->priority = (uint8_t)priority;
    schedule_rank(thread);
    thread->flags = (uint8_t)flags;
    thread->state = THREAD_STOPPED;
    return ERR_OK;
}

/* From the n-th argument on: pc, sp, tp and two arguments. */
ALWAYS_INLINE err_t start(struct thread *thread, const struct thread *caller, unsigned n)
{
    arch_thread_start(thread, (vaddr_t){argument(caller, n)}, (vaddr_t){argument(caller, n + 1)},
                      argument(caller, n + 2), argument(caller, n + 3), argument(caller, n + 4));
    thread->flags |= THREAD_FLAG_STARTED;
    thread->progress = 0;
    schedule_wake(thread);
    return ERR_OK;
}

err_t sys_thread_start(struct thread *caller, struct thread *thread)
{
    REFUSE_IF(!is_stopped(thread) || thread->space->root.number == 0, ERR_STATE);
    if ((thread->flags & THREAD_FLAG_STARTED) != 0) { /* a new one has zeros */
        __builtin_memset(thread->registers, 0, sizeof(thread->registers));
        __builtin_memset(thread->fp, 0, sizeof(thread->fp));
    }
    return start(thread, caller, 1);
}

/* On the way of every birth, so in one piece. */
__attribute__((flatten)) err_t sys_thread_begin(struct thread *caller, struct thread *thread,
                                                struct capability *slot, struct captable *captable)
{
    struct space *space = (struct space *)slot->object;

    REFUSE_IF(space->root.number == 0, ERR_STATE);
    TRY(sys_thread_configure(caller, thread, space, captable));
    *slot = (struct capability){0};
    return start(thread, caller, 7);
}

err_t sys_thread_suspend(struct thread *caller, struct thread *thread)
{
    TRY(thread_await_stop(caller, thread));
    thread_stop(thread);
    return ERR_OK;
}

err_t sys_thread_resume(struct thread *caller, struct thread *thread)
{
    (void)caller;

    REFUSE_IF(!is_stopped(thread) || (thread->flags & THREAD_FLAG_STARTED) == 0, ERR_STATE);
    schedule_wake(thread);
    return ERR_OK;
}

err_t sys_thread_set_priority(struct thread *caller, struct thread *thread)
{
    uint64_t priority = argument(caller, 1);
    uint64_t affinity = argument(caller, 2);

    REFUSE_IF(priority > caller->priority || (affinity != 0 && (affinity & hart_mask()) == 0),
              ERR_ARGUMENT);
    if (thread->state == THREAD_READY) {
        schedule_unqueue(thread);
    } else if (thread->state == THREAD_CALLING) {
        tree_remove(&thread->waits_on.endpoint->callers, &thread->order);
    }
    thread->priority = (uint8_t)priority;
    thread->affinity = affinity;
    bar(thread);
    if (thread->state == THREAD_READY) {
        schedule_wake(thread);
    } else if (thread->state == THREAD_CALLING) {
        endpoint_queue_caller(thread->waits_on.endpoint, thread);
    } else if (thread->state == THREAD_RUNNING) {
        thread->hart->must_choose = true;
        thread->hart->must_set_timer = true; /* it may have equals now (G3) */
        balance_notify(thread->hart);
    }
    return ERR_OK;
}

/* It is stopped, so all of it is in memory. */
static uint64_t register_of(const struct thread *thread, uint64_t index)
{
    return index < THREAD_REGISTERS ? thread->registers[index]
           : index < REGISTERS_ALL  ? thread->fp[index - THREAD_REGISTERS]
                                    : 0;
}

err_t sys_thread_read(struct thread *caller, struct thread *thread)
{
    uint64_t first = argument(caller, 1);

    REFUSE_IF(first > REGISTERS_ALL, ERR_ARGUMENT);
    REFUSE_IF(!is_stopped(thread), ERR_STATE);
    for (unsigned i = 0; i < READ_AT_ONCE; i++) {
        result(caller, i, register_of(thread, first + i));
    }
    return ERR_OK;
}

err_t sys_thread_info(struct thread *caller, struct capability *capability)
{
    const struct thread *thread = (const struct thread *)capability->object;
    bool is_running = thread->state == THREAD_RUNNING;
    uint64_t since_ticks = is_running ? arch_time_ticks() - thread->hart->switched_ticks : 0;

    REFUSE_IF((capability->rights & (RIGHT_OBJECTS | RIGHT_MANAGE)) == 0, ERR_RIGHTS);
    result(caller, 0, thread->state);
    result(caller, 1, thread->priority);
    result(caller, 2, thread->run_ticks + since_ticks);
    result(caller, 3, thread->fault_count);
    result(caller, 4, thread->hart->index);
    return ERR_OK;
}

err_t sys_yield(struct thread *caller)
{
    schedule_rotate(caller->hart);
    return ERR_OK;
}
