/* Requests of proc and init: spaces made, forked and ended, their regions, accounts, memory for
 * kernel objects. */
#include "beside.h"
#include "chunk.h"

#include "cow.h"
#include "image.h"
#include "kernel.h"
#include "memory.h"
#include "object.h"
#include "request.h"
#include "start.h"

enum { ANSWER_GROUPS = 4 }; /* that may be torn down before a space's end is answered */

/* ---------------------------------------------------------------------------------- spaces */
static err_t create(uint64_t account_id, struct region_map *map, const struct space_wish *wish,
                    struct space **space_out)
{
    struct account *account;
    err_t error = account_get(account_id, &account);
    if (error != ERR_OK) {
        return error;
    }
    error = space_create(account, map, wish, space_out);
    account_release(account); /* the space has its own reference */
    return error;
}

/* One that shares a map. */
static err_t create_like(uint64_t account_id, struct region_map *map, const struct space_wish *wish,
                         struct space **space_out)
{
    err_t error = create(account_id, region_map_share(map), wish, space_out);
    if (error != ERR_OK) {
        region_map_release(map);
    }
    return error;
}

/* Who asks may bind threads to it, and no more. Nobody else can end it before the answer is out,
 * for nobody else knows it (or it is the asker's own affair). */
static void hand_over(struct pager_request *request, const struct space *s)
{
    request_send(request, s->cap, RIGHT_BIND);
}

static void end_child(struct space *child)
{
    err_t error = space_destroy(child);
    PAGER_ASSERT(error == ERR_OK); /* nobody is bound to it yet */
}

static void share_layout(const struct space *parent, struct space *child)
{
    child->stack_low = parent->stack_low;
    child->heap_first = parent->heap_first;
    child->heap_break = parent->heap_break;
    child->hot_count = parent->hot_count;
    for (unsigned i = 0; i < HOT_PAGES; i++) {
        child->hot_pages[i] = parent->hot_pages[i];
    }
}

/* Where both will write first; 0: unknown. */
static uint32_t hot_page_of(uint64_t stack_pointer)
{
    uint64_t page = stack_pointer >> PAGE_SHIFT;
    return page < USER_PAGES ? (uint32_t)page : 0;
}

void pager_on_space_fork(struct pager_request *request)
{
    struct space *parent = request_space(request, request->in.space_fork.space_id);
    if (parent == NULL) {
        return;
    }
    if (parent->has_device) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    struct space_wish wish = {.user = parent->promised_user, .tables = parent->promised_tables};
    cow_fork_wish(parent, hot_page_of(request->in.space_fork.stack_pointer), &wish);
    struct space *child;
    request->error = create_like(request->in.space_fork.account, parent->map, &wish, &child);
    if (request->error != ERR_OK) {
        return;
    }
    share_layout(parent, child);
    uint64_t id = space_id(child);
    request->error = cow_fork(parent, child, (request->in.space_fork.flags & FORK_RESTS) != 0);
    if (beside.threads != 0 && space_find(id) != child) { /* it was ended, unasked: Z6 */
        request->error = PAGER_ERR_NOENT;
        return;
    }
    if (request->error != ERR_OK) {
        end_child(child);
        return;
    }
    hand_over(request, child);
    request->result.space_fork.child_space_id = id;
}

void pager_on_image_make(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.image_make.space_id);
    if (s != NULL) {
        request->error = image_make(s, &request->result.image_make.image);
    }
}

void pager_on_space_begin(struct pager_request *request)
{
    const struct image *image = image_use(request->in.space_begin.image);
    struct space *from = request_space(request, request->in.space_begin.from_space);
    if (image == NULL || from == NULL) {
        request->error = PAGER_ERR_NOENT;
        return;
    }
    const struct space_wish wish = {.user = image->promised_user,
                                    .tables = image->promised_tables,
                                    .page = region_end(&image->stack) - 1,
                                    .with_frame = true};
    struct space *s;
    request->error = create_like(request->in.space_begin.account, image->map, &wish, &s);
    if (request->error != ERR_OK) {
        return;
    }
    request->error = image_furnish(image, s);
    if (request->error == ERR_OK) {
        request->error =
            memory_copy(from, request->in.space_begin.from_address, request->in.space_begin.bytes,
                        s, &image->stack, &request->result.space_begin.address,
                        &request->result.space_begin.copied);
    }
    if (request->error != ERR_OK) {
        end_child(s);
        return;
    }
    hand_over(request, s);
    request->result.space_begin.space_id = space_id(s);
}

void pager_on_space_copy(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.space_copy.space_id);
    struct space *from = request_space(request, request->in.space_copy.from_space);
    if (s != NULL && from != NULL) {
        request->error =
            memory_copy_on(from, request->in.space_copy.from_address, request->in.space_copy.bytes,
                           s, request->in.space_copy.address, &request->result.space_copy.copied);
    }
}

void pager_on_space_bind(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.space_bind.space_id);
    if (s != NULL) {
        hand_over(request, s);
    }
}

/* What little is left of a space is torn down before the answer: to look for requests in between
 * would cost as much. */
static void tear_down_little(void)
{
    unsigned left = ANSWER_GROUPS;
    unsigned next = teardown_next_groups();
    while (next != 0 && next <= left) {
        left -= next;
        (void)teardown_step();
        next = teardown_next_groups();
    }
}

void pager_on_space_destroy(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.space_destroy.space_id);
    if (s != NULL) {
        request->error = space_destroy(s);
        tear_down_little();
    }
}

/* --------------------------------------------------------------------------------- regions */
enum { REGION_FLAGS_KNOWN = REGION_SHARED | REGION_STACK | REGION_WIRED | REGION_HEAP };

/* Fill what a file backs; INVAL when the file does not have it. */
static err_t set_backing(struct region *region, uint64_t backing, uint64_t offset_pages,
                         uint64_t file_bytes)
{
    uint64_t file_pages = file_bytes / PAGE_BYTES + (file_bytes % PAGE_BYTES != 0);
    if (backing == BACKING_ZERO) {
        return file_bytes == 0 ? ERR_OK : PAGER_ERR_INVAL;
    }
    if (backing != BACKING_ARCHIVE || file_pages > region->pages ||
        offset_pages > pager_archive_pages || file_pages > pager_archive_pages - offset_pages) {
        return PAGER_ERR_INVAL;
    }
    region->backing = BACKING_ARCHIVE;
    region->offset_pages = (uint32_t)offset_pages;
    region->file_pages = file_pages;
    region->file_tail = (uint32_t)(file_bytes % PAGE_BYTES);
    region->max_rights = region->rights | MAP_R;
    return ERR_OK;
}

static err_t heap_begin(struct space *s, uint64_t start)
{
    if (s->heap_first != 0 || start == 0 || start >> PAGE_SHIFT >= USER_PAGES) {
        return PAGER_ERR_INVAL;
    }
    s->heap_first = (uint32_t)((start + PAGE_BYTES - 1) >> PAGE_SHIFT);
    s->heap_break = start;
    return ERR_OK;
}

/* Ranges and rights are checked by whom region_add asks, too. */
static err_t add_heap_and_stack(struct space *s, const struct pager_request *request)
{
    uint64_t pages = request->in.space_create.stack_pages;
    if (request->in.space_create.heap_start != 0) {
        err_t error = heap_begin(s, request->in.space_create.heap_start);
        if (error != ERR_OK) {
            return error;
        }
    }
    if (pages == 0) {
        return ERR_OK;
    }
    uint32_t first;
    uint32_t end;
    err_t error = memory_range(request->in.space_create.stack_start, pages, &first, &end);
    if (error != ERR_OK) {
        return error;
    }
    struct region stack = {.first_page = first,
                           .pages = end - first,
                           .rights = MAP_R | MAP_W,
                           .max_rights = MAP_R | MAP_W | MAP_X,
                           .flags = REGION_STACK | REGION_PROMISED};
    return memory_add(s, &stack);
}

void pager_on_space_create(struct pager_request *request)
{
    struct region_map *map;
    request->error = region_map_create(&map);
    if (request->error != ERR_OK) {
        return;
    }
    uint64_t stack_end =
        request->in.space_create.stack_start + request->in.space_create.stack_pages * PAGE_BYTES;
    const struct space_wish wish = {.tables = 1,
                                    .page = request->in.space_create.stack_pages == 0
                                                ? 0
                                                : hot_page_of(stack_end - PAGE_BYTES)};
    struct space *s;
    request->error = create(request->in.space_create.account, map, &wish, &s);
    if (request->error != ERR_OK) {
        region_map_release(map);
        return;
    }
    request->error = add_heap_and_stack(s, request);
    if (request->error != ERR_OK) {
        end_child(s);
        return;
    }
    request->result.space_create.space_id = space_id(s);
}

static err_t add_region(struct space *s, const struct pager_request *request)
{
    unsigned rights = request->in.region_add.rights_flags & (MAP_R | MAP_W | MAP_X);
    uint64_t flags = request->in.region_add.rights_flags & ~(uint64_t)(MAP_R | MAP_W | MAP_X);
    if (!memory_rights_valid(rights) || (flags & ~(uint64_t)REGION_FLAGS_KNOWN) != 0 ||
        (flags & REGION_SHARED) != 0) {
        return PAGER_ERR_INVAL;
    }
    if ((flags & REGION_HEAP) != 0 && request->in.region_add.pages == 0) {
        return heap_begin(s, request->in.region_add.start);
    }
    uint32_t first;
    uint32_t end;
    err_t error =
        memory_range(request->in.region_add.start, request->in.region_add.pages, &first, &end);
    if (error != ERR_OK) {
        return error;
    }
    struct region region = {.first_page = first,
                            .pages = end - first,
                            .rights = (uint8_t)rights,
                            .max_rights = MAP_R | MAP_W | MAP_X,
                            .flags = (uint16_t)(flags & ~(uint64_t)REGION_HEAP)};
    region.flags |= (rights & MAP_W) != 0 ? REGION_PROMISED : 0;
    error = set_backing(&region, request->in.region_add.backing,
                        request->in.region_add.offset_pages, request->in.region_add.file_bytes);
    if (error != ERR_OK) {
        return error;
    }
    error = memory_add(s, &region);
    if (error == ERR_OK && (flags & REGION_WIRED) != 0) {
        error = memory_populate(s, first, end);
        if (error != ERR_OK) {
            err_t removed = memory_remove(s, first, end);
            return removed != ERR_OK ? removed : error;
        }
    }
    return error;
}

void pager_on_region_add(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.region_add.space_id);
    if (s != NULL) {
        request->error = add_region(s, request);
    }
}

/* Device registers: one leaf table's worth, where no region is. */
static err_t map_device(struct space *s, uint32_t first, uint32_t end, uint64_t device_frame,
                        cap_t device)
{
    if (first >> GROUP_SHIFT != (end - 1) >> GROUP_SHIFT) {
        return PAGER_ERR_INVAL;
    }
    struct region region = {.first_page = first,
                            .pages = end - first,
                            .rights = MAP_R | MAP_W,
                            .max_rights = MAP_R | MAP_W,
                            .backing = BACKING_DEVICE};
    err_t error = memory_add(s, &region);
    if (error != ERR_OK) {
        return error;
    }
    frame_t leaf;
    error = cow_make_private(s, first, &leaf);
    if (error == ERR_OK) {
        error = kernel_table_map_device(leaf, page_leaf_index(first), end - first, device,
                                        device_frame, MAP_R | MAP_W);
    }
    if (error != ERR_OK) {
        err_t removed = memory_remove(s, first, end);
        return removed != ERR_OK ? removed : error;
    }
    s->has_device = true;
    return ERR_OK;
}

void pager_on_device_map(struct pager_request *request)
{
    struct space *s = request_space(request, request->in.device_map.space_id);
    uint32_t first;
    uint32_t end;
    if (s == NULL) {
        return;
    }
    request->error =
        memory_range(request->in.device_map.address, request->in.device_map.pages, &first, &end);
    if (request->error == ERR_OK) {
        request->error =
            map_device(s, first, end, request->in.device_map.first_frame, request->cap);
    }
}

/* ------------------------------------------------------------------------ accounts, objects */
void pager_on_account_set(struct pager_request *request)
{
    uint64_t id = request->in.account_set.account;
    uint64_t user = request->in.account_set.limit_user_frames;
    uint64_t tables = request->in.account_set.limit_table_frames;
    struct account *account = account_find(id);
    if (user == 0 && tables == 0) {
        if (account == NULL || !account->named) {
            request->error = PAGER_ERR_NOENT;
            return;
        }
        account->named = false;
        account_release(account);
        return;
    }
    if (account == NULL || !account->named) {
        request->error = account_get(id, &account);
        if (request->error != ERR_OK) {
            return;
        }
        account->named = true;
    }
    account->user_limit = user;
    account->tables_limit = tables;
}

void pager_on_object_return(struct pager_request *request)
{
    if (request->in.object_return.first_frame > UINT32_MAX) {
        request->error = PAGER_ERR_INVAL;
        return;
    }
    frame_t chunk = {(uint32_t)request->in.object_return.first_frame};
    request->error = chunk_return_objects(chunk);
}

void pager_on_object_memory(struct pager_request *request)
{
    frame_t chunk;
    request->error = promise_object_chunk(&chunk);
    if (request->error == ERR_OK) {
        request->result.object_memory.first_frame = chunk.number;
        request_send_memory(request, chunk, CHUNK_PAGES, RIGHT_OBJECTS);
    }
}
