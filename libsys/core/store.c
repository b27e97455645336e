/* Stores of records; contract in <libsys/store.h>. A free record's first word is the next free
 * index + 1. */
#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/table.h>
#include <libsys/store.h>

enum { STORE_GROW_PAGES = 4 }; /* at least; else by half, so that regions stay few */

void store_init(struct store *store, const struct store_owner *owner, uint64_t address,
                uint32_t record_bytes, uint32_t limit)
{
    *store = (struct store){
        .owner = owner,
        .base = (char *)(uintptr_t)address, /* an address that the server reserved */
        .record_bytes = record_bytes,
        .limit = limit,
    };
}

static uint64_t store_bytes(const struct store *store)
{
    return (uint64_t)store->pages * PAGE_BYTES;
}

static bool store_grow(struct store *store)
{
    uint64_t end = (uint64_t)(uintptr_t)store->base + store_bytes(store);
    uint64_t rights = MAP_R | MAP_W | (uint64_t)REGION_WIRED;
    uint32_t pages = store->pages / 2;

    if (pages < STORE_GROW_PAGES) {
        pages = STORE_GROW_PAGES;
    }
    if (pager_region_add(store->owner->pager, store->owner->space_id, end, pages, rights, 0, 0,
                         0) != ERR_OK) {
        return false;
    }
    store->pages += pages;
    return true;
}

static void *store_extend(struct store *store)
{
    if (store->touched == store->limit) {
        return NULL;
    }
    while ((uint64_t)(store->touched + 1) * store->record_bytes > store_bytes(store)) {
        if (!store_grow(store)) {
            return NULL;
        }
    }
    return store->base + (uint64_t)store->touched++ * store->record_bytes;
}

void *store_take(struct store *store)
{
    void *record;

    if (store->fail_after != 0 && --store->fail_after == 0) {
        return NULL;
    }
    if (store->free_first != 0) {
        record = store_at(store, store->free_first - 1);
        store->free_first = (uint32_t) * (const uint64_t *)record;
        memset(record, 0, store->record_bytes);
    } else {
        record = store_extend(store);
        if (record == NULL) {
            return NULL;
        }
    }
    store->live++;
    return record;
}

void store_give(struct store *store, void *record)
{
    *(uint64_t *)record = store->free_first;
    store->free_first = store_index(store, record) + 1;
    store->live--;
}

uint32_t store_index(const struct store *store, const void *record)
{
    return (uint32_t)((uint64_t)((const char *)record - store->base) / store->record_bytes);
}

void *store_at(const struct store *store, uint32_t index)
{
    return store->base + (uint64_t)index * store->record_bytes;
}

void store_fail_after(struct store *store, uint64_t takes)
{
    store->fail_after = takes;
}
