/* Pools of records; the contract is in pool.h. */
#include "pool.h"

#include <string.h>

#include "frame.h"
#include "hook.h"
#include "promise.h"
#include "table.h"
#include "window.h"

struct slab {
    struct pool *pool;
    struct slab *next; /* L2 */
    struct slab *previous;
    void *free; /* freed records, linked through their first word */
    uint32_t live;
    uint32_t bump; /* records from here on were never handed out */
};

enum { SLAB_HEADER_BYTES = 64 };
_Static_assert(sizeof(struct slab) <= SLAB_HEADER_BYTES, "the header leaves room for records");

void pool_start(struct pool *pool, const char *name, uint32_t record_bytes)
{
    *pool = (struct pool){.name = name,
                          .record_bytes = record_bytes,
                          .slab_records = (PAGE_BYTES - SLAB_HEADER_BYTES) / record_bytes};
    PAGER_ASSERT(record_bytes % sizeof(uint64_t) == 0 && pool->slab_records > 0);
}

static void room_link(struct pool *pool, struct slab *slab)
{
    slab->previous = NULL;
    slab->next = pool->room;
    if (slab->next != NULL) {
        slab->next->previous = slab;
    }
    pool->room = slab;
}

static void room_unlink(struct pool *pool, struct slab *slab)
{
    if (slab->previous != NULL) {
        slab->previous->next = slab->next;
    } else {
        pool->room = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->previous = slab->previous;
    }
}

static bool slab_is_full(const struct pool *pool, const struct slab *slab)
{
    return slab->live == pool->slab_records;
}

static err_t pool_grow(struct pool *pool)
{
    err_t error = promise_take_record();
    if (error != ERR_OK) {
        return error;
    }
    frame_t frame;
    error = memory_take_frame(&frame);
    if (error != ERR_OK) {
        promise_give_record();
        return error;
    }
    frame_record(frame)->flags |= FRAME_SYSTEM;
    struct slab *slab = pager_pointer(frame);
    *slab = (struct slab){.pool = pool};
    room_link(pool, slab);
    pool->slabs++;
    return ERR_OK;
}

err_t pool_alloc(struct pool *pool, void **record_out)
{
    if (hook_fails(PAGER_HOOK_FAIL_RECORD)) {
        return PAGER_ERR_NOMEM;
    }
    if (pool->room == NULL) {
        err_t error = pool_grow(pool);
        if (error != ERR_OK) {
            return error;
        }
    }
    struct slab *slab = pool->room;
    void *record = slab->free;
    if (record != NULL) {
        slab->free = *(void **)record;
    } else {
        record = (char *)slab + SLAB_HEADER_BYTES + (size_t)slab->bump * pool->record_bytes;
        slab->bump++;
    }
    slab->live++;
    pool->live++;
    if (slab_is_full(pool, slab)) {
        room_unlink(pool, slab);
    }
    memset(record, 0, pool->record_bytes);
    *record_out = record;
    return ERR_OK;
}

void pool_free(struct pool *pool, void *record)
{
    struct slab *slab = (struct slab *)((uintptr_t)record & ~(uintptr_t)(PAGE_BYTES - 1));
    PAGER_ASSERT(slab->pool == pool && slab->live > 0);
    if (slab_is_full(pool, slab)) {
        room_link(pool, slab);
    }
    *(void **)record = slab->free;
    slab->free = record;
    slab->live--;
    pool->live--;
    if (slab->live == 0) {
        room_unlink(pool, slab);
        pool->slabs--;
        slab->pool = NULL;
        frame_unref(pager_frame_of(slab));
        promise_give_record();
    }
}
