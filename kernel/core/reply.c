/* Reply objects. */
#include "core/reply.h"

#include "core/ipc.h"
#include "core/message.h"

void reply_leave_slot(const struct reply *reply)
{
    if (reply->receiver != NULL) {
        reply->receiver->receive_descriptor = RECEIVE_NONE;
    }
}

void reply_part(struct reply *reply)
{
    if (reply != NULL && reply->receiver != NULL) {
        reply_leave_slot(reply);
        reply->receiver->receive_reply = NULL;
        reply->receiver = NULL;
    }
}

void reply_pair(struct thread *receiver, struct reply *reply, uint64_t descriptor)
{
    if (receiver->receive_reply != reply) {
        reply_part(receiver->receive_reply);
        reply_part(reply);
        receiver->receive_reply = reply;
    }
    if (reply != NULL) {
        reply->receiver = receiver;
        receiver->receive_descriptor = (int32_t)descriptor & ~IPC_FLAGS_MASK;
    }
}

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
