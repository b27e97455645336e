/* Events: recording and printing. */
#include "core/event.h"

#include <byre/gen/kernel_tables.h>

#include "core/panic.h"

static const char *const event_names[] = EVENT_NAMES;

void event_print_all(struct hart *hart)
{
    uint64_t count = event_count(hart);
    uint64_t first = count > EVENT_RING_ENTRIES ? count - EVENT_RING_ENTRIES : 0;

    kernel_log("last events of hart %u (time kind subject detail):", (uint64_t)hart->index);
    for (uint64_t i = first; i < count; i++) {
        const struct event *event = event_at(hart, i * sizeof(struct event));

        kernel_log("%u %s %x %x", event->ticks, event_names[event->kind], event->subject,
                   event->detail);
    }
}
