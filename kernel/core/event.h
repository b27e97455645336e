/* Events: the last 64 things that each hart did, for a panic and for machine_event. */
#pragma once

#include <stdint.h>

#include "arch.h"
#include "core/hart.h"

enum event_kind {
    EVENT_NONE,
    EVENT_SWITCH,    /* subject: the thread that runs now; 0: none */
    EVENT_CALL,      /* subject: the caller; detail: its label */
    EVENT_REPLY,     /* subject: the caller that was answered; detail: the answer's label */
    EVENT_FAULT,     /* subject: the thread; detail: the faulting address */
    EVENT_TABLE,     /* subject: the table's frame; detail: the system call */
    EVENT_INTERRUPT, /* subject: the source */
    EVENT_DESTROY,   /* subject: the object; detail: its type */
};

static inline void event_record_at(struct hart *hart, uint64_t time_ticks, enum event_kind kind,
                                   uint64_t subject, uint64_t detail)
{
    struct event *event = &hart->ring[hart->event_count++ % EVENT_RING_ENTRIES];

    event->time_ticks = time_ticks;
    event->kind = kind;
    event->subject = subject;
    event->detail = detail;
}

static inline void event_record(struct hart *hart, enum event_kind kind, uint64_t subject,
                                uint64_t detail)
{
    event_record_at(hart, arch_time_ticks(), kind, subject, detail);
}

void event_print_all(const struct hart *hart); /* the oldest first */
