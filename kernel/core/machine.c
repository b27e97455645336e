/* The machine's calls: early log, reset, counters and events. Authority: a MACHINE capability. */
#include "arch.h"
#include "core/event.h"
#include "core/lock.h"
#include "core/syscall.h"

enum { LOG_BYTES_MAX = 32, LOG_SLICE_BYTES = 8, RESET_POWER_OFF = 0, RESET_REBOOT = 1 };

/* Progress: bytes written; the firmware takes its time for each. */
err_t sys_machine_log(struct thread *caller)
{
    uint64_t bytes = argument(caller, 1);

    REFUSE_IF(bytes > LOG_BYTES_MAX, ERR_ARGUMENT);
    for (uint64_t i = caller->progress; i < bytes; i++) {
        if (i != caller->progress && i % LOG_SLICE_BYTES == 0 && arch_interrupt_pending()) {
            caller->progress = i;
            return ERR_RESTART;
        }
        arch_console_put((char)(argument(caller, 2 + (unsigned)i / 8) >> (i % 8 * 8)));
    }
    return ERR_OK;
}

err_t sys_machine_reset(struct thread *caller)
{
    uint64_t how = argument(caller, 1);

    REFUSE_IF(how != RESET_POWER_OFF && how != RESET_REBOOT, ERR_ARGUMENT);
    arch_reset(how == RESET_REBOOT);
    return ERR_UNSUPPORTED;
}

err_t sys_machine_counter(struct thread *caller)
{
    uint64_t which = argument(caller, 1);
    uint64_t sum = 0;

    REFUSE_IF(which >= COUNTERS, ERR_ARGUMENT);
    for (unsigned i = 0; i < hart_count; i++) {
        uint64_t spaces = event_count(harts[i]) - harts[i]->counters[COUNTER_SPACE_SWITCHES];

        sum += which == COUNTER_SPACE_SWITCHES ? spaces : harts[i]->counters[which];
        sum += which == COUNTER_SWITCHES ? spaces : 0;
    }
    result(caller, 0, sum);
    return ERR_OK;
}

err_t sys_machine_event(struct thread *caller)
{
    struct hart *hart = caller->hart;
    uint64_t age = argument(caller, 1);
    const struct event *event;

    REFUSE_IF(age >= EVENT_RING_ENTRIES || age >= event_count(hart), ERR_RANGE);
    event = event_at(hart, hart->event_bytes - (1 + age) * sizeof(struct event));
    result(caller, 0, event->ticks);
    result(caller, 1, event->kind);
    result(caller, 2, event->subject);
    result(caller, 3, event->detail);
    return ERR_OK;
}
