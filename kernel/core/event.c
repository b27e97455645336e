/* Events: recording and printing. */
#include "core/event.h"

#include <byre/gen/kernel_tables.h>

#include "core/panic.h"

static const char *const event_names[] = EVENT_NAMES;

void event_print_all(const struct hart *hart)
{
    uint64_t count = hart->event_count;
    uint64_t first = count > EVENT_RING_ENTRIES ? count - EVENT_RING_ENTRIES : 0;

    kernel_log("last events of hart %u (time kind subject detail):", (uint64_t)hart->index);
    for (uint64_t i = first; i < count; i++) {
        const struct event *event = &hart->ring[i % EVENT_RING_ENTRIES];

        kernel_log("%u %s %x %x", event_ticks(event), event_names[event->stamp >> EVENT_KIND_SHIFT],
                   event->subject, event->detail);
    }
}
