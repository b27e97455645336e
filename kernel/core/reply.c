/* Reply objects. */
#include "core/reply.h"

#include "core/ipc.h"
#include "core/message.h"

void reply_abandon(struct reply *reply)
{
    if (reply->caller != NULL) {
        ipc_abandon(reply->caller, ERR_PEER_GONE);
    }
    if (reply_is_awaited(reply)) {
        ipc_abandon(reply->receiver, ERR_PEER_GONE);
    }
    reply_part(reply);
}
