/* The pager's own kernel objects; the contract is in own.h. */
#include "own.h"

#include <byre/gen/calls.h>
#include <byre/object_book.h>
#include <byre/pager_boot.h>

#include "kernel.h"

static frame_t first_page;
static struct object_place places[OWN_OBJECTS];
static const uint32_t place_count = OWN_OBJECTS;
static struct object_book book;

static const uint8_t types[OWN_OBJECTS] = {
    [OWN_THREAD] = OBJECT_THREAD,
    [OWN_WAKE] = OBJECT_NOTIFICATION,
    [OWN_REPLY] = OBJECT_REPLY,
    [OWN_AUDIT] = OBJECT_ENDPOINT,
};

/* W1: pages hold one size class. */
static struct object_place place_of(enum own_object object)
{
    bool alone = object == OWN_THREAD;
    return (struct object_place){.page = first_page.number + !alone,
                                 .slot = alone ? 0 : (uint16_t)object};
}

void own_start(frame_t first_object_page)
{
    first_page = first_object_page;
    book = (struct object_book){
        .server = "pager",
        .lists = 1,
        .list = {{.name = "own object",
                  .first = (uintptr_t)places,
                  .count_at = (uintptr_t)&place_count,
                  .record_bytes = sizeof(places[0])}},
    };
}

void own_make(enum own_object object, cap_t target)
{
    struct object_place place = place_of(object);
    err_t error =
        byre_object_create(PAGER_SLOT_MEMORY, place.page, place.slot, types[object], 0, 0, target);
    PAGER_ASSERT(error == ERR_OK);
    places[object] = place;
}

void own_unmake(enum own_object object, cap_t slot)
{
    err_t error = kernel_object_destroy((frame_t){places[object].page}, places[object].slot);
    PAGER_ASSERT(error == ERR_OK);
    places[object] = (struct object_place){0};
    error = kernel_cap_delete(slot);
    PAGER_ASSERT(error == ERR_OK);
}

const struct object_book *own_book(void)
{
    return &book;
}
