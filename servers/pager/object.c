/* Shared memory objects; the contract is in object.h. */
#include "object.h"

#include "directory.h"
#include "frame.h"
#include "page.h"
#include "pool.h"
#include "promise.h"
#include "table.h"

static struct pool pool;
static uint32_t live; /* objects that have an index */
static uint64_t key_state;

void objects_start(uint64_t seed)
{
    pool_start(&pool, "object", sizeof(struct object));
    live = 0;
    key_state = seed;
}

/* What an object of so many pages owes: the pages and their index. */
static uint64_t owed(uint32_t pages)
{
    return (uint64_t)pages + (pages + OBJECT_INDEX_ENTRIES - 1) / OBJECT_INDEX_ENTRIES;
}

/* O5 */
static bool may_have_one_more(const struct account *account)
{
    return account->user_limit == UINT64_MAX || account->objects < ACCOUNT_SMALL_OBJECTS ||
           live <
               pager_state.object_indices.length / OBJECTS_SMALL_SHARE * (OBJECTS_SMALL_SHARE - 1);
}

err_t object_create(uint32_t pages, struct account *account, struct object **object_out)
{
    uint32_t index;
    if (pages == 0 || pages > OBJECT_PAGES_MAX || !may_have_one_more(account) ||
        !directory_peek(&pager_state.object_indices, &index)) {
        return PAGER_ERR_NOMEM;
    }
    err_t error = promise_take(account, owed(pages), 0);
    if (error != ERR_OK) {
        return error;
    }
    void *record;
    error = pool_alloc(&pool, &record);
    if (error != ERR_OK) {
        promise_give(account, owed(pages), 0);
        return error;
    }
    struct object *object = record;
    object->index = index;
    object->refs = 1;
    object->pages = pages;
    object->account = account;
    account_ref(account);
    account->objects++;
    live++;
    directory_take(&pager_state.object_indices, index);
    pager_state.objects[index] = object;
    *object_out = object;
    return ERR_OK;
}

struct object *object_at(uint32_t index)
{
    return index < pager_state.object_indices.length ? pager_state.objects[index] : NULL;
}

void object_ref(struct object *object)
{
    object->refs++;
}

void object_unref(struct object *object)
{
    PAGER_ASSERT(object->refs > 0);
    if (--object->refs > 0) {
        return;
    }
    promise_give(object->account, owed(object->pages), 0);
    object->account->objects--;
    live--;
    account_release(object->account);
    pager_state.objects[object->index] = NULL;
    directory_give(&pager_state.object_indices, object->index);
    object->next_dead = pager_state.dead_objects;
    pager_state.dead_objects = object;
}

uint64_t object_open(struct object *object)
{
    do { /* splitmix64 */
        key_state += 0x9e3779b97f4a7c15u;
        uint64_t z = key_state;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        object->key = z ^ z >> 31;
    } while (object->key == 0);
    return object->key;
}

frame_t object_peek(const struct object *object, uint32_t page)
{
    frame_t leaf = object->leaf[page / OBJECT_INDEX_ENTRIES];
    if (leaf.number == 0) {
        return FRAME_NONE;
    }
    const frame_t *slots = pager_pointer(leaf);
    return slots[page % OBJECT_INDEX_ENTRIES];
}

static err_t take_zeroed(unsigned flags, frame_t *frame_out)
{
    err_t error = memory_take_frame(frame_out);
    if (error == ERR_OK) {
        frame_record(*frame_out)->flags |= (uint16_t)flags;
        page_zero(*frame_out);
    }
    return error;
}

err_t object_page(struct object *object, uint32_t page, frame_t *frame_out)
{
    if (page >= object->pages) {
        return PAGER_ERR_FAULT;
    }
    frame_t *leaf = &object->leaf[page / OBJECT_INDEX_ENTRIES];
    if (leaf->number == 0) {
        err_t error = take_zeroed(FRAME_SYSTEM, leaf);
        if (error != ERR_OK) {
            *leaf = FRAME_NONE;
            return error;
        }
        object->index_frames++;
    }
    frame_t *slot = (frame_t *)pager_pointer(*leaf) + page % OBJECT_INDEX_ENTRIES;
    if (slot->number == 0) {
        frame_t frame;
        err_t error = take_zeroed(0, &frame);
        if (error != ERR_OK) {
            return error;
        }
        *slot = frame; /* O1: the slot has the count that the frame came with */
    }
    *frame_out = *slot;
    return ERR_OK;
}

/* One index page and all it names. */
static void sweep_leaf(frame_t *leaf)
{
    const frame_t *slots = pager_pointer(*leaf);
    for (unsigned i = 0; i < OBJECT_INDEX_ENTRIES; i++) {
        if (slots[i].number != 0) {
            frame_unref(slots[i]);
        }
    }
    frame_unref(*leaf);
    *leaf = FRAME_NONE;
}

bool object_sweep(void)
{
    struct object *object = pager_state.dead_objects;
    if (object == NULL) {
        return false;
    }
    while (object->sweep < OBJECT_LEAVES) {
        frame_t *leaf = &object->leaf[object->sweep++];
        if (leaf->number != 0) {
            sweep_leaf(leaf);
            return true;
        }
    }
    pager_state.dead_objects = object->next_dead;
    pool_free(&pool, object);
    return true;
}
