/* From a message's label to its handler, and who may ask what. */
#include <libsys/ipc.h>

#include "audit.h"
#include "kernel.h"
#include "request.h"

#include <byre/gen/pager_dispatch.inc>

unsigned serving_thread;

static bool pager_admits(enum pager_who who, const struct pager_request *request)
{
    switch (who) {
    case PAGER_WHO_PROC:
        return (request->badge & PAGER_BADGE_TRUSTED) != 0;
    case PAGER_WHO_AUDIT:
        return audit_admits(request);
    case PAGER_WHO_SELF: /* the handlers look for the space themselves: request_self */
        return true;
    }
    return false;
}

unsigned request_serve(struct pager_request *request)
{
    return pager_dispatch(request);
}

struct space *request_self(struct pager_request *request)
{
    struct space *s = space_find(request->badge & ~(PAGER_BADGE_TRUSTED | PAGER_BADGE_AUDIT));
    if (s == NULL) {
        request->error = ERR_RIGHTS;
    }
    return s;
}

struct space *request_space(struct pager_request *request, uint64_t id)
{
    struct space *s = space_find(id);
    if (s == NULL) {
        request->error = PAGER_ERR_NOENT;
    }
    return s;
}

void request_send(struct pager_request *request, cap_t source, unsigned rights)
{
    request->send_cap = ipc_cap_reduced(source, rights);
}

void request_send_memory(struct pager_request *request, frame_t first, uint64_t count,
                         unsigned rights)
{
    cap_t slot = SLOT_SEND + serving_thread;
    err_t error = kernel_cap_delete(slot); /* what was sent last is still there */
    PAGER_ASSERT(error == ERR_OK || error == ERR_CAP_EMPTY);
    error = kernel_memory_derive(first, count, rights | RIGHT_GRANT, slot);
    PAGER_ASSERT(error == ERR_OK);
    request->send_cap = slot;
}
