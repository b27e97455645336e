/* Timers. */
#include "core/timer.h"

#include "core/captable.h"
#include "core/notification.h"
#include "core/syscall.h"

void timer_fire(struct timer *timer)
{
    deadline_disarm(&timer->deadline);
    notification_signal_weak(&timer->notification);
}

err_t sys_timer_set(struct thread *caller, struct timer *timer)
{
    uint64_t ticks = argument(caller, 2);
    struct capability *notification;

    if (ticks != TICKS_NEVER) {
        TRY(captable_find(caller->captable, argument(caller, 1), OBJECT_NOTIFICATION, RIGHT_CALL,
                          &notification));
        timer->notification = *notification;
    }
    deadline_disarm(&timer->deadline);
    deadline_arm(&timer->deadline, ticks, caller->hart);
    return ERR_OK;
}
