/* Memory for kernel objects; contract in object.h. */
#include "object.h"

#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/list.h>

#include "slots.h"

enum {
    OBJECT_FIRST_PAGE = 2, /* pages 0 and 1 of a chunk are the kernel's */
    OBJECT_PAGES = CHUNK_PAGES - OBJECT_FIRST_PAGE,
    OBJECT_CHUNKS_LIMIT = 512,
    SPARES_MOST = 16, /* of each type */
    CAPABILITY_BYTES = 32,
};

struct object_page {
    uint64_t free;     /* O1 */
    struct list queue; /* O2 */
    uint32_t kind;
};

struct object_chunk {
    uint64_t first_frame;
    cap_t memory;       /* OBJECTS over the chunk */
    uint32_t next_page; /* pages[] from here on have no class yet */
    uint32_t live;
    uint32_t spares;                        /* of those that live (O5) */
    struct object_page pages[OBJECT_PAGES]; /* the chunk's, from OBJECT_FIRST_PAGE on */
};
_Static_assert(sizeof(struct object_chunk) <= 4 * PAGE_BYTES, "few pages of proc's for 2 MiB");

static const uint32_t kind_bytes[OBJECT_KINDS] = {
    [OBJECT_KIND_THREAD] = OBJECT_BYTES_THREAD,
    [OBJECT_KIND_CAPTABLE] = PROGRAM_CAPTABLE_SLOTS * CAPABILITY_BYTES,
    [OBJECT_KIND_SMALL] = OBJECT_BYTES_REPLY,
};
_Static_assert((int)OBJECT_BYTES_REPLY == (int)OBJECT_BYTES_NOTIFICATION, "one size class");

static struct {
    struct store chunks;
    struct list with_room[OBJECT_KINDS];
    struct object_chunk *open; /* may have pages without a class; NULL = none */
    uint32_t live;
    uint64_t fail_after;
} memory;

/* O5. Those of one type are the first of their row; the rest of it names nothing. */
enum spare_row { SPARE_THREADS, SPARE_TABLES, SPARE_NOTIFICATIONS, SPARE_ROWS };
static struct {
    struct object object[SPARE_ROWS][SPARES_MOST];
    uint32_t count[SPARE_ROWS];
    uint32_t most;
} spares;
static const uint32_t spare_records = SPARE_ROWS * SPARES_MOST; /* for the book */

void object_memory_init(const struct store_owner *owner, uint64_t chunks_at)
{
    memset(&spares, 0, sizeof(spares));
    spares.most = SPARES_MOST;
    store_init(&memory.chunks, owner, chunks_at, sizeof(struct object_chunk), OBJECT_CHUNKS_LIMIT);
    for (unsigned kind = 0; kind < OBJECT_KINDS; kind++) {
        list_init(&memory.with_room[kind]);
    }
}

static enum object_kind object_kind_of(uint64_t type)
{
    switch (type) {
    case OBJECT_THREAD:
        return OBJECT_KIND_THREAD;
    case OBJECT_CAPTABLE:
        return OBJECT_KIND_CAPTABLE;
    default:
        return OBJECT_KIND_SMALL;
    }
}

/* -------------------------------------------------------------------------------- chunks */

static struct object_chunk *object_chunk_of(const struct object_page *page)
{
    return store_at(&memory.chunks, store_index(&memory.chunks, page));
}

static bool object_chunk_is_first(const struct object_chunk *chunk)
{
    return store_index(&memory.chunks, chunk) == 0;
}

static struct object_chunk *object_chunk_open(void)
{
    if (memory.open != NULL && memory.open->next_page < OBJECT_PAGES) {
        return memory.open;
    }
    struct object_chunk *chunk = store_take(&memory.chunks);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->memory = slot_take();
    if (chunk->memory == 0 || pager_object_memory(memory.chunks.owner->pager, &chunk->first_frame,
                                                  chunk->memory) != ERR_OK) {
        slot_drop(chunk->memory);
        store_give(&memory.chunks, chunk);
        return NULL;
    }
    memory.open = chunk;
    return chunk;
}

/* O3. A pager that refuses only keeps the memory from others: the record goes in any case, so that
 * nothing is made there again. */
static void object_chunk_return(struct object_chunk *chunk)
{
    for (uint32_t page = 0; page < chunk->next_page; page++) {
        list_remove(&chunk->pages[page].queue);
    }
    if (memory.open == chunk) {
        memory.open = NULL;
    }
    slot_drop(chunk->memory);
    (void)pager_object_return(memory.chunks.owner->pager, chunk->first_frame);
    store_give(&memory.chunks, chunk);
}

/* --------------------------------------------------------------------------------- pages */

static void object_page_has_room(struct object_chunk *chunk, struct object_page *page)
{
    struct list *room = &memory.with_room[page->kind];

    if (object_chunk_is_first(chunk)) {
        list_append(room->next, &page->queue); /* before all others */
    } else {
        list_append(room, &page->queue);
    }
}

static uint64_t object_page_frame(const struct object_chunk *chunk, uint32_t page_index)
{
    return chunk->first_frame + OBJECT_FIRST_PAGE + page_index;
}

static struct object_page *object_page_new(enum object_kind kind)
{
    struct object_chunk *chunk = object_chunk_open();
    if (chunk == NULL) {
        return NULL;
    }
    struct object_page *page = &chunk->pages[chunk->next_page++];
    unsigned places = PAGE_BYTES / kind_bytes[kind];
    page->free = places == 64 ? ~0ul : (1ul << places) - 1;
    page->kind = kind;
    list_init(&page->queue);
    object_page_has_room(chunk, page);
    return page;
}

/* ------------------------------------------------------------------------------- objects */

static struct object_chunk *object_home(const struct object *object)
{
    return store_at(&memory.chunks, object->place.chunk);
}

static err_t object_create(uint64_t type, struct object *object_out)
{
    enum object_kind kind = object_kind_of(type);
    struct list *room = &memory.with_room[kind];
    struct object_page *page = list_is_empty(room)
                                   ? object_page_new(kind)
                                   : LIST_OWNER(room->next, struct object_page, queue);
    cap_t capability = page != NULL ? slot_take() : 0;
    if (capability == 0) {
        return PROC_ERR_NOMEM;
    }
    struct object_chunk *chunk = object_chunk_of(page);
    uint32_t page_index = (uint32_t)(page - chunk->pages);
    uint32_t place = bits_lowest(page->free);
    uint64_t capacity = type == OBJECT_CAPTABLE ? PROGRAM_CAPTABLE_SLOTS : 0;
    err_t error = byre_object_create(chunk->memory, object_page_frame(chunk, page_index), place,
                                     type, capacity, 0, capability);
    if (error != ERR_OK) {
        slot_give(capability);
        return error;
    }
    page->free &= ~(1ul << place);
    if (page->free == 0) {
        list_remove(&page->queue);
    }
    chunk->live++;
    memory.live++;
    *object_out = (struct object){
        .place = {.page = (uint32_t)object_page_frame(chunk, page_index),
                  .slot = (uint16_t)place,
                  .chunk = (uint16_t)store_index(&memory.chunks, chunk)},
        .capability = capability,
        .type = (uint32_t)type,
    };
    return ERR_OK;
}

static void object_destroy(const struct object *object)
{
    struct object_chunk *chunk = object_home(object);
    struct object_page *page = &chunk->pages[object->place.page - object_page_frame(chunk, 0)];

    /* On an error slot and place stay taken, rather than be handed out twice. */
    if (byre_cap_destroy(0, object->capability) == ERR_OK) {
        slot_give(object->capability);
        if (page->free == 0) {
            object_page_has_room(chunk, page);
        }
        page->free |= 1ul << object->place.slot;
        memory.live--;
        chunk->live--;
    }
}

/* -------------------------------------------------------------------------------- spares */

/* Row + 1; 0: none are kept of that type. */
static const uint8_t spare_rows[OBJECT_TYPES] = {
    [OBJECT_THREAD] = SPARE_THREADS + 1,
    [OBJECT_CAPTABLE] = SPARE_TABLES + 1,
    [OBJECT_NOTIFICATION] = SPARE_NOTIFICATIONS + 1,
};

/* Only of chunks that may go is it asked (O3). */
static void spare_count_home(const struct object *spare, int32_t change)
{
    if (spare->place.chunk != 0) {
        object_home(spare)->spares += (uint32_t)change;
    }
}

/* The last of its row, which then names nothing. */
static inline void spare_take(unsigned row, struct object *object_out)
{
    struct object *last = &spares.object[row][--spares.count[row]];

    *object_out = *last;
    last->place.page = 0;
    spare_count_home(object_out, -1);
}

static void spare_put(unsigned row, const struct object *object)
{
    spares.object[row][spares.count[row]++] = *object;
    spare_count_home(object, 1);
}

/* O5; false: there are enough, or the kernel refuses. */
static bool spare_keep(const struct object *object)
{
    unsigned row = spare_rows[object->type] - 1u;

    if (row >= SPARE_ROWS || spares.count[row] >= spares.most ||
        byre_cap_renew(0, object->capability, 0, 0) != ERR_OK) {
        return false;
    }
    spare_put(row, object);
    return true;
}

/* Those of one chunk; NULL: of all. */
static void spare_drop(const struct object_chunk *chunk)
{
    for (unsigned row = 0; row < SPARE_ROWS; row++) {
        for (uint32_t i = spares.count[row]; i-- > 0;) {
            struct object *spare = &spares.object[row][i];
            if (chunk == NULL || object_home(spare) == chunk) {
                struct object dropped = *spare;
                spare_count_home(&dropped, -1);
                *spare = spares.object[row][--spares.count[row]];
                spares.object[row][spares.count[row]].place.page = 0;
                object_destroy(&dropped);
            }
        }
    }
}

void object_keep_spares(bool keep)
{
    spares.most = keep ? SPARES_MOST : 0;
    if (!keep) {
        spare_drop(NULL);
    }
}

void object_tell(struct object_book *book)
{
    struct object_book_list *list = &book->list[book->lists++];

    strcpy(list->name, "spare");
    list->first = (uintptr_t)&spares.object[0][0].place;
    list->count_at = (uintptr_t)&spare_records;
    list->record_bytes = sizeof(struct object);
}

/* ----------------------------------------------------------------------- making and unmaking */

err_t object_make(uint64_t type, struct object *object_out)
{
    unsigned row = spare_rows[type] - 1u;

    if (memory.fail_after != 0 && --memory.fail_after == 0) {
        return PROC_ERR_NOMEM;
    }
    if (row < SPARE_ROWS && spares.count[row] > 0) {
        spare_take(row, object_out);
        return ERR_OK;
    }
    return object_create(type, object_out);
}

bool object_take_spares(struct object *table, struct object *thread, struct object *park)
{
    if (spares.count[SPARE_TABLES] == 0 || spares.count[SPARE_THREADS] == 0 ||
        spares.count[SPARE_NOTIFICATIONS] == 0) {
        return false;
    }
    spare_take(SPARE_TABLES, table);
    spare_take(SPARE_THREADS, thread);
    spare_take(SPARE_NOTIFICATIONS, park);
    return true;
}

/* O3 */
static void object_chunk_has_less(struct object_chunk *chunk)
{
    if (chunk->live == chunk->spares) {
        spare_drop(chunk);
        if (chunk->live == 0) {
            object_chunk_return(chunk);
        }
    }
}

static bool spare_has_room(unsigned row)
{
    return spares.count[row] < spares.most;
}

static void object_forget(struct object *object)
{
    if (object->place.chunk != 0) {
        object_chunk_has_less(object_home(object));
    }
    *object = (struct object){0};
}

bool object_leave_spares(struct object *table, struct object *thread, struct object *park)
{
    /* O3: a chunk that may go is looked at after each object. */
    bool may_stay = (table->place.chunk | thread->place.chunk | park->place.chunk) == 0;

    if (!may_stay || !spare_has_room(SPARE_TABLES) || !spare_has_room(SPARE_THREADS) ||
        !spare_has_room(SPARE_NOTIFICATIONS) ||
        byre_cap_renew(0, thread->capability, park->capability, table->capability) != ERR_OK) {
        return false;
    }
    spare_put(SPARE_TABLES, table);
    spare_put(SPARE_THREADS, thread);
    spare_put(SPARE_NOTIFICATIONS, park);
    *table = *thread = *park = (struct object){0};
    return true;
}

void object_unmake(struct object *object)
{
    if (object->place.page == 0) {
        return;
    }
    if (!spare_keep(object)) {
        object_destroy(object);
    }
    object_forget(object);
}

bool object_may_be_kept(const struct object *object)
{
    return object->place.chunk == 0; /* or nowhere */
}

struct object_statistics object_memory_statistics(void)
{
    return (struct object_statistics){
        .chunks = memory.chunks.live,
        .live = memory.live,
        .spare = spares.count[SPARE_THREADS] + spares.count[SPARE_TABLES] +
                 spares.count[SPARE_NOTIFICATIONS],
    };
}

uint64_t object_fail_after(uint64_t takes)
{
    uint64_t left = memory.fail_after;

    memory.fail_after = takes;
    return left;
}
