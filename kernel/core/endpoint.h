/* Endpoints: where callers and receivers meet.
 *
 *   N1  callers and receivers are never both non-empty.
 *   N2  callers holds the threads CALLING here, by priority, then by arrival; receivers those
 *       RECEIVING here, by arrival.
 */
#pragma once

#include "core/list.h"
#include "core/object.h"
#include "core/tree.h"

enum { WAITERS_SLICE = 8 };

struct endpoint {
    struct object object;
    struct list_node receivers; /* N2 [K] */
    struct tree callers;        /* N2 [K] */
};

static_assert(sizeof(struct endpoint) <= OBJECT_BYTES_ENDPOINT, "fits its size class");

void endpoint_queue_caller(struct endpoint *endpoint, struct thread *caller);
struct thread *endpoint_first_caller(const struct endpoint *endpoint);   /* NULL: none */
struct thread *endpoint_first_receiver(const struct endpoint *endpoint); /* NULL: none */
/* Answer PEER_GONE to all who wait, 16 a slice; RESTART: there are more. */
[[nodiscard]] err_t endpoint_drain(struct endpoint *endpoint);
