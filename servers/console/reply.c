/* Reply objects of the console; contract in reply.h. */
#include "reply.h"

#include <stddef.h>

#include <byre/gen/pager_client.h>
#include <byre/server.h>
#include <byre/table.h>

enum {
    PLACES_A_PAGE = PAGE_BYTES / OBJECT_BYTES_REPLY,
    FIRST_PAGE = 2, /* of a chunk: 0 and 1 are the kernel's */
};

static struct {
    struct store store;
    struct reply *current;
    struct reply *spare;
    cap_t memory;       /* where the next one is made */
    uint64_t next_page; /* frame */
    uint64_t end_page;
    uint64_t next_place;
    cap_t next_slot;
} replies;

bool reply_init(const struct store_owner *owner, uint64_t address)
{
    uint64_t type, rights, badge, pages;

    store_init(&replies.store, owner, address, sizeof(struct reply), CONSOLE_CAPTABLE_SLOTS);
    replies.memory = CONSOLE_SLOT_OBJECTS;
    replies.next_slot = SERVER_SLOT_FREE;
    if (byre_cap_info(0, CONSOLE_SLOT_OBJECTS, &type, &rights, &badge, &replies.next_page,
                      &pages) != ERR_OK) {
        return false;
    }
    replies.end_page = replies.next_page + pages;
    replies.current = store_take(&replies.store);
    if (replies.current == NULL) {
        return false;
    }
    replies.current->slot = SERVER_SLOT_REPLY;
    return true;
}

cap_t reply_current(void)
{
    return replies.current->slot;
}

static bool reply_find_place(void)
{
    uint64_t first;

    if (replies.next_place == PLACES_A_PAGE) {
        replies.next_place = 0;
        replies.next_page++;
    }
    if (replies.next_page < replies.end_page) {
        return true;
    }
    if (replies.next_slot == CONSOLE_CAPTABLE_SLOTS ||
        pager_object_memory(replies.store.owner->pager, &first, replies.next_slot) != ERR_OK) {
        return false;
    }
    replies.memory = replies.next_slot++;
    replies.next_page = first + FIRST_PAGE;
    replies.end_page = first + CHUNK_PAGES;
    return true;
}

static struct reply *reply_make(void)
{
    if (!reply_find_place() || replies.next_slot == CONSOLE_CAPTABLE_SLOTS) {
        return NULL;
    }
    struct reply *reply = store_take(&replies.store);
    if (reply == NULL) {
        return NULL;
    }
    if (byre_object_create(replies.memory, replies.next_page, replies.next_place, OBJECT_REPLY, 0,
                           0, replies.next_slot) != ERR_OK) {
        store_give(&replies.store, reply);
        return NULL;
    }
    reply->place = (struct object_place){.page = (uint32_t)replies.next_page,
                                         .slot = (uint16_t)replies.next_place++};
    reply->slot = replies.next_slot++;
    return reply;
}

struct reply *reply_defer(void)
{
    struct reply *next = replies.spare;

    if (next == NULL) {
        next = reply_make();
        if (next == NULL) {
            return NULL;
        }
    } else {
        replies.spare = next->next_spare;
    }
    struct reply *deferred = replies.current;
    replies.current = next;
    return deferred;
}

void reply_give(struct reply *reply)
{
    reply->next_spare = replies.spare;
    replies.spare = reply;
}

void reply_tell(struct object_book *book)
{
    (void)store_tell(&replies.store, book, "reply", offsetof(struct reply, place));
}
