/* Objects of init; contract in object.h. */
#include "object.h"

#include <byre/boot_info.h>
#include <byre/table.h>

#include "panic.h"
#include "supply.h"

enum { CAPABILITY_BYTES = 32 };

/* One open page for each size class that is used here. */
struct object_pages {
    uint64_t page; /* 0: none yet */
    uint64_t next_slot;
};

static struct object_pages threads, spaces, smalls;

static struct object_pages *object_pages_for(uint64_t type, uint64_t *bytes_out)
{
    switch (type) {
    case OBJECT_THREAD:
        *bytes_out = OBJECT_BYTES_THREAD;
        return &threads;
    case OBJECT_SPACE:
        *bytes_out = OBJECT_BYTES_SPACE;
        return &spaces;
    default:
        *bytes_out = OBJECT_BYTES_ENDPOINT; /* and all others that init makes */
        return &smalls;
    }
}
_Static_assert((int)OBJECT_BYTES_ENDPOINT == (int)OBJECT_BYTES_REPLY &&
                   (int)OBJECT_BYTES_ENDPOINT == (int)OBJECT_BYTES_NOTIFICATION &&
                   (int)OBJECT_BYTES_ENDPOINT == (int)OBJECT_BYTES_INTERRUPT,
               "one size class");

static void object_put(uint64_t type, cap_t table, cap_t slot)
{
    uint64_t bytes;
    struct object_pages *pages = object_pages_for(type, &bytes);

    if (pages->page == 0 || pages->next_slot == PAGE_BYTES / bytes) {
        pages->page = supply_object_pages(1);
        pages->next_slot = 0;
    }
    init_check("object", byre_object_create(INIT_SLOT_MEMORY, pages->page, pages->next_slot++, type,
                                            0, table, slot));
}

cap_t object_new(uint64_t type)
{
    cap_t slot = supply_slot();

    object_put(type, 0, slot);
    return slot;
}

cap_t object_new_captable(uint64_t slots)
{
    cap_t slot = supply_slot();
    uint64_t pages = (slots * CAPABILITY_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;

    init_check("capability table", byre_object_create(INIT_SLOT_MEMORY, supply_object_pages(pages),
                                                      0, OBJECT_CAPTABLE, slots, 0, slot));
    return slot;
}

void object_new_reply(cap_t table, cap_t slot)
{
    object_put(OBJECT_REPLY, table, slot);
}
