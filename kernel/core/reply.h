/* Reply objects: each holds at most one caller that waits for its answer.
 *
 *   W1  caller != NULL exactly when that thread is REPLYING and waits on this object.
 *   W2  receiver != NULL exactly when that thread is RECEIVING and named this object.
 *   W3  At most one of the two is set.
 */
#pragma once

#include "core/object.h"

struct reply {
    struct object object;
    struct thread *caller;   /* W1 [K] */
    struct thread *receiver; /* W2 [K] */
};

static_assert(sizeof(struct reply) <= OBJECT_BYTES_REPLY, "fits its size class");

/* Its capability or the object itself goes: who depends on it is answered PEER_GONE. */
void reply_abandon(struct reply *reply);
