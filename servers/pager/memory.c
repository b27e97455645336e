/* Regions added, removed and given other rights; the contract is in memory.h. */
#include "memory.h"

#include <byre/pager_boot.h>

#include "cow.h"
#include "frame.h"
#include "kernel.h"
#include "start.h"

#define WINDOW_FIRST ((uint32_t)(PAGER_AUDIT_WINDOW >> PAGE_SHIFT))
#define WINDOW_END   ((uint32_t)(PAGER_AUDIT_WINDOW_END >> PAGE_SHIFT))

bool memory_rights_valid(unsigned rights)
{
    return rights == 0 || rights == MAP_R || rights == (MAP_R | MAP_W) || rights == (MAP_R | MAP_X);
}

err_t memory_range(uint64_t address, uint64_t pages, uint32_t *first_out, uint32_t *end_out)
{
    if (address % PAGE_BYTES != 0 || pages == 0 || pages > USER_PAGES ||
        address >> PAGE_SHIFT > USER_PAGES - pages) {
        return PAGER_ERR_INVAL;
    }
    *first_out = (uint32_t)(address >> PAGE_SHIFT);
    *end_out = *first_out + (uint32_t)pages;
    return ERR_OK;
}

/* ---------------------------------------------------------------------------------- adding */
/* Where a region and what belongs to it begin: a stack owns the page below. */
static uint32_t begin_with_guard(const struct region *r)
{
    return r->first_page - ((r->flags & REGION_STACK) != 0 ? 1 : 0);
}

static bool same_group(uint32_t a, uint32_t b)
{
    return a >> GROUP_SHIFT == b >> GROUP_SHIFT;
}

/* May a region stand there? M4, G1, G7. */
static err_t check_place(const struct space *s, const struct region *region)
{
    uint32_t first = begin_with_guard(region);
    uint32_t end = region_end(region);
    if (region->first_page < 2 || (first < WINDOW_END && end > WINDOW_FIRST)) {
        return PAGER_ERR_INVAL;
    }
    const struct region *next = region_find_next(s->map, first);
    if (next != NULL && begin_with_guard(next) < end) {
        return PAGER_ERR_EXIST;
    }
    const struct region *previous = region_find_before(s->map, first);
    bool shared = region_is_shared(region);
    if ((next != NULL && same_group(next->first_page, end - 1) &&
         region_is_shared(next) != shared) ||
        (previous != NULL && same_group(region_end(previous) - 1, region->first_page) &&
         region_is_shared(previous) != shared)) {
        return PAGER_ERR_INVAL;
    }
    return ERR_OK;
}

/* What a region owes beyond the map's own count: the grown part of a stack. */
static uint32_t stack_start_pages(const struct region *r)
{
    if ((r->flags & REGION_STACK) == 0) {
        return 0;
    }
    return r->pages < STACK_HEADROOM_PAGES ? r->pages : STACK_HEADROOM_PAGES;
}

static uint64_t region_owes(const struct region *r)
{
    if ((r->flags & (REGION_STACK | REGION_SHARED)) != 0) {
        return stack_start_pages(r);
    }
    return (r->flags & REGION_PROMISED) != 0 ? r->pages : r->file_tail != 0;
}

err_t memory_add(struct space *s, const struct region *region)
{
    err_t error = check_place(s, region);
    if (error != ERR_OK) {
        return error;
    }
    bool is_stack = (region->flags & REGION_STACK) != 0;
    if (is_stack && s->stack_low != 0) {
        return PAGER_ERR_INVAL;
    }
    uint64_t user = s->promised_user;
    uint64_t tables = s->promised_tables;
    error =
        space_promise(s, user + region_owes(region),
                      tables + region_tables_added(s->map, region->first_page, region_end(region)));
    if (error != ERR_OK) {
        return error;
    }
    error = region_map_add(&s->map, region);
    if (error != ERR_OK) {
        err_t given = space_promise(s, user, tables);
        PAGER_ASSERT(given == ERR_OK);
        return error;
    }
    space_forget_hit(s);
    if (is_stack) {
        s->stack_low = region_end(region) - stack_start_pages(region);
    }
    return ERR_OK;
}

/* -------------------------------------------------------------------------------- removing */
/* What regions of [first, end) have in common or at all. */
struct survey {
    uint64_t pages; /* covered */
    bool stack;
    bool device;
    unsigned rights;     /* any has */
    unsigned max_rights; /* all have */
    uint64_t unpromised; /* pages that writing to would have to promise anew */
};

static struct survey survey_range(const struct space *s, uint32_t first, uint32_t end)
{
    struct survey found = {.max_rights = MAP_R | MAP_W | MAP_X};
    for (const struct region *r = region_find_next(s->map, first); r != NULL && r->first_page < end;
         r = region_find_next(s->map, region_end(r))) {
        uint32_t low = r->first_page > first ? r->first_page : first;
        uint32_t high = region_end(r) < end ? region_end(r) : end;
        found.pages += high - low;
        found.stack |= (r->flags & REGION_STACK) != 0;
        found.device |= r->backing == BACKING_DEVICE;
        found.rights |= r->rights;
        found.max_rights &= r->max_rights;
        if ((r->flags & (REGION_PROMISED | REGION_SHARED)) == 0) {
            found.unpromised += high - low;
        }
    }
    return found;
}

err_t memory_remove(struct space *s, uint32_t first, uint32_t end)
{
    struct survey found = survey_range(s, first, end);
    if (found.stack) {
        return PAGER_ERR_INVAL;
    }
    if (found.pages == 0) {
        return ERR_OK;
    }
    space_forget_hit(s);
    err_t error = region_map_isolate(&s->map, first, end);
    if (error != ERR_OK) {
        return error;
    }
    const struct region *previous = region_find_before(s->map, first);
    const struct region *next = region_find_next(s->map, end);
    uint32_t hole_first = previous != NULL ? region_end(previous) : 0;
    uint32_t hole_end = next != NULL ? next->first_page : USER_PAGES;
    error = cow_unmap_prepare(s, first, end, hole_first, hole_end);
    if (error != ERR_OK) {
        return error;
    }
    uint64_t promised = s->map->promised;
    region_map_remove(s->map, first, end);
    space_forget_hit(s);
    cow_unmap_commit(s, first, end, hole_first, hole_end);
    error = space_promise(s, s->promised_user - (promised - s->map->promised), s->map->tables + 1);
    PAGER_ASSERT(error == ERR_OK);
    return ERR_OK;
}

/* Does the range meet the stack, or the page below it? */
static bool meets_stack(const struct space *s, uint32_t first, uint32_t end)
{
    const struct region *stack = s->stack_low != 0 ? region_find(s->map, s->stack_low) : NULL;
    return stack != NULL && stack->first_page < end && first < region_end(stack);
}

err_t memory_remove_some(struct space *s, uint32_t first, uint32_t end, uint32_t *first_out)
{
    if (meets_stack(s, first, end)) {
        return PAGER_ERR_INVAL;
    }
    uint32_t low = cow_unmap_reach(first, end);
    uint32_t page = end;
    for (unsigned regions = 0; page > low && regions < MEMORY_REGIONS_AT_ONCE; regions++) {
        const struct region *r = region_find_before(s->map, page);
        page = r != NULL && r->first_page > low ? r->first_page : low;
    }
    *first_out = page;
    return memory_remove(s, page, end);
}

/* ------------------------------------------------------------------------------ protecting */
/* The end of the MEMORY_REGIONS_AT_ONCEth region of the range, or of the range. */
static uint32_t regions_reach(const struct space *s, uint32_t first, uint32_t end)
{
    uint32_t page = first;
    for (unsigned i = 0; page < end && i < MEMORY_REGIONS_AT_ONCE; i++) {
        const struct region *r = region_find_next(s->map, page);
        page = r != NULL && region_end(r) < end ? region_end(r) : end;
    }
    return page;
}

/* What is checked of the whole range before any of it changes. */
static err_t check_protect(const struct space *s, uint32_t first, uint32_t end, unsigned rights)
{
    struct survey found = survey_range(s, first, end);
    if (!memory_rights_valid(rights) || found.stack || found.device) {
        return PAGER_ERR_INVAL;
    }
    if (found.pages != end - first) {
        return PAGER_ERR_NOMEM;
    }
    if ((rights & ~found.max_rights) != 0) {
        return PAGER_ERR_ACCES;
    }
    return ERR_OK;
}

err_t memory_protect(struct space *s, uint32_t first, uint32_t end, unsigned rights,
                     uint32_t *end_out)
{
    end = regions_reach(s, first, end);
    err_t error = check_protect(s, first, end, rights);
    if (error != ERR_OK) {
        return error;
    }
    end = cow_restrict_reach(s, first, end, survey_range(s, first, end).rights & ~rights);
    struct survey found = survey_range(s, first, end);
    space_forget_hit(s);
    error = region_map_isolate(&s->map, first, end);
    if (error != ERR_OK) {
        return error;
    }
    bool writable = (rights & MAP_W) != 0;
    uint64_t user = s->promised_user;
    uint64_t tails = s->map->promised; /* a file's last page was promised already: count exactly */
    error = space_promise(s, user + (writable ? found.unpromised : 0), s->promised_tables);
    if (error != ERR_OK) {
        return error;
    }
    unsigned lost = found.rights & ~rights;
    error = cow_restrict_prepare(s, first, end, lost);
    if (error != ERR_OK) {
        err_t given = space_promise(s, user, s->promised_tables);
        PAGER_ASSERT(given == ERR_OK);
        return error;
    }
    region_map_change(s->map, first, end, rights, writable ? REGION_PROMISED : 0);
    space_forget_hit(s);
    cow_restrict_commit(s, first, end, rights, lost);
    error = space_promise(s, user + s->map->promised - tails, s->promised_tables);
    PAGER_ASSERT(error == ERR_OK);
    *end_out = end;
    return ERR_OK;
}
