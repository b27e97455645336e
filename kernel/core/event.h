/* Events: the last 64 things that each hart did, for a panic and for machine_event. */
#pragma once

#include <stdint.h>

#include "arch.h"
#include "core/hart.h"

static inline uint64_t event_count(const struct hart *hart)
{
    return hart->event_bytes / sizeof(struct event);
}

/* That place in the ring. The hart's address is what moves: the compiler adds the rest for
 * nothing. */
ALWAYS_INLINE struct event *event_at(struct hart *hart, uint64_t bytes)
{
    struct hart *moved = (struct hart *)(void *)((char *)hart + bytes % sizeof(hart->ring));

    return &moved->ring[0];
}

ALWAYS_INLINE void event_record_at(struct hart *hart, uint64_t time_ticks, enum event_kind kind,
                                   uint64_t subject, uint64_t detail)
{
    struct event *event = event_at(hart, hart->event_bytes);

    hart->event_bytes += sizeof(struct event);
    event->ticks = time_ticks;
    event->kind = kind;
    event->subject = subject;
    event->detail = detail;
}

/* One that changes no thread. */
static inline void event_record(struct hart *hart, enum event_kind kind, uint64_t subject,
                                uint64_t detail)
{
    event_record_at(hart, arch_time_ticks(), kind, subject, detail);
    hart_count_one(hart, COUNTER_SPACE_SWITCHES);
}

void event_print_all(struct hart *hart); /* the oldest first */
