/* Requests: what the handlers share. The handlers are declared by <byre/gen/pager_handlers.h>;
 * each fills the answer, and has changed nothing when it answers an error. */
#ifndef PAGER_REQUEST_H
#define PAGER_REQUEST_H

#include <byre/gen/pager_handlers.h>
#include <byre/pager_boot.h>

#include "space.h"
#include "types.h"

/* Slots of the pager's own capability table beyond those init filled. */
enum request_slot {
    /* of each thread: */
    SLOT_SEND = PAGER_SLOT_FREE, /* a capability on its way out, replaced by the next */
    SLOT_ACCEPT = SLOT_SEND + PAGER_THREADS_MAX, /* where a capability that arrives lands */
    /* of all: */
    SLOT_WATCH = SLOT_ACCEPT + PAGER_THREADS_MAX, /* proc's notification */
    SLOT_JANITOR_THREAD,
    SLOT_JANITOR_WAKE,
    SLOT_SECOND_REPLY, /* one reply object more than threads, for a caller that waits for quiet */
    SLOT_AUDIT,        /* the endpoint of the audit that goes on; all rights */
    SLOT_STRAY,        /* of the test hooks */
};

extern unsigned serving_thread; /* which of the pager's threads serves: whose slots */

/* Serve one request. Returns the words of the answer. */
unsigned request_serve(struct pager_request *request);
/* The sender's own space, or NULL and the error set. */
struct space *request_self(struct pager_request *request);
/* The space of that id, or NULL and the error set (NOENT). */
struct space *request_space(struct pager_request *request, uint64_t id);
/* Send a copy of a capability, with these rights of it, with the answer. */
void request_send(struct pager_request *request, cap_t source, unsigned rights);
/* Send a capability over memory with the answer. */
void request_send_memory(struct pager_request *request, frame_t first, uint64_t count,
                         unsigned rights);

#endif
