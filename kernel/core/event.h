/* Events: the last 64 things that each hart did, for a panic and for machine_event. */
#pragma once

#include <stdint.h>

#include "core/hart.h"

enum event_kind {
    EVENT_NONE,
    EVENT_SWITCH,    /* subject: the thread that runs now; detail: its priority */
    EVENT_CALL,      /* subject: the caller; detail: its label */
    EVENT_REPLY,     /* subject: the caller that was answered; detail: the answer's label */
    EVENT_FAULT,     /* subject: the thread; detail: the faulting address */
    EVENT_TABLE,     /* subject: the table's frame; detail: the system call */
    EVENT_INTERRUPT, /* subject: the source */
    EVENT_DESTROY,   /* subject: the object; detail: its type */
};

void event_record(struct hart *hart, enum event_kind kind, uint64_t subject, uint64_t detail);
void event_print_all(const struct hart *hart); /* the oldest first */
