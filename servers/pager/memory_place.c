/* Memory placed, grown, populated and copied; the contract is in memory.h. */
#include <string.h>

#include <byre/pager_boot.h>
#include <byre/program.h>

#include "cow.h"
#include "fault.h"
#include "frame.h"
#include "kernel.h"
#include "memory.h"
#include "object.h"
#include "page.h"
#include "start.h"

/* ------------------------------------------------------------------------------- choosing */
struct area {
    uint32_t first;
    uint32_t end;
};

static struct area area_of(bool shared)
{
    uint32_t shared_first = (uint32_t)(PROGRAM_SHARED_BASE >> PAGE_SHIFT);
    return shared ? (struct area){shared_first, (uint32_t)(PAGER_AUDIT_WINDOW >> PAGE_SHIFT)}
                  : (struct area){(uint32_t)(PROGRAM_MMAP_BASE >> PAGE_SHIFT), shared_first};
}

/* The first page beside a region, or the page beside which it may begin: regions of the other kind
 * keep their 2 MiB groups to themselves (G7). */
static uint32_t end_beside(const struct region *r, bool shared)
{
    uint32_t up = (region_end(r) + GROUP_PAGES - 1) & ~(uint32_t)(GROUP_PAGES - 1);
    return region_is_shared(r) == shared ? region_end(r) : up;
}

static uint32_t begin_beside(const struct region *r, bool shared)
{
    uint32_t down = r->first_page & ~(uint32_t)(GROUP_PAGES - 1);
    return region_is_shared(r) == shared ? r->first_page : down;
}

err_t memory_place(const struct space *s, uint32_t pages, bool shared, uint32_t *first_out)
{
    struct area area = area_of(shared);
    const struct region *last = region_find_before(s->map, area.end);
    uint32_t top = area.first;
    if (last != NULL && region_end(last) > area.first) {
        top = end_beside(last, shared);
    }
    if (top <= area.end && pages <= area.end - top) {
        *first_out = top;
        return ERR_OK;
    }
    uint32_t first = area.first; /* a gap further down: O(regions) */
    for (const struct region *r = region_find_next(s->map, first);
         r != NULL && r->first_page < area.end; r = region_find_next(s->map, region_end(r))) {
        uint32_t begin = begin_beside(r, shared);
        if (begin > first && begin - first >= pages) {
            break;
        }
        first = end_beside(r, shared);
    }
    *first_out = first;
    return first < area.end && pages <= area.end - first ? ERR_OK : PAGER_ERR_NOMEM;
}

err_t memory_map(struct space *s, uint32_t first, uint32_t pages, unsigned rights, bool shared,
                 uint32_t *first_out)
{
    if (first == 0) {
        err_t error = memory_place(s, pages, shared, &first);
        if (error != ERR_OK) {
            return error;
        }
    }
    struct region region = {.first_page = first,
                            .pages = pages,
                            .rights = (uint8_t)rights,
                            .max_rights = MAP_R | MAP_W | MAP_X,
                            .flags = (rights & MAP_W) != 0 ? REGION_PROMISED : 0};
    struct object *object = NULL;
    if (shared) {
        err_t error = object_create(pages, s->account, &object);
        if (error != ERR_OK) {
            return error;
        }
        region.flags |= REGION_SHARED;
        region.backing = BACKING_OBJECT + object->index;
    }
    err_t error = memory_add(s, &region);
    if (error != ERR_OK && object != NULL) {
        object_unref(object);
    }
    *first_out = first;
    return error;
}

err_t memory_map_object(struct space *s, struct object *object, unsigned rights,
                        uint32_t *first_out)
{
    uint32_t first;
    err_t error = memory_place(s, object->pages, true, &first);
    if (error != ERR_OK) {
        return error;
    }
    struct region region = {.first_page = first,
                            .pages = object->pages,
                            .rights = (uint8_t)rights,
                            .max_rights = (uint8_t)rights,
                            .flags = REGION_SHARED | REGION_WIRED,
                            .backing = BACKING_OBJECT + object->index};
    object_ref(object);
    error = memory_add(s, &region);
    if (error != ERR_OK) {
        object_unref(object);
        return error;
    }
    error = memory_populate(s, first, first + object->pages);
    if (error != ERR_OK) {
        err_t removed = memory_remove(s, first, first + object->pages);
        return removed != ERR_OK ? removed : error;
    }
    *first_out = first;
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ heap */
static uint32_t pages_up(uint64_t address)
{
    return (uint32_t)((address + PAGE_BYTES - 1) >> PAGE_SHIFT);
}

err_t memory_break(struct space *s, uint64_t address)
{
    if (s->heap_first == 0 || pages_up(s->heap_break) < s->heap_first ||
        address >> PAGE_SHIFT >= USER_PAGES || pages_up(address) < s->heap_first) {
        return PAGER_ERR_INVAL;
    }
    uint32_t end = pages_up(s->heap_break);
    uint32_t new_end = pages_up(address);
    err_t error = ERR_OK;
    if (new_end > end) {
        struct region more = {.first_page = end,
                              .pages = new_end - end,
                              .rights = MAP_R | MAP_W,
                              .max_rights = MAP_R | MAP_W | MAP_X,
                              .flags = REGION_PROMISED};
        error = memory_add(s, &more);
    } else if (new_end < end) {
        uint32_t reached = new_end;
        error = memory_remove_some(s, new_end, end, &reached);
        if (reached > new_end) {
            address = (uint64_t)reached << PAGE_SHIFT;
        }
    }
    if (error == ERR_OK) {
        s->heap_break = address;
    }
    return error == PAGER_ERR_EXIST ? PAGER_ERR_NOMEM : error;
}

/* -------------------------------------------------------------------------------- populate */
/* Whole archive pages of a read-only region, one run of entries a leaf table. Returns the first
 * page that was not done. */
static err_t populate_archive(struct space *s, const struct region *r, uint32_t page, uint32_t end,
                              uint32_t *next_out)
{
    uint32_t whole = r->first_page + (uint32_t)r->file_pages - (r->file_tail != 0 ? 1 : 0);
    uint32_t group_end = (page / GROUP_PAGES + 1) * GROUP_PAGES;
    end = end < whole ? end : whole;
    end = end < group_end ? end : group_end;
    *next_out = page;
    frame_t leaf;
    err_t error = cow_make_private(s, page, &leaf);
    if (error != ERR_OK || page >= end) {
        return error;
    }
    frame_t first = {pager_archive.number + r->offset_pages + page - r->first_page};
    for (uint32_t i = 0; i < end - page; i++) {
        frame_ref((frame_t){first.number + i});
    }
    error =
        kernel_table_map_run(leaf, page_leaf_index(page), end - page, map_word(first, r->rights));
    PAGER_ASSERT(error == ERR_OK);
    *next_out = end;
    return ERR_OK;
}

err_t memory_populate(struct space *s, uint32_t first, uint32_t end)
{
    uint32_t page = first;
    while (page < end) {
        const struct region *r = space_region(s, page);
        if (r == NULL) {
            return PAGER_ERR_FAULT;
        }
        if (r->backing == BACKING_ARCHIVE && (r->rights & MAP_W) == 0) {
            struct region copy = *r;
            uint32_t next;
            err_t error = populate_archive(s, &copy, page, end, &next);
            if (error != ERR_OK) {
                return error;
            }
            if (next > page) {
                page = next;
                continue;
            }
        }
        err_t error = fault_populate(s, page, (r->rights & MAP_W) != 0);
        if (error != ERR_OK) {
            return error;
        }
        page++;
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------------------------ copy */
/* The frame that a page shows to who reads it, filled in if need be. */
static err_t frame_to_read(struct space *s, uint32_t page, frame_t *frame_out)
{
    uint64_t e = cow_peek(s, page);
    if (!entry_is_valid(e)) {
        err_t error = fault_populate(s, page, false);
        if (error != ERR_OK) {
            return error;
        }
        e = cow_peek(s, page);
    }
    *frame_out = entry_frame(e);
    return frame_is_counted(*frame_out) ? ERR_OK : PAGER_ERR_FAULT;
}

static err_t copy_bytes(struct space *from, uint64_t address, void *target, uint64_t bytes)
{
    char *to = target;
    while (bytes > 0) {
        uint64_t offset = address % PAGE_BYTES;
        uint64_t piece = PAGE_BYTES - offset < bytes ? PAGE_BYTES - offset : bytes;
        frame_t frame;
        if (address >> PAGE_SHIFT >= USER_PAGES) {
            return PAGER_ERR_FAULT;
        }
        err_t error = frame_to_read(from, (uint32_t)(address >> PAGE_SHIFT), &frame);
        if (error != ERR_OK) {
            return error;
        }
        memcpy(to, (const char *)pager_pointer(frame) + offset, piece);
        to += piece;
        address += piece;
        bytes -= piece;
    }
    return ERR_OK;
}

/* The frame of a stack's page that nobody has seen: a shell's (H2 in shell.h), or a new one. */
static err_t frame_to_fill(frame_t leaf, unsigned index, frame_t *frame_out)
{
    uint64_t e = table_entries(leaf)[index];
    if (e != 0) {
        *frame_out = entry_frame(e);
        return entry_is_valid(e) && !frame_is_shared(*frame_out) ? ERR_OK : PAGER_ERR_INVAL;
    }
    err_t error = memory_take_frame(frame_out);
    if (error == ERR_OK) {
        error = kernel_table_map_one(leaf, index, map_word(*frame_out, MAP_R | MAP_W));
        PAGER_ASSERT(error == ERR_OK);
    }
    return error;
}

/* A page of a new stack with bytes of another space at that offset, and zeroes. */
static err_t copy_page(struct space *from, uint64_t address, uint64_t bytes, struct space *to,
                       uint32_t page, uint64_t offset)
{
    frame_t leaf;
    frame_t frame;
    err_t error = cow_make_private(to, page, &leaf);
    if (error == ERR_OK) {
        error = frame_to_fill(leaf, page_leaf_index(page), &frame);
    }
    if (error != ERR_OK) {
        return error;
    }
    if (bytes < PAGE_BYTES) {
        page_zero(frame);
    }
    return copy_bytes(from, address, (char *)pager_pointer(frame) + offset, bytes);
}

static err_t copy_pages(struct space *from, uint64_t address, uint64_t bytes, struct space *to,
                        uint64_t target, uint64_t *copied_out)
{
    err_t error = ERR_OK;
    uint64_t left = bytes;
    for (unsigned i = 0; i < MEMORY_COPY_PAGES_AT_ONCE && left > 0 && error == ERR_OK; i++) {
        uint64_t offset = target % PAGE_BYTES;
        uint64_t piece = PAGE_BYTES - offset < left ? PAGE_BYTES - offset : left;
        error = copy_page(from, address, piece, to, (uint32_t)(target >> PAGE_SHIFT), offset);
        target += piece;
        address += piece;
        left -= piece;
    }
    *copied_out = bytes - left;
    return error;
}

err_t memory_copy(struct space *from, uint64_t address, uint64_t bytes, struct space *to,
                  const struct region *stack, uint64_t *target_out, uint64_t *copied_out)
{
    uint64_t end = (uint64_t)region_end(stack) << PAGE_SHIFT;
    if (bytes == 0 || bytes > MEMORY_COPY_BYTES_MAX ||
        bytes > (uint64_t)stack->pages * PAGE_BYTES) {
        return PAGER_ERR_INVAL;
    }
    uint64_t target = (end - bytes) & ~(uint64_t)(MEMORY_COPY_ALIGNMENT - 1);
    *target_out = target;
    err_t error = space_grow_stack(to, stack, (uint32_t)(target >> PAGE_SHIFT));
    return error == ERR_OK ? copy_pages(from, address, bytes, to, target, copied_out) : error;
}

err_t memory_copy_on(struct space *from, uint64_t address, uint64_t bytes, struct space *to,
                     uint64_t target, uint64_t *copied_out)
{
    uint64_t page = target >> PAGE_SHIFT;
    const struct region *stack = to->stack_low != 0 && page >= to->stack_low && page < USER_PAGES
                                     ? space_region(to, (uint32_t)page)
                                     : NULL;
    if (stack == NULL || (stack->flags & REGION_STACK) == 0 || bytes == 0 ||
        bytes > ((uint64_t)region_end(stack) << PAGE_SHIFT) - target) {
        return PAGER_ERR_INVAL;
    }
    return copy_pages(from, address, bytes, to, target, copied_out);
}
