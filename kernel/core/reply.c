/* Reply objects. */
#include "core/reply.h"

#include "core/ipc.h"

void reply_abandon(struct reply *reply)
{
    if (reply->caller != NULL) {
        ipc_abandon(reply->caller, ERR_PEER_GONE);
    }
    if (reply->receiver != NULL) {
        ipc_abandon(reply->receiver, ERR_PEER_GONE);
    }
}
