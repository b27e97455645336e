#include "core/timer.h"

#include "core/captable.h"
#include "core/notification.h"
#include "core/syscall.h"

void timer_fire(struct timer *timer)
{
    deadline_disarm(&timer->deadline);
    notification_signal_weak(&timer->notification);
}

void timer_destroy(struct timer *timer)
{
    deadline_disarm(&timer->deadline);
}

err_t sys_timer_set(struct thread *caller)
{
    uint64_t ticks = argument(caller, 2);
    struct capability *capability;
    struct capability *notification;
    struct timer *timer;
    err_t error =
        captable_find(caller->captable, argument(caller, 0), OBJECT_TIMER, RIGHT_CALL, &capability);

    if (error != ERR_OK) {
        return error;
    }
    timer = (struct timer *)capability->object;
    if (ticks == TICKS_NEVER) {
        deadline_disarm(&timer->deadline);
        return ERR_OK;
    }
    error = captable_find(caller->captable, argument(caller, 1), OBJECT_NOTIFICATION, RIGHT_CALL,
                          &notification);
    if (error != ERR_OK) {
        return error;
    }
    deadline_disarm(&timer->deadline);
    timer->notification = *notification;
    deadline_arm(&timer->deadline, ticks, caller->hart);
    return ERR_OK;
}
