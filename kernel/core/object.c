/* Objects, and the calls that create and destroy them. */
#include "core/object.h"

#include <byre/gen/kernel_tables.h>

#include "arch.h"
#include "core/captable.h"
#include "core/endpoint.h"
#include "core/event.h"
#include "core/interrupt.h"
#include "core/memory.h"
#include "core/notification.h"
#include "core/panic.h"
#include "core/reply.h"
#include "core/syscall.h"
#include "core/timer.h"

static uint64_t last_generation = GENERATION_NONE; /* O2 [K] */

static const uint16_t type_bytes[OBJECT_TYPES] = OBJECT_TYPE_BYTES;

static uint64_t new_header(enum object_type type)
{
    return ++last_generation << OBJECT_GENERATION_SHIFT | type;
}

struct page_map *object_page_map(frame_t page)
{
    uint64_t chunk_address = (page.number & ~(uint64_t)CHUNK_FRAME_MASK) << PAGE_SHIFT;
    struct page_map *maps = arch_window((paddr_t){chunk_address});

    return &maps[page.number & CHUNK_FRAME_MASK];
}

struct object *object_at(frame_t page, unsigned slot, unsigned shift)
{
    return arch_window((paddr_t){(page.number << PAGE_SHIFT) + ((uint64_t)slot << shift)});
}

/* The window is linear, so an object's address tells its page. */
static frame_t page_of(const struct object *object)
{
    uint64_t base = (uint64_t)arch_window((paddr_t){0});

    return (frame_t){((uint64_t)object - base) >> PAGE_SHIFT};
}

err_t object_find_place(frame_t page, uint64_t slot, size_t bytes, struct object_place *place_out)
{
    unsigned index = page.number & CHUNK_FRAME_MASK;
    unsigned pages = bytes > PAGE_BYTES ? (unsigned)(bytes >> PAGE_SHIFT) : 1;
    unsigned shift = OBJECT_SHIFT_MIN;
    struct page_map *map;

    while (shift < OBJECT_SHIFT_MAX && (size_t)1 << shift < bytes) {
        shift++;
    }
    REFUSE_IF(chunk_kind(page) != KIND_OBJECT, ERR_KIND);
    REFUSE_IF(index < OBJECT_MAP_PAGES || index + pages > CHUNK_PAGES ||
                  slot >= (unsigned)PAGE_BYTES >> shift,
              ERR_RANGE);
    map = object_page_map(page);
    for (unsigned i = 0; i < pages; i++) {
        REFUSE_IF(map[i].is_continued || (map[i].shift != 0 && map[i].shift != shift) ||
                      (map[i].live >> slot & 1) != 0,
                  ERR_OCCUPIED);
    }
    *place_out = (struct object_place){
        .map = map,
        .object = object_at(page, (unsigned)slot, shift),
        .page = page,
        .slot = (unsigned)slot,
        .shift = shift,
        .pages = pages,
    };
    return ERR_OK;
}

struct object *object_create(const struct object_place *place, enum object_type type)
{
    struct page_map *map = place->map;

    if (map->live == 0) {
        chunk_of(place->page)->used++;
    }
    map->live |= UINT64_C(1) << place->slot;
    map->pages = (uint16_t)place->pages;
    for (unsigned i = 0; i < place->pages; i++) {
        map[i].shift = (uint8_t)place->shift; /* O3 */
        map[i].is_continued = i > 0;
    }
    /* In larger classes there are only capability tables: zero since the scrub, or drained. */
    if ((size_t)1 << place->shift <= OBJECT_BYTES_THREAD) {
        __builtin_memset(place->object, 0, (size_t)1 << place->shift);
    }
    place->object->header = new_header(type);
    return place->object;
}

/* The slot is free from here on. */
static void release(struct object *object)
{
    frame_t page = page_of(object);
    struct page_map *map = object_page_map(page);
    unsigned slot = (unsigned)(((uint64_t)object & (PAGE_BYTES - 1)) >> map->shift);

    __builtin_memset(object, 0,
                     sizeof(struct captable)); /* a table's pages stay zero but for this */
    map->live &= ~(UINT64_C(1) << slot);
    for (unsigned i = 1; i < map->pages; i++) {
        map[i].is_continued = false;
    }
    map->pages = 1;
    if (map->live == 0) {
        chunk_of(page)->used--;
    }
}

err_t object_destroy_begin(struct object *object, struct thread *destroyer)
{
    enum object_type type = object_type(object);

    REFUSE_IF((object->header & OBJECT_DYING) != 0, ERR_OK); /* joins */
    REFUSE_IF((type == OBJECT_SPACE && ((struct space *)object)->bound_threads != 0) ||
                  (type == OBJECT_CAPTABLE && ((struct captable *)object)->bound_threads != 0) ||
                  object == &destroyer->object,
              ERR_BUSY);
    if (type == OBJECT_THREAD) {
        TRY(thread_await_stop(destroyer, (struct thread *)object));
    }
    event_record(destroyer->hart, EVENT_DESTROY, (uint64_t)object, type);
    object->header = new_header(type) | OBJECT_DYING;
    return ERR_OK;
}

/* Nobody waits on it and nothing is in it any more. */
static err_t take_apart(struct object *object)
{
    switch (object_type(object)) {
    case OBJECT_THREAD:
        thread_destroy((struct thread *)object);
        break;
    case OBJECT_SPACE:
        space_destroy((struct space *)object);
        break;
    case OBJECT_ENDPOINT:
        return endpoint_drain((struct endpoint *)object);
    case OBJECT_REPLY:
        reply_abandon((struct reply *)object);
        break;
    case OBJECT_NOTIFICATION:
        return notification_drain((struct notification *)object);
    case OBJECT_INTERRUPT:
        interrupt_destroy((struct interrupt *)object);
        break;
    case OBJECT_TIMER:
        deadline_disarm(&((struct timer *)object)->deadline);
        break;
    case OBJECT_CAPTABLE:
        return captable_drain((struct captable *)object);
    default:
        kernel_panic("object %x has no type: %x", (uint64_t)object, object->header);
    }
    return ERR_OK;
}

err_t object_destroy_go_on(struct object *object)
{
    TRY(take_apart(object));
    release(object);
    return ERR_OK;
}

/* Bytes of an object of that type and capacity; 0: there is none. */
static size_t bytes_of(uint64_t type, uint64_t capacity)
{
    if (type == OBJECT_CAPTABLE) {
        bool is_valid =
            capacity >= 2 && capacity <= CAPTABLE_SLOTS_MAX && (capacity & (capacity - 1)) == 0;

        return is_valid ? capacity * sizeof(struct capability) : 0;
    }
    return type < OBJECT_MEMORY && capacity == 0 ? type_bytes[type] : 0;
}

/* What a new object has that is not zero, but for a table's slots. */
static void initialise(struct object *object, struct hart *hart)
{
    enum object_type type = object_type(object);

    if (type == OBJECT_THREAD) {
        thread_init((struct thread *)object, hart);
    } else if (type == OBJECT_NOTIFICATION) {
        list_init(&((struct notification *)object)->waiters);
    } else if (type == OBJECT_TIMER) {
        ((struct timer *)object)->deadline.is_timer = true;
    }
}

err_t object_renew_go_on(struct object *object, struct hart *hart)
{
    enum object_type type = object_type(object);

    if (type == OBJECT_SPACE) { /* its root stays, and with it what the architecture knows */
        arch_flush_space((struct space *)object);
        object->header = new_header(type);
        return ERR_OK;
    }
    TRY(take_apart(object));
    __builtin_memset(object, 0, type_bytes[type]); /* 0 bytes of a table, which is as new */
    object->header = new_header(type);
    initialise(object, hart);
    return ERR_OK;
}

err_t sys_object_create(struct thread *caller, struct capability *memory,
                        struct captable *target_table)
{
    frame_t page = {argument(caller, 1)};
    uint64_t type = argument(caller, 3);
    uint64_t capacity = argument(caller, 4);
    size_t bytes = bytes_of(type, capacity);
    struct capability *target;
    struct object_place place;
    struct object *object;

    REFUSE_IF(bytes == 0, ERR_ARGUMENT);
    REFUSE_IF(!memory_covers(memory, page, (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT), ERR_RANGE);
    TRY(object_find_place(page, argument(caller, 2), bytes, &place));
    TRY(captable_find_empty(target_table, argument(caller, 6), &target));
    object = object_create(&place, (enum object_type)type);
    initialise(object, caller->hart);
    if (type == OBJECT_CAPTABLE) {
        ((struct captable *)object)->slot_count = capacity;
    }
    capability_make(target, object, RIGHTS_ALL, 0);
    return ERR_OK;
}

/* The page map of the OBJECT page that the second argument names. */
static err_t find_map(const struct thread *caller, const struct capability *memory,
                      struct page_map **map_out)
{
    frame_t page = {argument(caller, 1)};

    REFUSE_IF(!memory_covers(memory, page, 1), ERR_RANGE);
    REFUSE_IF(chunk_kind(page) != KIND_OBJECT, ERR_KIND);
    REFUSE_IF((page.number & CHUNK_FRAME_MASK) < OBJECT_MAP_PAGES, ERR_RANGE);
    *map_out = object_page_map(page);
    return ERR_OK;
}

err_t sys_object_destroy(struct thread *caller, struct capability *memory)
{
    uint64_t slot = argument(caller, 2);
    struct page_map *map;
    struct object *object;

    TRY(find_map(caller, memory, &map));
    REFUSE_IF(slot >= (unsigned)PAGE_BYTES >> (map->shift == 0 ? OBJECT_SHIFT_MIN : map->shift),
              ERR_RANGE);
    object = object_at((frame_t){argument(caller, 1)}, (unsigned)slot, map->shift);
    /* Made again, and the place is free by now: somebody else finished it. If another is in it (the
     * one before was renewed, or this is a new one), it is not free. */
    REFUSE_IF((map->live >> slot & 1) == 0, caller->progress != 0 ? ERR_OK : ERR_EMPTY);
    REFUSE_IF(caller->progress != 0 && caller->progress != object->header, ERR_BUSY);
    if ((object->header & OBJECT_DYING) == 0 || caller->progress == 0) {
        TRY(object_destroy_begin(object, caller));
        caller->progress = object->header;
    }
    return object_destroy_go_on(object);
}

err_t sys_object_info(struct thread *caller, struct capability *memory)
{
    struct page_map *map;

    TRY(find_map(caller, memory, &map));
    result(caller, 2, chunk_of((frame_t){argument(caller, 1)})->used);
    result(caller, 0, map->shift == 0 ? 0 : UINT64_C(1) << map->shift);
    result(caller, 1, map->live);
    return ERR_OK;
}
