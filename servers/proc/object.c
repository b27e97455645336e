/* Memory for kernel objects; contract in object.h. */
#include "object.h"

#include <byre/gen/pager_client.h>
#include <byre/gen/proc.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/list.h>

#include "slots.h"

enum {
    OBJECT_FIRST_PAGE = 2, /* pages 0 and 1 of a chunk are the kernel's */
    OBJECT_PAGES_LIMIT = STORE_RECORDS_MAX,
    OBJECT_CHUNKS_LIMIT = OBJECT_PAGES_LIMIT / (CHUNK_PAGES - OBJECT_FIRST_PAGE),
    CAPABILITY_BYTES = 32,
};

struct object_page {
    uint64_t free;     /* O1 */
    struct list queue; /* O2 */
    uint64_t frame;
    uint32_t memory; /* slot of the chunk's capability */
    uint32_t kind;
};

struct object_chunk {
    uint64_t first_frame;
    uint32_t memory;
    uint32_t next_page;
};

static const struct {
    uint32_t bytes;
} kinds[OBJECT_KINDS] = {
    [OBJECT_KIND_THREAD] = {OBJECT_BYTES_THREAD},
    [OBJECT_KIND_CAPTABLE] = {PROGRAM_CAPTABLE_SLOTS * CAPABILITY_BYTES},
    [OBJECT_KIND_SMALL] = {OBJECT_BYTES_REPLY},
};
_Static_assert((int)OBJECT_BYTES_REPLY == (int)OBJECT_BYTES_NOTIFICATION, "one size class");

static struct {
    struct store pages;
    struct store chunks;
    struct list with_room[OBJECT_KINDS];
    struct object_chunk *open; /* has pages that were never used; NULL = none */
    uint32_t live;
    uint64_t fail_after;
} memory;

void object_memory_init(const struct store_owner *owner, uint64_t pages_at, uint64_t chunks_at)
{
    store_init(&memory.pages, owner, pages_at, sizeof(struct object_page), OBJECT_PAGES_LIMIT);
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

static struct object_chunk *object_chunk_open(void)
{
    if (memory.open != NULL && memory.open->next_page < CHUNK_PAGES) {
        return memory.open;
    }
    struct object_chunk *chunk = store_take(&memory.chunks);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->memory = slot_take();
    chunk->next_page = OBJECT_FIRST_PAGE;
    if (chunk->memory == 0 || pager_object_memory(memory.chunks.owner->pager, &chunk->first_frame,
                                                  chunk->memory) != ERR_OK) {
        slot_drop(chunk->memory);
        store_give(&memory.chunks, chunk);
        return NULL;
    }
    memory.open = chunk;
    return chunk;
}

static struct object_page *object_page_new(enum object_kind kind)
{
    struct object_chunk *chunk = object_chunk_open();
    if (chunk == NULL) {
        return NULL;
    }
    struct object_page *page = store_take(&memory.pages);
    if (page == NULL) {
        return NULL;
    }
    unsigned places = PAGE_BYTES / kinds[kind].bytes;
    page->free = places == 64 ? ~0ul : (1ul << places) - 1;
    page->frame = chunk->first_frame + chunk->next_page++;
    page->memory = chunk->memory;
    page->kind = kind;
    list_append(&memory.with_room[kind], &page->queue);
    return page;
}

err_t object_make(uint64_t type, cap_t target_table, cap_t target_slot,
                  struct object_place *place_out)
{
    enum object_kind kind = object_kind_of(type);
    struct list *room = &memory.with_room[kind];

    if (memory.fail_after != 0 && --memory.fail_after == 0) {
        return PROC_ERR_NOMEM;
    }
    struct object_page *page = list_is_empty(room)
                                   ? object_page_new(kind)
                                   : LIST_OWNER(room->next, struct object_page, queue);
    if (page == NULL) {
        return PROC_ERR_NOMEM;
    }
    uint32_t slot = (uint32_t)__builtin_ctzl(page->free);
    uint64_t capacity = type == OBJECT_CAPTABLE ? PROGRAM_CAPTABLE_SLOTS : 0;
    err_t error = byre_object_create(page->memory, page->frame, slot, type, capacity, target_table,
                                     target_slot);
    if (error != ERR_OK) {
        return error;
    }
    page->free &= ~(1ul << slot);
    if (page->free == 0) {
        list_remove(&page->queue);
    }
    memory.live++;
    *place_out = (struct object_place){store_index(&memory.pages, page) + 1, slot};
    return ERR_OK;
}

void object_unmake(struct object_place *place)
{
    if (place->page == 0) {
        return;
    }
    struct object_page *page = store_at(&memory.pages, place->page - 1);
    uint32_t slot = place->slot;
    err_t error = byre_object_destroy(page->memory, page->frame, slot);

    *place = (struct object_place){0};
    /* EMPTY: who held it destroyed it first (a program may destroy its own park). On any other
     * error the place stays taken, rather than be handed out twice. */
    if (error != ERR_OK && error != ERR_EMPTY) {
        return;
    }
    if (page->free == 0) {
        list_append(&memory.with_room[page->kind], &page->queue);
    }
    page->free |= 1ul << slot;
    memory.live--;
}

struct object_statistics object_memory_statistics(void)
{
    return (struct object_statistics){.chunks = memory.chunks.live, .live = memory.live};
}

void object_fail_after(uint64_t takes)
{
    memory.fail_after = takes;
}
