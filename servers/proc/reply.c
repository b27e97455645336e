/* Reply objects of proc; contract in reply.h. */
#include "reply.h"

#include <stddef.h>

#include <byre/server.h>

enum { SPARES_KEPT = 32 };

static struct {
    struct store store;
    struct reply *current;
    struct reply *spare;
    uint32_t spares;
} replies;

bool reply_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit)
{
    store_init(&replies.store, owner, address, sizeof(struct reply), limit);
    replies.current = store_take(&replies.store);
    if (replies.current == NULL) {
        return false;
    }
    replies.current->object.capability = SERVER_SLOT_REPLY;
    return true;
}

cap_t reply_current(void)
{
    return replies.current->object.capability;
}

static struct reply *reply_make(void)
{
    struct reply *reply = store_take(&replies.store);
    if (reply == NULL) {
        return NULL;
    }
    if (object_make(OBJECT_REPLY, &reply->object) != ERR_OK) {
        store_give(&replies.store, reply);
        return NULL;
    }
    return reply;
}

struct reply *reply_defer(void)
{
    struct reply *next = replies.spare;

    if (next != NULL) {
        replies.spare = next->next_spare;
        replies.spares--;
    } else {
        next = reply_make();
        if (next == NULL) {
            return NULL;
        }
    }
    struct reply *deferred = replies.current;
    replies.current = next;
    return deferred;
}

void reply_give(struct reply *reply)
{
    if (replies.spares < SPARES_KEPT && object_may_be_kept(&reply->object)) {
        reply->next_spare = replies.spare;
        replies.spare = reply;
        replies.spares++;
        return;
    }
    object_unmake(&reply->object);
    store_give(&replies.store, reply);
}

void reply_resume(struct reply *deferred)
{
    struct reply *empty = replies.current;

    replies.current = deferred;
    reply_give(empty);
}

uint32_t reply_spares(void)
{
    return replies.spares;
}

void reply_tell(struct object_book *book)
{
    store_tell(&replies.store, book, "reply", offsetof(struct reply, object.place));
}
