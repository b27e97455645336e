/* Objects of init; contract in object.h. */
#include "object.h"

#include <byre/object_book.h>
#include <byre/table.h>

#include "panic.h"
#include "supply.h"

enum { CAPABILITY_BYTES = 32, OBJECTS_MAX = 96, PLACES_MAX = 64 };

/* One open page for each size class that is used here. */
struct object_pages {
    uint64_t page; /* 0: none yet */
    uint64_t next_slot;
};

static struct object_pages threads, spaces, smalls;

static struct object_place made[OBJECTS_MAX];
static uint32_t made_count;
static struct object_book book = {
    .server = "init",
    .lists = 1,
    .list = {{.name = "object",
              .first = (uintptr_t)made,
              .count_at = (uintptr_t)&made_count,
              .record_bytes = sizeof(made[0])}},
};

static void object_note(uint64_t page, uint64_t slot)
{
    if (made_count == OBJECTS_MAX) {
        init_panic("its book of objects is full", ERR_RANGE);
    }
    made[made_count++] = (struct object_place){.page = (uint32_t)page, .slot = (uint16_t)slot};
}

/* What the kernel made tells itself: the pages before the first that nobody has used. */
void object_init(const struct boot_info *info)
{
    for (uint64_t page = info->object_chunk_frame; page < info->object_next_page; page++) {
        uint64_t bytes, live, used;
        if (byre_object_info(INIT_SLOT_MEMORY, page, &bytes, &live, &used) != ERR_OK) {
            continue; /* the chunk's first pages are the kernel's */
        }
        for (uint64_t slot = 0; slot < PLACES_MAX; slot++) {
            if ((live >> slot & 1) != 0) {
                object_note(page, slot);
            }
        }
    }
}

uint64_t object_book_address(void)
{
    return (uintptr_t)&book;
}

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
    uint64_t place = pages->next_slot++;
    init_check("object",
               byre_object_create(INIT_SLOT_MEMORY, pages->page, place, type, 0, table, slot));
    object_note(pages->page, place);
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
    uint64_t page = supply_object_pages(pages);

    init_check("capability table",
               byre_object_create(INIT_SLOT_MEMORY, page, 0, OBJECT_CAPTABLE, slots, 0, slot));
    object_note(page, 0);
    return slot;
}

void object_new_reply(cap_t table, cap_t slot)
{
    object_put(OBJECT_REPLY, table, slot);
}
