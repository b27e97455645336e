/* Space records; the contract is in space.h. */
#include "space.h"

#include <byre/pager_boot.h>

#include "directory.h"
#include "frame.h"
#include "hook.h"
#include "kernel.h"
#include "pool.h"
#include "shell.h"
#include "table.h"

enum { OBJECT_CHUNK_MAPS = 2 }; /* pages at the start of an OBJECT chunk that hold no objects */
_Static_assert((int)SPACE_OBJECTS_A_PAGE == PAGE_BYTES / OBJECT_BYTES_SPACE, "class of a space");

static struct pool pool;
static frame_t object_next; /* unused OBJECT pages: [object_next, object_next + object_left) */
static uint32_t object_left;

void spaces_start(frame_t first_object_page, uint32_t object_pages)
{
    pool_start(&pool, "space", sizeof(struct space));
    object_next = first_object_page;
    object_left = object_pages;
}

struct space *space_next(uint32_t index)
{
    for (; index < pager_state.space_indices.bump; index++) {
        if (pager_state.spaces[index] != NULL) {
            return pager_state.spaces[index];
        }
    }
    return NULL;
}

/* ---------------------------------------------------------------------- index and object */
/* The OBJECT page for an index exists, taken from what init gave or from a new chunk. */
static err_t object_page_ready(uint32_t index)
{
    frame_t *page = &pager_state.space_object_page[index / SPACE_OBJECTS_A_PAGE];
    if (page->number != 0) {
        return ERR_OK;
    }
    if (object_left == 0) {
        frame_t chunk;
        err_t error = promise_object_chunk(&chunk);
        if (error != ERR_OK) {
            return error;
        }
        object_next = (frame_t){chunk.number + OBJECT_CHUNK_MAPS};
        object_left = CHUNK_PAGES - OBJECT_CHUNK_MAPS;
    }
    *page = object_next;
    object_next.number++;
    object_left--;
    return ERR_OK;
}

static cap_t cap_of(uint32_t index)
{
    return PAGER_SLOT_SPACES + index;
}

/* An index, its kernel object and its capability. */
static err_t index_take(uint32_t *index_out)
{
    uint32_t index;
    if (!directory_peek(&pager_state.space_indices, &index)) {
        return PAGER_ERR_NOMEM;
    }
    err_t error = object_page_ready(index);
    if (error != ERR_OK) {
        return error;
    }
    error = kernel_space_create(pager_state.space_object_page[index / SPACE_OBJECTS_A_PAGE],
                                index % SPACE_OBJECTS_A_PAGE, cap_of(index));
    PAGER_ASSERT(error == ERR_OK);
    directory_take(&pager_state.space_indices, index);
    *index_out = index;
    return ERR_OK;
}

/* BUSY: threads are bound to the object. */
static err_t index_free(uint32_t index)
{
    err_t error = kernel_object_destroy(pager_state.space_object_page[index / SPACE_OBJECTS_A_PAGE],
                                        index % SPACE_OBJECTS_A_PAGE);
    if (error != ERR_OK) {
        return error;
    }
    error = kernel_cap_delete(cap_of(index));
    PAGER_ASSERT(error == ERR_OK);
    if (pager_state.space_generation[index] < SPACE_GENERATION_MAX) { /* else retired: S1 */
        directory_give(&pager_state.space_indices, index);
    }
    return ERR_OK;
}

bool space_release_kept(void)
{
    struct shell shell;
    if (!shell_take(0, false, &shell)) {
        return false;
    }
    err_t error = index_free(shell.index);
    PAGER_ASSERT(error == ERR_OK);
    table_unmake(shell.root);
    return true;
}

/* The object with its tables: kept as a shell, as long as the index may be used again, or
 * destroyed. BUSY: threads are bound to the object. */
static err_t body_give(struct space *s)
{
    if (!shell_has_room() || pager_state.space_generation[s->index] == SPACE_GENERATION_MAX) {
        err_t error = index_free(s->index);
        if (error == ERR_OK) {
            table_bury(s->root);
        }
        return error;
    }
    err_t error = kernel_cap_renew(s->cap);
    if (error == ERR_OK) {
        shell_keep(s);
    }
    return error;
}

/* -------------------------------------------------------------------------------- promises */
err_t space_promise(struct space *s, uint64_t user, uint64_t tables)
{
    uint64_t more_user = user > s->promised_user ? user - s->promised_user : 0;
    uint64_t more_tables = tables > s->promised_tables ? tables - s->promised_tables : 0;
    if (more_user != 0 || more_tables != 0) {
        err_t error = promise_take(s->account, more_user, more_tables);
        if (error != ERR_OK) {
            return error;
        }
    }
    promise_give(s->account, s->promised_user + more_user - user,
                 s->promised_tables + more_tables - tables);
    s->promised_user = user;
    s->promised_tables = tables;
    return ERR_OK;
}

err_t space_grow_stack(struct space *s, const struct region *stack, uint32_t page)
{
    if (page >= s->stack_low) {
        return ERR_OK;
    }
    uint32_t room = page - stack->first_page;
    uint32_t low = page - (room < STACK_HEADROOM_PAGES ? room : STACK_HEADROOM_PAGES);
    err_t error = space_promise(s, s->promised_user + s->stack_low - low, s->promised_tables);
    if (error == ERR_OK) {
        s->stack_low = low;
    }
    return error;
}

/* --------------------------------------------------------------------- making and ending */
/* A root table, an index, and the kernel object that has that root. */
static err_t body_make(struct space *s)
{
    err_t error = table_make(TABLE_LEVEL_ROOT, &s->root);
    if (error != ERR_OK) {
        return error;
    }
    error = index_take(&s->index);
    if (error != ERR_OK) {
        table_unmake(s->root);
        return error;
    }
    error = kernel_space_set_root(cap_of(s->index), s->root);
    PAGER_ASSERT(error == ERR_OK);
    return ERR_OK;
}

/* The same, as an ended space left it, unless a test has ordered that something fails. */
static err_t body_take(struct space *s, const struct space_wish *wish)
{
    struct shell shell;
    if (hook_fails(PAGER_HOOK_FAIL_SPACE)) {
        return PAGER_ERR_NOMEM;
    }
    if (hook_waits() || !shell_take(wish->page, wish->with_frame, &shell)) {
        return body_make(s);
    }
    s->index = shell.index;
    s->root = shell.root;
    return ERR_OK;
}

err_t space_create(struct account *account, struct region_map *map, const struct space_wish *wish,
                   struct space **space_out)
{
    err_t error = promise_take(account, wish->user, wish->tables);
    if (error != ERR_OK) {
        return error;
    }
    void *record;
    error = pool_alloc(&pool, &record);
    if (error != ERR_OK) {
        goto give_promise;
    }
    struct space *s = record;
    error = body_take(s, wish);
    if (error != ERR_OK) {
        goto free_record;
    }
    s->cap = cap_of(s->index);
    s->map = map;
    s->generation = ++pager_state.space_generation[s->index];
    s->account = account;
    account_ref(account);
    s->promised_user = wish->user;
    s->promised_tables = wish->tables;
    s->written_first = wish->page;
    s->live = true;
    pager_state.spaces[s->index] = s;
    *space_out = s;
    return ERR_OK;

free_record:
    pool_free(&pool, s);
give_promise:
    promise_give(account, wish->user, wish->tables);
    return error;
}

err_t space_destroy(struct space *s)
{
    err_t error = body_give(s);
    if (error != ERR_OK) {
        return error;
    }
    pager_state.spaces[s->index] = NULL;
    region_map_release(s->map);
    promise_give(s->account, s->promised_user, s->promised_tables);
    account_release(s->account);
    pool_free(&pool, s);
    return ERR_OK;
}
