/* Reply objects: each holds at most one caller that waits for its answer.
 *
 *   W1  caller != NULL exactly when that thread is REPLYING and waits on this object.
 *   W2  receiver is the thread that received with this object last (or was about to), if its
 *       receive_reply is this object too; else both are NULL. It waits with it if it is RECEIVING,
 *       and there is no caller then.
 *   W3  The receiver's receive_descriptor is RECEIVE_NONE, or names the slot of its table in which
 *       the capability to this object is (P4). So the short path of IPC need not look there, and
 *       whoever empties the slot tells.
 */
#pragma once

#include "core/thread.h"

enum { IPC_FLAGS_MASK = 0xff }; /* of a descriptor */

struct reply {
    struct object object;
    struct thread *caller;   /* W1 [K] */
    struct thread *receiver; /* W2 [K] */
};

static_assert(sizeof(struct reply) <= OBJECT_BYTES_REPLY, "fits its size class");

/* Does a thread receive with it? */
static inline bool reply_is_awaited(const struct reply *reply)
{
    return reply->receiver != NULL && reply->receiver->state == THREAD_RECEIVING;
}

/* W3: its capability moves. */
static inline void reply_leave_slot(const struct reply *reply)
{
    if (reply->receiver != NULL) {
        reply->receiver->receive_descriptor = RECEIVE_NONE;
    }
}

/* No receiver from now on; NULL: nothing. */
static inline void reply_part(struct reply *reply)
{
    if (reply != NULL && reply->receiver != NULL) {
        reply_leave_slot(reply);
        reply->receiver->receive_reply = NULL;
        reply->receiver = NULL;
    }
}

/* The caller waits for its answer: W1. */
static inline void reply_hold(struct reply *reply, struct thread *caller)
{
    reply->caller = caller;
    caller->state = THREAD_REPLYING;
    caller->waits_on.reply = reply;
}

/* The receiver goes on with this object (NULL: with none), which it named so. */
static inline void reply_pair(struct thread *receiver, struct reply *reply, uint64_t descriptor)
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

/* Its capability or the object itself goes: who depends on it is answered PEER_GONE. */
void reply_abandon(struct reply *reply);
