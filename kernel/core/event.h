/* Events: the last 64 things that each hart did, for a panic and for machine_event. */
#pragma once

#include <stdint.h>

#include "arch.h"
#include "core/hart.h"

static inline uint64_t event_ticks(const struct event *event)
{
    return event->stamp & (UINT64_MAX >> (64 - EVENT_KIND_SHIFT));
}

static inline void event_record_at(struct hart *hart, uint64_t time_ticks, enum event_kind kind,
                                   uint64_t subject, uint64_t detail)
{
    struct event *event = &hart->ring[hart->event_count++ % EVENT_RING_ENTRIES];

    event->stamp = time_ticks | (uint64_t)kind << EVENT_KIND_SHIFT;
    event->subject = subject;
    event->detail = detail;
}

static inline void event_record(struct hart *hart, enum event_kind kind, uint64_t subject,
                                uint64_t detail)
{
    event_record_at(hart, arch_time_ticks(), kind, subject, detail);
}

void event_print_all(const struct hart *hart); /* the oldest first */
