/* Requests of programs and of proc, and what the oracle says of their answers. */
#include "requests.h"

#include <inttypes.h>
#include <string.h>

#include <byre/gen/pager.h>
#include <byre/program.h>
#include <byre/table.h>

#include "model.h"
#include "port.h"
#include "sim.h"

enum {
    ACCOUNT = 1,
    MAP_PAGES_MAX = 1300, /* more than two groups */
    FILE_PAGES = 64,
    STACK_PAGES = 40,
    HEAP_PAGES_MAX = 700,
    ANY = MAP_R | MAP_W | MAP_X,
};

#define PAGE(address) ((uint64_t)(address) >> PAGE_SHIFT)

static uint64_t mmap_hint_group(void)
{
    /* Few groups, so that mappings meet in one leaf table; and more than one middle table. */
    uint64_t base = dice_chance(3) ? PROGRAM_SHARED_BASE : PROGRAM_MMAP_BASE;
    return PAGE(base) + (dice_below(2) << 18) + (dice_below(5) << 9);
}

/* Answers that say "there is not enough", whether by promise or by an injected failure. */
static bool is_poor(err_t error)
{
    return error == PAGER_ERR_NOMEM || error == PAGER_ERR_AGAIN;
}

static void expect_poor_or(const char *what, err_t error, err_t other)
{
    if (!is_poor(error) && error != other) {
        model_fail("%s is answered %d", what, error);
    }
}

static struct pager_request ask(uint64_t label, uint64_t badge, uint64_t w0, uint64_t w1,
                                uint64_t w2)
{
    struct pager_request request = { .label = label, .w = { w0, w1, w2 } };
    port_request(&request, badge);
    return request;
}

static struct sim_process *free_process(void)
{
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        if (!sim_processes[i].live) {
            return &sim_processes[i];
        }
    }
    return NULL;
}

/* -------------------------------------------------------------------- spawn */
static bool add_region(struct sim_process *process, struct oracle_region region)
{
    uint64_t pages = region.end - region.start;
    struct pager_request request = {
        .label = PAGER_REGION_ADD,
        .in.region_add = {
            .space_id = process->id,
            .start = region.start << PAGE_SHIFT,
            .pages = pages,
            .rights_flags = region.rights | region.flags,
            .backing = region.is_file,
            .offset_pages = region.file_page,
            .file_bytes = region.is_file ? region.file_end - region.file_page * PAGE_BYTES : 0,
        },
    };
    port_request(&request, 0);
    if (request.error != ERR_OK) {
        expect_poor_or("region_add", request.error, ERR_OK);
        return false;
    }
    if (pages != 0) {
        oracle_add(&process->oracle, region);
    }
    return true;
}

static struct oracle_region file_region(uint64_t start, uint64_t pages, unsigned rights)
{
    uint64_t file_page = dice_below(FILE_PAGES - pages);
    uint64_t bytes = dice_chance(2) ? pages * PAGE_BYTES : dice_below(pages * PAGE_BYTES);
    return (struct oracle_region){ .start = start, .end = start + pages, .rights = rights,
                                   .maximum = rights, .is_file = true, .file_page = file_page,
                                   .file_end = file_page * PAGE_BYTES + bytes };
}

static bool lay_out(struct sim_process *process)
{
    uint64_t page = PAGE(PROGRAM_BASE);
    uint64_t text = dice_between(1, 20), data = dice_between(1, 10);
    uint64_t bss = dice_between(1, 100);
    bool big = dice_chance(2);
    uint64_t top = PAGE(big ? PROGRAM_BIG_STACK_TOP : PROGRAM_STACK_TOP);
    bool done = add_region(process, file_region(page, text, MAP_R | MAP_X));
    page += text;
    done = done && add_region(process, file_region(page, data, MAP_R | MAP_W));
    page += data;
    done = done && add_region(process, (struct oracle_region){ .start = page, .end = page + bss,
                                                               .rights = MAP_R | MAP_W,
                                                               .maximum = ANY });
    page += bss;
    process->heap_start = page;
    process->heap_break = page << PAGE_SHIFT;
    done = done && add_region(process, (struct oracle_region){ .start = page, .end = page,
                                                               .rights = MAP_R | MAP_W,
                                                               .maximum = ANY,
                                                               .flags = REGION_HEAP });
    return done && add_region(process, (struct oracle_region){ .start = top - STACK_PAGES,
                                                               .end = top,
                                                               .rights = MAP_R | MAP_W,
                                                               .maximum = ANY,
                                                               .flags = REGION_STACK });
}

static void thread_begin(struct sim_process *process, unsigned number)
{
    process->threads[number] =
        (struct sim_thread){ .exists = true, .hart = (unsigned)dice_below(MACHINE_HARTS) };
}

static void end_space(uint64_t id)
{
    struct pager_request request = ask(PAGER_SPACE_DESTROY, 0, id, 0, 0);
    if (request.error != ERR_OK) {
        model_fail("space_destroy is answered %d", request.error);
    }
}

void sim_end(struct sim_process *process)
{
    model_trace("end of %" PRIx64, process->id);
    uint64_t id = process->id;
    sim_forget(process); /* its threads are gone before its space goes */
    end_space(id);
}

static struct sim_process *spawn(const struct sim_process *parent)
{
    struct sim_process *process = free_process();
    struct pager_request request =
        ask(PAGER_SPACE_CREATE, 0, ACCOUNT, parent == NULL ? 0 : parent->id, 0);
    if (request.error != ERR_OK) {
        expect_poor_or("space_create", request.error, ERR_OK);
        return NULL;
    }
    memset(process, 0, sizeof(*process));
    process->live = true;
    process->id = request.result.space_create.space_id;
    process->space = port_space(process->id);
    oracle_start(&process->oracle);
    model_trace("space %" PRIx64 " made", process->id);
    if (!lay_out(process)) {
        sim_end(process);
        return NULL;
    }
    thread_begin(process, 0);
    return process;
}

/* Give the argument pages of one process to the stack of a fresh one. */
static bool give_pages(const struct sim_process *from, struct sim_process *to)
{
    const struct oracle_region *source = oracle_find(&from->oracle, from->heap_start - 1);
    const struct oracle_region *stack = NULL;
    for (unsigned i = 0; i < to->oracle.region_count; i++) {
        if (to->oracle.regions[i].flags & REGION_STACK) {
            stack = &to->oracle.regions[i];
        }
    }
    if (source == NULL || stack == NULL || source->is_file || !(source->rights & MAP_R)) {
        return true;
    }
    uint64_t pages = dice_between(1, 4);
    if (pages > source->end - source->start) {
        return true;
    }
    struct pager_request request = {
        .label = PAGER_PAGES_GIVE,
        .in.pages_give = { .from_space = from->id, .from_address = source->start << PAGE_SHIFT,
                           .to_space = to->id, .to_address = (stack->end - pages) << PAGE_SHIFT,
                           .pages = pages },
    };
    port_request(&request, 0);
    if (request.error != ERR_OK) {
        expect_poor_or("pages_give", request.error, ERR_OK);
        return false; /* some may have been given: the target is of no use */
    }
    uint64_t target = stack->end - pages;
    for (uint64_t i = 0; i < pages; i++) {
        oracle_give(&to->oracle, target + i, &from->oracle, source->start + i);
    }
    return true;
}

static void do_exec(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    if (free_process() == NULL) {
        return;
    }
    struct sim_process *image = spawn(process);
    if (image != NULL && give_pages(process, image)) {
        sim_end(process);
    } else if (image != NULL) {
        sim_end(image);
    }
}

static void do_spawn(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    if (free_process() != NULL) {
        (void)spawn(process);
    }
}

/* --------------------------------------------------------------- fork, exit */
static void do_fork(struct sim_process *process, struct sim_thread *thread)
{
    struct sim_process *child = free_process();
    (void)thread;
    if (child == NULL) {
        return;
    }
    struct pager_request request = ask(PAGER_SPACE_FORK, 0, process->id, ACCOUNT, 0);
    if (request.error != ERR_OK) {
        expect_poor_or("space_fork", request.error, ERR_OK);
        return;
    }
    memset(child, 0, sizeof(*child));
    child->live = true;
    child->id = request.result.space_fork.child_space_id;
    child->space = port_space(child->id);
    child->heap_start = process->heap_start;
    child->heap_break = process->heap_break;
    oracle_copy(&child->oracle, &process->oracle);
    thread_begin(child, 0);
    model_trace("fork of %" PRIx64 " is %" PRIx64, process->id, child->id);
}

static void do_exit(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    sim_end(process);
}

static void do_thread(struct sim_process *process, struct sim_thread *thread)
{
    unsigned number = (unsigned)dice_below(SIM_THREADS);
    if (&process->threads[number] == thread) {
        return;
    }
    if (!process->threads[number].exists) {
        thread_begin(process, number);
    } else {
        memset(&process->threads[number], 0, sizeof(process->threads[number]));
    }
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

static void do_map(struct sim_process *process, struct sim_thread *thread)
{
    static const unsigned choices[] = { MAP_R | MAP_W, MAP_R | MAP_W, MAP_R | MAP_W, MAP_R,
                                        MAP_R | MAP_X, 0 };
    (void)thread;
    bool shared = dice_chance(3);
    bool chosen = dice_chance(2);
    uint64_t pages = dice_chance(3) ? dice_between(1, MAP_PAGES_MAX) : dice_between(1, 24);
    uint64_t start = chosen ? 0 : mmap_hint_group() + dice_below(TABLE_ENTRIES);
    unsigned rights = choices[dice_below(sizeof(choices) / sizeof(choices[0]))];
    if (!oracle_has_room(&process->oracle)) {
        return;
    }
    struct pager_request request = ask(PAGER_MAP, process->id, start << PAGE_SHIFT, pages,
                                       rights | (shared ? REGION_SHARED : 0));
    model_trace("map of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 " shared %d rights %u: %d",
                process->id, start, pages, shared, rights, request.error);
    bool taken = !chosen && !oracle_is_free(&process->oracle, start, pages);
    bool mixed = !chosen && mixes(process, start, pages, shared);
    if (request.error != ERR_OK) {
        bool right = (request.error == PAGER_ERR_EXIST && taken) ||
                     (request.error == PAGER_ERR_INVAL && mixed) || is_poor(request.error) ||
                     (request.error == PAGER_ERR_EXIST && !chosen &&
                      !oracle_is_free(&process->oracle, start, pages + 1)); /* a stack's guard */
        if (!right) {
            model_fail("map is answered %d", request.error);
        }
        return;
    }
    uint64_t page = request.result.map.address >> PAGE_SHIFT;
    if (taken || mixed || (!chosen && page != start) ||
        !oracle_is_free(&process->oracle, page, pages) || mixes(process, page, pages, shared)) {
        model_fail("map places page 0x%" PRIx64 " where it may not be", page);
    }
    oracle_add(&process->oracle,
               (struct oracle_region){ .start = page, .end = page + pages, .rights = rights,
                                       .maximum = ANY,
                                       .flags = shared ? REGION_SHARED : 0,
                                       .object = shared ? oracle_object_make() : NULL });
}

/* A span in or over a region that is neither heap nor stack. */
static bool choose_span(const struct sim_process *process, uint64_t *start_out,
                        uint64_t *pages_out)
{
    const struct oracle *oracle = &process->oracle;
    if (oracle->region_count == 0) {
        return false;
    }
    const struct oracle_region *region = &oracle->regions[dice_below(oracle->region_count)];
    uint64_t size = region->end - region->start;
    uint64_t start = region->start + (dice_chance(2) ? 0 : dice_below(size));
    uint64_t pages = dice_chance(3) ? region->end - start : dice_between(1, region->end - start);
    if (dice_chance(8)) {
        pages += dice_below(600); /* beyond its end, over others perhaps */
    }
    for (unsigned i = 0; i < oracle->region_count; i++) {
        const struct oracle_region *other = &oracle->regions[i];
        if ((other->flags & (REGION_HEAP | REGION_STACK)) && other->start < start + pages &&
            start < other->end) {
            return false;
        }
    }
    *start_out = start;
    *pages_out = pages;
    return true;
}

static void do_unmap(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t start = 0, pages = 0;
    (void)thread;
    if (!oracle_has_room(&process->oracle) || !choose_span(process, &start, &pages)) {
        return;
    }
    sim_transition = (struct sim_transition){ process, start, pages, true, 0 };
    struct pager_request request =
        ask(PAGER_UNMAP, process->id, start << PAGE_SHIFT, pages, 0);
    sim_transition.process = NULL;
    model_trace("unmap of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 ": %d", process->id, start,
                pages, request.error);
    if (request.error != ERR_OK) {
        expect_poor_or("unmap", request.error, ERR_OK);
        return;
    }
    oracle_remove(&process->oracle, start, pages);
}

static void do_protect(struct sim_process *process, struct sim_thread *thread)
{
    static const unsigned choices[] = { MAP_R | MAP_W, MAP_R, MAP_R, MAP_R | MAP_X, 0,
                                        MAP_R | MAP_W };
    uint64_t start = 0, pages = 0;
    unsigned rights = choices[dice_below(sizeof(choices) / sizeof(choices[0]))];
    (void)thread;
    if (!oracle_has_room(&process->oracle) || !choose_span(process, &start, &pages)) {
        return;
    }
    bool allowed = oracle_may_protect(&process->oracle, start, pages, rights);
    sim_transition = (struct sim_transition){ process, start, pages, false, rights };
    struct pager_request request =
        ask(PAGER_PROTECT, process->id, start << PAGE_SHIFT, pages, rights);
    sim_transition.process = NULL;
    model_trace("protect of %" PRIx64 ", page 0x%" PRIx64 " + %" PRIu64 " rights %u: %d",
                process->id, start, pages, rights, request.error);
    if (request.error == ERR_OK && allowed) {
        oracle_protect(&process->oracle, start, pages, rights);
    } else if (request.error == ERR_OK) {
        model_fail("protect grants what it may not");
    } else if (allowed) {
        expect_poor_or("protect", request.error, ERR_OK);
    }
}

/* ---------------------------------------------------------------------- heap */
static void do_brk(struct sim_process *process, struct sim_thread *thread)
{
    uint64_t base = process->heap_start << PAGE_SHIFT;
    uint64_t want = base + dice_below(HEAP_PAGES_MAX * PAGE_BYTES);
    uint64_t old_end = PAGE(process->heap_break + PAGE_BYTES - 1);
    uint64_t new_end = PAGE(want + PAGE_BYTES - 1);
    (void)thread;
    if (dice_chance(4)) {
        want = 0;
        new_end = old_end;
    }
    if (!oracle_has_room(&process->oracle)) {
        return;
    }
    if (new_end < old_end) {
        sim_transition = (struct sim_transition){ process, new_end, old_end - new_end, true, 0 };
    }
    struct pager_request request = ask(PAGER_BRK, process->id, want, 0, 0);
    sim_transition.process = NULL;
    model_trace("brk of %" PRIx64 " to 0x%" PRIx64 ": %d", process->id, want, request.error);
    bool taken = new_end > old_end && !oracle_is_free(&process->oracle, old_end,
                                                      new_end - old_end);
    if (request.error != ERR_OK) {
        if (!is_poor(request.error) && !(taken && request.error == PAGER_ERR_EXIST)) {
            model_fail("brk is answered %d", request.error);
        }
        return;
    }
    if (taken) {
        model_fail("the heap grows over something");
    }
    uint64_t expected = want == 0 ? process->heap_break : want;
    if (request.result.brk.current_break != expected) {
        model_fail("the break is 0x%" PRIx64 ", should be 0x%" PRIx64,
                   request.result.brk.current_break, expected);
    }
    process->heap_break = expected;
    if (new_end < old_end) {
        oracle_remove(&process->oracle, new_end, old_end - new_end);
    } else if (new_end > old_end) {
        oracle_add(&process->oracle,
                   (struct oracle_region){ .start = old_end, .end = new_end,
                                           .rights = MAP_R | MAP_W, .maximum = ANY,
                                           .flags = REGION_HEAP });
    }
}

/* ------------------------------------------------------------------- choosing */
static void make_call(struct sim_process *process,
                      void (*call)(struct sim_process *, struct sim_thread *))
{
    unsigned start = (unsigned)dice_below(SIM_THREADS);
    for (unsigned i = 0; i < SIM_THREADS; i++) {
        struct sim_thread *thread = &process->threads[(start + i) % SIM_THREADS];
        if (thread->exists && !thread->waits) {
            thread->in_call = true;
            call(process, thread);
            thread->in_call = false;
            return;
        }
    }
}

void requests_start(void)
{
    struct pager_request request = ask(PAGER_ACCOUNT_SET, 0, ACCOUNT, 1u << 30, 1u << 30);
    if (request.error != ERR_OK) {
        model_fail("account_set is answered %d", request.error);
    }
}

void requests_stop(void)
{
    struct pager_request request = ask(PAGER_ACCOUNT_SET, 0, ACCOUNT, 0, 0);
    if (request.error != ERR_OK) {
        model_fail("account_set is answered %d", request.error);
    }
}

void requests_step(void)
{
    static void (*const calls[])(struct sim_process *, struct sim_thread *) = {
        do_fork, do_fork, do_fork,  do_exit,    do_exit,    do_exec, do_spawn, do_thread,
        do_map,  do_map,  do_unmap, do_unmap,   do_protect, do_brk,  do_brk,   do_thread,
        do_fork, do_map,  do_brk,   do_protect,
    };
    if (model.shortage && dice_chance(8)) {
        port_fail_allocation((unsigned)dice_between(1, 12));
    }
    struct sim_process *process = sim_random_process();
    if (process == NULL) {
        (void)spawn(NULL);
    } else {
        make_call(process, calls[dice_below(sizeof(calls) / sizeof(calls[0]))]);
    }
}
