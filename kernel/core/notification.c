/* Notifications, and the calls on them. */
#include "core/notification.h"

#include "arch.h"
#include "core/captable.h"
#include "core/ipc.h"
#include "core/message.h"
#include "core/schedule_fast.h"
#include "core/syscall.h"

/* Hand the bits to whoever is there for them (F1). */
static void deliver(struct notification *notification)
{
    uint64_t bits = notification->bits;
    struct thread *thread = notification->bound;

    if (bits == 0) {
        return;
    }
    if (!list_is_empty(&notification->waiters)) {
        thread = container_of(notification->waiters.next, struct thread, queue);
        notification->bits = 0;
        thread_unwait(thread);
        thread_fail(thread, ERR_OK);
        thread->registers[REGISTER_A1] = bits;
        schedule_wake_last(thread);
    } else if (thread != NULL && thread->state == THREAD_RECEIVING) {
        notification->bits = 0;
        thread_unwait(thread);
        message_deliver_words(thread, bits, 0, 0, 0, 0, IPC_INFO_NOTIFICATION);
        schedule_wake_last(thread);
    } else if (thread != NULL) {
        thread->receive_descriptor = RECEIVE_NONE; /* F3 */
    }
}

void notification_signal(struct notification *notification, uint64_t bits)
{
    notification->bits |= bits == 0 ? 1 : bits;
    deliver(notification);
}

void notification_signal_weak(const struct capability *capability)
{
    if (capability_is_alive(capability)) {
        notification_signal((struct notification *)capability->object, capability->badge);
    }
}

void notification_unbind(struct notification *notification)
{
    if (notification->bound != NULL) {
        notification->bound->bound_notification = NULL;
        notification->bound = NULL;
    }
}

err_t notification_drain(struct notification *notification)
{
    notification_unbind(notification);
    for (unsigned woken = 1; !list_is_empty(&notification->waiters); woken++) {
        ipc_abandon(container_of(notification->waiters.next, struct thread, queue), ERR_PEER_GONE);
        REFUSE_IF(woken % WAITERS_SLICE == 0 && arch_interrupt_pending(), ERR_RESTART);
    }
    return ERR_OK;
}

err_t sys_signal(struct thread *caller, struct capability *notification)
{
    struct notification *signalled = (struct notification *)notification->object;
    struct thread *waiter = container_of(signalled->waiters.next, struct thread, queue);
    uint64_t bits = notification->badge == 0 ? 1 : notification->badge;

    if (!list_is_empty(&signalled->waiters) && schedule_may_preempt(caller, waiter, waiter->rank)) {
        return arch_switch_to(core_run_woken, caller, waiter, bits);
    }
    notification_signal(signalled, bits);
    return ERR_OK;
}

err_t sys_wait(struct thread *caller, struct notification *notification)
{
    uint64_t deadline_ticks = argument(caller, 1);

    if (notification->bits != 0) {
        result(caller, 0, notification->bits);
        notification->bits = 0;
        return ERR_OK;
    }
    if (deadline_ticks != TICKS_NEVER) {
        TRY(deadline_check(deadline_ticks));
    }
    caller->state = THREAD_WAITING;
    caller->wait_flags = deadline_ticks == TICKS_NEVER ? WAIT_BARE : 0;
    caller->waits_on.notification = notification;
    list_push_back(&notification->waiters, &caller->queue);
    if (deadline_ticks == TICKS_NEVER) {
        return arch_switch(core_run_next, caller); /* the bits come with what wakes it */
    }
    thread_arm(caller, deadline_ticks);
    caller->hart->must_choose = true;
    return ERR_OK;
}

err_t sys_notification_bind(struct thread *caller, struct notification *notification)
{
    struct capability *capability;
    struct thread *thread;

    if (argument(caller, 1) == 0) {
        notification_unbind(notification);
        return ERR_OK;
    }
    TRY(captable_find(caller->captable, argument(caller, 1), OBJECT_THREAD, RIGHT_MANAGE,
                      &capability));
    thread = (struct thread *)capability->object;
    REFUSE_IF(notification->bound != NULL || thread->bound_notification != NULL ||
                  !list_is_empty(&notification->waiters),
              ERR_BUSY);
    notification->bound = thread;
    thread->bound_notification = notification;
    deliver(notification);
    return ERR_OK;
}
