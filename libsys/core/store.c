/* Stores of records; contract in <libsys/store.h>. */
#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/table.h>
#include <libsys/store.h>
#include <libsys/unmap.h>

enum {
    STORE_PAGES_MIN =
        4, /* a store has these from its first record on, and no more when nearly empty */
    STORE_EMPTY_PAGES = STORE_PAGES_MIN / 2,
};

void store_init(struct store *store, const struct store_owner *owner, uint64_t address,
                uint32_t record_bytes, uint32_t limit)
{
    memset(store, 0, sizeof(*store));
    store->owner = owner;
    store->base = (char *)(uintptr_t)address; /* an address that the server reserved */
    store->record_bytes = record_bytes;
    store->limit = limit < STORE_RECORDS_MAX ? limit : STORE_RECORDS_MAX;
}

static uint64_t store_pages_for(const struct store *store, uint64_t records)
{
    return (records * store->record_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

static uint64_t store_address(const struct store *store, uint64_t page)
{
    return (uint64_t)(uintptr_t)store->base + page * PAGE_BYTES;
}

/* By half at a time, so that regions stay few. */
static bool store_grow(struct store *store)
{
    uint64_t rights = MAP_R | MAP_W | (uint64_t)REGION_WIRED;
    uint32_t pages = store->pages / 2;

    if (pages < STORE_PAGES_MIN) {
        pages = STORE_PAGES_MIN;
    }
    if (pager_region_add(store->owner->pager, store->owner->space_id,
                         store_address(store, store->pages), pages, rights, 0, 0, 0) != ERR_OK) {
        return false;
    }
    store->pages += pages;
    return true;
}

/* Pages go back when the store is nearly empty, or a quarter full: growth and return of the same
 * page are then many records apart (big records are rare enough without that). */
static void store_shrink(struct store *store)
{
    if (store->pages <= STORE_PAGES_MIN) {
        return;
    }
    uint64_t needed = store_pages_for(store, store->touched);
    uint64_t kept = needed > STORE_PAGES_MIN ? 2 * needed : STORE_PAGES_MIN;

    uint64_t nearly_empty =
        store->record_bytes < PAGE_BYTES ? STORE_PAGES_MIN / 2 : STORE_PAGES_MIN;

    if (needed > nearly_empty && 4 * needed > store->pages) {
        return;
    }
    if (kept < store->pages &&
        unmap_all(store->owner->pager, store_address(store, kept), store->pages - kept) == ERR_OK) {
        store->pages = (uint32_t)kept;
    }
}

static void *store_extend(struct store *store)
{
    if (store->touched == store->limit) {
        return NULL;
    }
    while (store_pages_for(store, store->touched + 1ul) > store->pages) {
        if (!store_grow(store)) {
            return NULL;
        }
    }
    return store_at(store, store->touched++);
}

void store_prepare(struct store *store)
{
    if (store->pages == 0) {
        (void)store_grow(store);
    }
}

void *store_take(struct store *store)
{
    void *record;

    if (store->fail_after != 0 && --store->fail_after == 0) {
        return NULL;
    }
    if (store->live < store->touched) {
        uint32_t index = bits_next(&store->free, 0);
        bits_remove(&store->free, index);
        record = store_at(store, index);
    } else {
        record = store_extend(store);
        if (record == NULL) {
            return NULL;
        }
    }
    memset(record, 0, store->record_bytes);
    store->live++;
    return record;
}

void store_give(struct store *store, void *record)
{
    uint32_t index = store_index(store, record);

    store->live--;
    if (index + 1 != store->touched) {
        bits_add(&store->free, index);
        return;
    }
    store->touched--;
    while (store->live < store->touched && bits_has(&store->free, store->touched - 1)) {
        bits_remove(&store->free, --store->touched);
    }
    store_shrink(store);
}

uint32_t store_index(const struct store *store, const void *record)
{
    return (uint32_t)((uint64_t)((const char *)record - store->base) / store->record_bytes);
}

void *store_at(const struct store *store, uint32_t index)
{
    return store->base + (uint64_t)index * store->record_bytes;
}

uint64_t store_fail_after(struct store *store, uint64_t takes)
{
    uint64_t left = store->fail_after;

    store->fail_after = takes;
    return left;
}

struct object_book_list *store_tell(const struct store *store, struct object_book *book,
                                    const char *name, uint64_t place_offset)
{
    struct object_book_list *list = &book->list[book->lists++];

    strncpy(list->name, name, sizeof(list->name) - 1);
    list->first = store_address(store, 0) + place_offset;
    list->count_at = (uintptr_t)&store->touched;
    list->record_bytes = store->record_bytes;
    return list;
}
