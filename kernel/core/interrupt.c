/* Interrupts: sources and their calls. */
#include "core/interrupt.h"

#include "arch.h"
#include "core/captable.h"
#include "core/event.h"
#include "core/notification.h"
#include "core/syscall.h"

static struct interrupt *sources[ARCH_INTERRUPT_SOURCES]; /* J1 [K] */

void interrupt_take_all(struct hart *hart)
{
    for (unsigned i = 0; i < INTERRUPTS_AT_ONCE; i++) {
        unsigned source = arch_interrupt_claim(hart);

        if (source == 0 || source >= ARCH_INTERRUPT_SOURCES) {
            return;
        }
        hart_count_one(hart, COUNTER_INTERRUPTS);
        event_record(hart, EVENT_INTERRUPT, source, 0);
        arch_interrupt_mask(source); /* J2 */
        arch_interrupt_complete(hart, source);
        if (sources[source] != NULL) {
            notification_signal_weak(&sources[source]->notification);
        }
    }
}

void interrupt_destroy(struct interrupt *interrupt)
{
    if (interrupt->source != 0) {
        arch_interrupt_mask((unsigned)interrupt->source);
        sources[interrupt->source] = NULL;
    }
}

const struct interrupt *interrupt_of_source(unsigned source)
{
    return sources[source];
}

/* Rights: CALL on the interrupt and on the notification, BIND on the control. */
err_t sys_interrupt_bind(struct thread *caller)
{
    uint64_t source = argument(caller, 2);
    struct capability *capability, *control, *notification;
    struct interrupt *interrupt;

    TRY(captable_argument(caller, 0, OBJECT_INTERRUPT, RIGHT_CALL, &capability));
    TRY(captable_argument(caller, 1, OBJECT_INTERRUPT_CONTROL, RIGHT_BIND, &control));
    TRY(captable_argument(caller, 3, OBJECT_NOTIFICATION, RIGHT_CALL, &notification));
    interrupt = (struct interrupt *)capability->object;
    REFUSE_IF(source == 0 || source >= arch_interrupt_source_count(), ERR_RANGE);
    REFUSE_IF(interrupt->source != 0, ERR_STATE);
    REFUSE_IF(sources[source] != NULL, ERR_BUSY);
    sources[source] = interrupt;
    interrupt->source = source;
    interrupt->notification = *notification;
    arch_interrupt_unmask((unsigned)source);
    return ERR_OK;
}

err_t sys_interrupt_ack(struct thread *caller)
{
    struct capability *capability;
    uint64_t source;

    TRY(captable_argument(caller, 0, OBJECT_INTERRUPT, RIGHT_CALL, &capability));
    source = ((const struct interrupt *)capability->object)->source;
    REFUSE_IF(source == 0, ERR_STATE);
    arch_interrupt_unmask((unsigned)source);
    return ERR_OK;
}
