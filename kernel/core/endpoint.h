/* Endpoints: where callers and receivers meet.
 *
 *   N1  callers and receivers are never both there.
 *   N2  callers holds the threads CALLING here, by priority, then by arrival; receiver is the last
 *       that came of those RECEIVING here, and by next_receiver come those before it.
 */
#pragma once

#include "core/thread.h"

enum { WAITERS_SLICE = 8 };

struct endpoint {
    struct object object;
    struct thread *receiver; /* N2 [K] */
    struct tree callers;     /* N2 [K] */
};

static_assert(sizeof(struct endpoint) <= OBJECT_BYTES_ENDPOINT, "fits its size class");

void endpoint_queue_caller(struct endpoint *endpoint, struct thread *caller);
struct thread *endpoint_first_caller(const struct endpoint *endpoint); /* NULL: none */
void endpoint_remove_receiver(struct endpoint *endpoint, struct thread *receiver);
/* Answer PEER_GONE to all who wait, WAITERS_SLICE a slice; RESTART: there are more. */
[[nodiscard]] err_t endpoint_drain(struct endpoint *endpoint);

/* It waits here. previous_receiver means nothing in the first. */
static inline void endpoint_add_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    struct thread *next = endpoint->receiver;

    receiver->state = THREAD_RECEIVING;
    receiver->waits_on.endpoint = endpoint;
    receiver->next_receiver = next;
    endpoint->receiver = receiver;
    if (next != NULL) {
        next->previous_receiver = receiver;
    }
}

static inline void endpoint_take_receiver(struct endpoint *endpoint, const struct thread *first)
{
    endpoint->receiver = first->next_receiver;
}
