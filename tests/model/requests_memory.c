/* What programs ask of the pager about their own memory. */
#include <inttypes.h>
#include <string.h>

#include <byre/pager_boot.h>
#include <byre/program.h>

#include "model.h"
#include "port.h"
#include "requests_internal.h"

enum {
    MAP_PAGES_MAX = 1300, /* more than two groups */
    HEAP_PAGES_MAX = 700,
};

static uint64_t mmap_hint_group(void)
{
    /* Few groups, so that mappings meet in one leaf table; and more than one middle table. */
    uint64_t base = dice_chance(3) ? PROGRAM_SHARED_BASE : PROGRAM_MMAP_BASE;
    if (dice_chance(30)) { /* the end of an area, so that its gaps must serve */
        return PAGE_OF(base + (PROGRAM_SHARED_BASE - PROGRAM_MMAP_BASE)) - 2 * TABLE_ENTRIES +
               dice_below(2) * TABLE_ENTRIES;
    }
    return PAGE_OF(base) + (dice_below(2) << 18) + (dice_below(5) << 9);
}

/* ---------------------------------------------------------------- map, unmap */
static bool mixes(const struct sim_process *process, uint64_t start, uint64_t pages, bool shared)
{
    uint64_t first = start & ~(uint64_t)(TABLE_ENTRIES - 1);
    uint64_t last = (start + pages + TABLE_ENTRIES - 1) & ~(uint64_t)(TABLE_ENTRIES - 1);
    for (unsigned i = 0; i < process->oracle.region_count; i++) {
        const struct oracle_region *region = &process->oracle.regions[i];
        if (region->start < last && first < region->end && (region->object != NULL) != shared) {
            return true;
        }
    }
    return false;
}

/* Where auditors see memory, programs map nothing. */
static bool barred(uint64_t start, uint64_t pages)
{
    return start + pages > PAGE_OF(PAGER_AUDIT_WINDOW) &&
           start < PAGE_OF(PROGRAM_BIG_STACK_TOP) - (1ull << 18);
}

void request_map(struct sim_process *process, struct sim_thread *thread)
{
    static const unsigned choices[] = {MAP_R | MAP_W, MAP_R | MAP_W, MAP_R | MAP_W,
                                       MAP_R,         MAP_R | MAP_X, 0};
    (void)thread;
    bool shared = dice_chance(3);
    bool chosen = dice_chance(2);
    uint64_t pages = dice_chance(3) ? dice_between(1, MAP_PAGES_MAX) : dice_between(1, 24);
    uint64_t start = chosen ? 0 : mmap_hint_group() + dice_below(TABLE_ENTRIES);
    unsigned rights = choices[dice_below(sizeof(choices) / sizeof(choices[0]))];
    if (!oracle_has_room(&process->oracle)) {
        return;
    }
    struct pager_request request = request_ask(PAGER_MAP, process->id, start << PAGE_SHIFT, pages,
                                               rights | (shared ? REGION_SHARED : 0));
    model_trace("map of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 " shared %d rights %u: %d",
                process->id, start, pages, shared, rights, request.error);
    bool taken = !chosen && !oracle_is_free(&process->oracle, start, pages);
    bool mixed = !chosen && (mixes(process, start, pages, shared) || barred(start, pages));
    if (request.error != ERR_OK) {
        bool right = (request.error == PAGER_ERR_EXIST && taken) ||
                     (request.error == PAGER_ERR_INVAL && mixed) ||
                     request_is_poor(request.error) ||
                     (request.error == PAGER_ERR_EXIST && !chosen &&
                      !oracle_is_free(&process->oracle, start, pages + 1)); /* a stack's guard */
        if (!right) {
            model_fail("map is answered %d", request.error);
        }
        return;
    }
    uint64_t page = request.result.map.address >> PAGE_SHIFT;
    if (taken || mixed || (!chosen && page != start) ||
        !oracle_is_free(&process->oracle, page, pages) || barred(page, pages) ||
        mixes(process, page, pages, shared)) {
        model_fail("map places page 0x%" PRIx64 " where it may not be", page);
    }
    oracle_add(&process->oracle,
               (struct oracle_region){.start = page,
                                      .end = page + pages,
                                      .rights = rights,
                                      .maximum = REQUEST_ANY_RIGHTS,
                                      .flags = shared ? REGION_SHARED : 0,
                                      .object = shared ? oracle_object_make(pages) : NULL});
}

/* A span in or over regions; false: there is nothing to choose. */
static bool choose_span(const struct sim_process *process, uint64_t *start_out, uint64_t *pages_out)
{
    const struct oracle *oracle = &process->oracle;
    if (oracle->region_count == 0 || !oracle_has_room(oracle)) {
        return false;
    }
    const struct oracle_region *region = &oracle->regions[dice_below(oracle->region_count)];
    uint64_t size = region->end - region->start;
    uint64_t start = region->start + (dice_chance(2) ? 0 : dice_below(size));
    uint64_t pages = dice_chance(3) ? region->end - start : dice_between(1, region->end - start);
    if (dice_chance(8)) {
        pages += dice_below(600); /* beyond its end, over others perhaps */
    }
    *start_out = start;
    *pages_out = pages;
    return true;
}

static bool touches_device(const struct sim_process *process, uint64_t start, uint64_t pages)
{
    for (unsigned i = 0; i < process->oracle.region_count; i++) {
        const struct oracle_region *region = &process->oracle.regions[i];
        if (region->is_device && region->start < start + pages && start < region->end) {
            return true;
        }
    }
    return false;
}

static bool touches_stack(const struct sim_process *process, uint64_t start, uint64_t pages)
{
    for (unsigned i = 0; i < process->oracle.region_count; i++) {
        const struct oracle_region *region = &process->oracle.regions[i];
        if ((region->flags & REGION_STACK) && region->start < start + pages &&
            start < region->end) {
            return true;
        }
    }
    return false;
}

void request_unmap(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t start = 0, pages = 0;
    (void)thread;
    if (!choose_span(process, &start, &pages)) {
        return;
    }
    sim_transition = (struct sim_transition){process, start, pages, true, 0};
    struct pager_request request =
        request_ask(PAGER_UNMAP, process->id, start << PAGE_SHIFT, pages, 0);
    sim_transition.process = NULL;
    model_trace("unmap of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 ": %d", process->id, start,
                pages, request.error);
    bool stack = touches_stack(process, start, pages);
    if (stack != (request.error == PAGER_ERR_INVAL)) {
        model_fail("unmap is answered %d; over a stack: %d", request.error, stack);
    }
    if (request.error == ERR_OK) {
        uint64_t done = request.result.unmap.pages;
        if (done == 0 || done > pages) {
            model_fail("unmap does %" PRIu64 " of %" PRIu64 " pages", done, pages);
        }
        oracle_remove(&process->oracle, start + pages - done, done);
    } else if (!stack) {
        request_expect_poor("unmap", request.error);
    }
}

static void protect(struct sim_process *process, uint64_t start, uint64_t pages, unsigned rights)
{
    bool allowed = oracle_may_protect(&process->oracle, start, pages, rights) &&
                   !touches_stack(process, start, pages) && !touches_device(process, start, pages);
    sim_transition = (struct sim_transition){process, start, pages, false, rights};
    struct pager_request request =
        request_ask(PAGER_PROTECT, process->id, start << PAGE_SHIFT, pages, rights);
    sim_transition.process = NULL;
    model_trace("protect of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 " rights %u: %d",
                process->id, start, pages, rights, request.error);
    if (request.error == ERR_OK && allowed) {
        uint64_t done = request.result.protect.pages;
        if (done == 0 || done > pages) {
            model_fail("protect has done %" PRIu64 " of %" PRIu64 " pages", done, pages);
        }
        oracle_protect(&process->oracle, start, done, rights);
    } else if (request.error == ERR_OK) {
        model_fail("protect grants what it may not");
    } else if (allowed) {
        request_expect_poor("protect", request.error);
    }
}

static unsigned random_rights(void)
{
    static const unsigned choices[] = {MAP_R | MAP_W, MAP_R, MAP_R,
                                       MAP_R | MAP_X, 0,     MAP_R | MAP_W};
    return choices[dice_below(sizeof(choices) / sizeof(choices[0]))];
}

void request_protect(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t start = 0, pages = 0;
    (void)thread;
    if (choose_span(process, &start, &pages)) {
        protect(process, start, pages, random_rights());
    }
}

/* Every other page gets other rights: many small regions. */
void request_carve(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t start = 0, pages = 0;
    (void)thread;
    if (!choose_span(process, &start, &pages)) {
        return;
    }
    unsigned rights = random_rights();
    for (uint64_t i = 0; i < pages && i < 50 && oracle_has_room(&process->oracle); i += 2) {
        protect(process, start + i, 1, rights);
    }
}

/* ------------------------------------------------------------------- sharing */
static const struct oracle_region *whole_object(const struct sim_process *process)
{
    const struct oracle *oracle = &process->oracle;
    for (unsigned i = 0; i < oracle->region_count; i++) {
        const struct oracle_region *region = &oracle->regions[i];
        bool whole = region->object != NULL && region->object_page == 0 &&
                     region->end - region->start == region->object->pages;
        if (whole && dice_chance(2)) {
            return region;
        }
    }
    return NULL;
}

/* One process names a shared object, another maps it with the key; a key opens once. */
void request_share(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    const struct oracle_region *region = whole_object(process);
    struct sim_process *other = sim_random_process();
    if (region == NULL || !oracle_has_room(&other->oracle)) {
        return;
    }
    unsigned rights = dice_chance(2) ? MAP_R : MAP_R | MAP_W;
    struct oracle_object *object = region->object;
    struct pager_request made =
        request_ask(PAGER_SHARE_MAKE, process->id, region->start << PAGE_SHIFT, object->pages, 0);
    bool may_write = (region->maximum & MAP_W) != 0; /* else its rights would grow on the way */
    if (made.error != (may_write ? ERR_OK : PAGER_ERR_INVAL)) {
        model_fail("share_make is answered %d", made.error);
    }
    if (!may_write) {
        return;
    }
    uint64_t id = made.result.share_make.object_id, key = made.result.share_make.key;
    struct pager_request refused = request_ask(PAGER_SHARE_MAP, other->id, id, key, rights);
    if (refused.error != PAGER_ERR_DENIED) {
        model_fail("share_map without trust is answered %d", refused.error);
    }
    struct pager_request mapped =
        request_ask(PAGER_SHARE_MAP, other->id | PAGER_BADGE_TRUSTED, id, key, rights);
    model_trace("share of %" PRIx64 " with %" PRIx64 ": %d", process->id, other->id, mapped.error);
    if (mapped.error != ERR_OK) {
        bool large = mapped.error == PAGER_ERR_INVAL && object->pages > 256;
        if (!large) {
            request_expect_poor("share_map", mapped.error);
        }
        return;
    }
    uint64_t page = mapped.result.share_map.address >> PAGE_SHIFT;
    if (mapped.result.share_map.pages != object->pages ||
        !oracle_is_free(&other->oracle, page, object->pages) ||
        mixes(other, page, object->pages, true)) {
        model_fail("share_map places page 0x%" PRIx64 " where it may not be", page);
    }
    object->references++;
    oracle_add(&other->oracle, (struct oracle_region){.start = page,
                                                      .end = page + object->pages,
                                                      .rights = rights,
                                                      .maximum = rights,
                                                      .flags = REGION_SHARED,
                                                      .object = object});
    if (request_ask(PAGER_SHARE_MAP, other->id, id, key, rights).error != PAGER_ERR_DENIED) {
        model_fail("a key opens twice");
    }
}

/* ---------------------------------------------------------------------- heap */
void request_break(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t base = process->heap_start << PAGE_SHIFT;
    uint64_t want = base + dice_below(HEAP_PAGES_MAX * PAGE_BYTES);
    uint64_t old_end = PAGE_OF(process->heap_break + PAGE_BYTES - 1);
    uint64_t new_end = PAGE_OF(want + PAGE_BYTES - 1);
    (void)thread;
    if (dice_chance(4)) {
        want = 0;
        new_end = old_end;
    }
    if (!oracle_has_room(&process->oracle)) {
        return;
    }
    if (new_end < old_end) {
        sim_transition = (struct sim_transition){process, new_end, old_end - new_end, true, 0};
    }
    struct pager_request request = request_ask(PAGER_BRK, process->id, want, 0, 0);
    sim_transition.process = NULL;
    model_trace("brk of %" PRIx64 " to 0x%" PRIx64 ": %d", process->id, want, request.error);
    bool taken = new_end > old_end && !oracle_is_free(&process->oracle, old_end, new_end - old_end);
    if (request.error != ERR_OK) {
        if (!request_is_poor(request.error) && !(taken && request.error == PAGER_ERR_EXIST)) {
            model_fail("brk is answered %d", request.error);
        }
        return;
    }
    if (taken) {
        model_fail("the heap grows over something");
    }
    uint64_t expected = want == 0 ? process->heap_break : want;
    uint64_t now = request.result.brk.current_break;
    bool on_its_way = now > expected && now < process->heap_break && now % PAGE_BYTES == 0;
    if (now != expected && !on_its_way) {
        model_fail("the break is 0x%" PRIx64 ", should be 0x%" PRIx64, now, expected);
    }
    process->heap_break = now;
    new_end = PAGE_OF(now + PAGE_BYTES - 1);
    if (new_end < old_end) {
        oracle_remove(&process->oracle, new_end, old_end - new_end);
    } else if (new_end > old_end) {
        oracle_add(&process->oracle, (struct oracle_region){.start = old_end,
                                                            .end = new_end,
                                                            .rights = MAP_R | MAP_W,
                                                            .maximum = REQUEST_ANY_RIGHTS,
                                                            .flags = REGION_HEAP});
    }
}

/* A program that takes what it gets and writes to all of it; mostly it ends soon after. */
void request_hog(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t pages = dice_between(200, (uint64_t)model.chunks * CHUNK_PAGES);
    if (!oracle_has_room(&process->oracle) || !dice_chance(2)) {
        return;
    }
    for (; pages >= 50; pages -= pages / 8) {
        struct pager_request request = request_ask(PAGER_MAP, process->id, 0, pages, MAP_R | MAP_W);
        uint64_t start = request.result.map.address >> PAGE_SHIFT;
        if (request.error != ERR_OK) {
            request_expect_poor("map", request.error);
            continue;
        }
        oracle_add(&process->oracle, (struct oracle_region){.start = start,
                                                            .end = start + pages,
                                                            .rights = MAP_R | MAP_W,
                                                            .maximum = REQUEST_ANY_RIGHTS});
        model_trace("hog %" PRIx64 " fills page 0x%" PRIx64 " + %" PRIu64 ", %" PRIu64 " free",
                    process->id, start, pages, port_free_frames());
        thread->in_call = false;
        sim_fill(process, thread, start, pages);
        model_trace("and leaves %" PRIu64 " free", port_free_frames());
        if (process->live && !dice_chance(4)) {
            sim_end(process);
        }
        return;
    }
}
