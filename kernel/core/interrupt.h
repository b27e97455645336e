/* Interrupts: one source, claimed by one object, delivered to a notification.
 *
 *   J1  sources[s] == the object exactly when its source is s; source 0 is none.
 *   J2  A source that fired is masked until interrupt_ack; one that nobody claimed stays masked.
 *   J3  The notification is named weakly.
 *   J4  A source arrives at the hart of who acknowledged it last: where its driver runs.
 */
#pragma once

#include "core/capability.h"

enum { INTERRUPTS_AT_ONCE = 16 };

struct hart;

struct interrupt {
    struct object object;
    uint64_t source;                /* J1 [K] */
    struct capability notification; /* J3 [K] */
};

static_assert(sizeof(struct interrupt) <= OBJECT_BYTES_INTERRUPT, "fits its size class");

void interrupt_take_all(struct hart *hart); /* at most INTERRUPTS_AT_ONCE */
void interrupt_destroy(struct interrupt *interrupt TAKES);
extern struct interrupt *interrupt_sources[]; /* J1 [K] */
