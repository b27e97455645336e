/* Interrupts: sources and their calls. */
#include "core/interrupt.h"

#include "arch.h"
#include "core/captable.h"
#include "core/event.h"
#include "core/notification.h"
#include "core/syscall.h"

struct interrupt *interrupt_sources[ARCH_INTERRUPT_SOURCES];

void interrupt_take_all(struct hart *hart)
{
    for (unsigned i = 0; i < INTERRUPTS_AT_ONCE; i++) {
        unsigned source = arch_interrupt_take(hart); /* J2 */

        if (source == 0 || source >= ARCH_INTERRUPT_SOURCES) {
            return;
        }
        hart_count_one(hart, COUNTER_INTERRUPTS);
        event_record(hart, EVENT_INTERRUPT, source, 0);
        if (interrupt_sources[source] != NULL) {
            notification_signal_weak(&interrupt_sources[source]->notification);
        }
    }
}

void interrupt_destroy(struct interrupt *interrupt)
{
    if (interrupt->source != 0) {
        arch_interrupt_mask((unsigned)interrupt->source);
        interrupt_sources[interrupt->source] = NULL;
    }
}

err_t sys_interrupt_bind(struct thread *caller, struct interrupt *interrupt,
                         struct capability *notification)
{
    uint64_t source = argument(caller, 2);

    REFUSE_IF(source == 0 || source >= arch_interrupt_source_count(), ERR_RANGE);
    REFUSE_IF(interrupt->source != 0, ERR_STATE);
    REFUSE_IF(interrupt_sources[source] != NULL, ERR_BUSY);
    interrupt_sources[source] = interrupt;
    interrupt->source = source;
    interrupt->notification = *notification;
    arch_interrupt_unmask(caller->hart, (unsigned)source);
    return ERR_OK;
}

err_t sys_interrupt_ack(struct thread *caller, struct interrupt *interrupt)
{
    REFUSE_IF(interrupt->source == 0, ERR_STATE);
    arch_interrupt_unmask(caller->hart, (unsigned)interrupt->source);
    return ERR_OK;
}
