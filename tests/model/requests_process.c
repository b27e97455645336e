/* What proc asks of the pager: spaces made, forked and ended, regions. */
#include <inttypes.h>
#include <string.h>

#include <byre/program.h>

#include "model.h"
#include "port.h"
#include "requests_internal.h"

/* A place for one more; NULL: this run has no more. */
struct sim_process *request_free_process(void)
{
    struct sim_process *found = NULL;
    unsigned live = 0;
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        if (sim_processes[i].live) {
            live++;
        } else {
            found = &sim_processes[i];
        }
    }
    return live < sim_process_limit ? found : NULL;
}

static bool add_region(struct sim_process *process, struct oracle_region region)
{
    uint64_t pages = region.end - region.start;
    struct pager_request request = {
        .label = PAGER_REGION_ADD,
        .in.region_add =
            {
                .space_id = process->id,
                .start = region.start << PAGE_SHIFT,
                .pages = pages,
                .rights_flags = region.rights | region.flags,
                .backing = region.is_file,
                .offset_pages = region.file_page,
                .file_bytes = region.is_file ? region.file_end - region.file_page * PAGE_BYTES : 0,
            },
    };
    port_request(&request, PORT_PROC);
    if (request.error != ERR_OK) {
        request_expect_poor("region_add", request.error);
        return false;
    }
    if (pages != 0) {
        oracle_add(&process->oracle, region);
    }
    return true;
}

static struct oracle_region file_region(uint64_t start, uint64_t pages, unsigned rights)
{
    uint64_t file_page = dice_below(REQUEST_FILE_PAGES - pages);
    uint64_t bytes = dice_chance(2) ? pages * PAGE_BYTES : dice_below(pages * PAGE_BYTES);
    return (struct oracle_region){.start = start,
                                  .end = start + pages,
                                  .rights = rights,
                                  .maximum = rights,
                                  .is_file = true,
                                  .file_page = file_page,
                                  .file_end = file_page * PAGE_BYTES + bytes};
}

static bool lay_out(struct sim_process *process)
{
    uint64_t page = PAGE_OF(PROGRAM_BASE);
    uint64_t text = dice_between(1, 20), data = dice_between(1, 10);
    uint64_t bss = dice_between(1, 100);
    bool big = dice_chance(2);
    uint64_t top = PAGE_OF(big ? PROGRAM_BIG_STACK_TOP : PROGRAM_STACK_TOP);
    uint64_t wired = dice_chance(6) ? REGION_WIRED : 0; /* as servers have it */
    struct oracle_region code = file_region(page, text, MAP_R | MAP_X);
    code.flags = wired;
    bool done = add_region(process, code);
    page += text;
    done = done && add_region(process, file_region(page, data, MAP_R | MAP_W));
    page += data;
    done = done && add_region(process, (struct oracle_region){.start = page,
                                                              .end = page + bss,
                                                              .rights = MAP_R | MAP_W,
                                                              .maximum = REQUEST_ANY_RIGHTS,
                                                              .flags = wired});
    page += bss;
    process->heap_start = page;
    process->heap_break = page << PAGE_SHIFT;
    done = done && add_region(process, (struct oracle_region){.start = page,
                                                              .end = page,
                                                              .rights = MAP_R | MAP_W,
                                                              .maximum = REQUEST_ANY_RIGHTS,
                                                              .flags = REGION_HEAP});
    return done && add_region(process, (struct oracle_region){.start = top - STACK_PAGES,
                                                              .end = top,
                                                              .rights = MAP_R | MAP_W,
                                                              .maximum = REQUEST_ANY_RIGHTS,
                                                              .flags = REGION_STACK});
}

/* What even proc may not have. */
void request_refused(const struct sim_process *process)
{
    struct pager_request request = {
        .label = PAGER_REGION_ADD,
        .in.region_add = {.space_id = process->id,
                          .start = PROGRAM_MMAP_BASE + (dice_below(1u << 10) << 30),
                          .pages = 1,
                          .rights_flags = MAP_R,
                          .backing = 1,
                          .file_bytes = UINT64_MAX - dice_below(2 * PAGE_BYTES)}};
    port_request(&request, PORT_PROC);
    if (request.error != PAGER_ERR_INVAL) {
        model_fail("a region of so many bytes of a file is answered %d", request.error);
    }
}

static void thread_begin(struct sim_process *process, unsigned number)
{
    process->threads[number] =
        (struct sim_thread){.exists = true, .hart = (unsigned)dice_below(MACHINE_HARTS)};
}

void request_end_space(uint64_t id)
{
    struct pager_request request = request_ask(PAGER_SPACE_DESTROY, PORT_PROC, id, 0, 0);
    if (request.error != ERR_OK) {
        model_fail("space_destroy is answered %d", request.error);
    }
}

void sim_end(struct sim_process *process)
{
    model_trace("end of %" PRIx64, process->id);
    uint64_t id = process->id;
    sim_forget(process); /* its threads are gone before its space goes */
    request_end_space(id);
}

void request_space_is_born(struct sim_process *process, uint64_t id)
{
    memset(process, 0, sizeof(*process));
    process->live = true;
    process->id = id;
    process->space = port_space(id);
    sim_counts.spaces++;
}

/* --------------------------------------------------------------- programs begin */
static struct sim_process *spawn(void)
{
    struct sim_process *process = request_free_process();
    struct pager_request request =
        request_ask(PAGER_SPACE_CREATE, PORT_PROC, REQUEST_ACCOUNT, 0, 0);
    if (request.error != ERR_OK) {
        request_expect_poor("space_create", request.error);
        return NULL;
    }
    request_space_is_born(process, request.result.space_create.space_id);
    oracle_start(&process->oracle);
    model_trace("space %" PRIx64 " made", process->id);
    if (!lay_out(process)) {
        sim_end(process);
        return NULL;
    }
    request_learn_image(process);
    return process;
}

static struct sim_process *make(struct sim_process *parent)
{
    struct sim_process *made = parent != NULL && dice_chance(2) ? request_begin_like(parent) : NULL;
    return made != NULL ? made : spawn();
}

void request_exec(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    struct sim_process *image = request_free_process() == NULL ? NULL : make(process);
    if (image != NULL) {
        sim_end(process);
        thread_begin(image, 0);
    }
}

void request_new(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    struct sim_process *fresh = request_free_process() == NULL ? NULL : make(process);
    if (fresh != NULL) {
        thread_begin(fresh, 0);
        thread_begin(fresh, 1);
    }
}

/* --------------------------------------------------------------- fork, exit */
/* The page that was not put off holds what it should, before anybody goes on. */
static void check_hot_page(const struct sim_process *child, uint64_t address)
{
    uint64_t page = PAGE_OF(address);
    const struct oracle_region *region = oracle_find(&child->oracle, page);
    for (unsigned word = 0; region != NULL && word < ORACLE_WORDS; word++) {
        uint64_t offset = oracle_word_offset(word);
        struct pager_request request =
            request_ask(PAGER_DEBUG_READ, PORT_PROC, child->id, (page << PAGE_SHIFT) + offset, 0);
        uint64_t expected = oracle_read(&child->oracle, page, offset);
        if (request.error != ERR_OK || request.result.debug_read.value != expected) {
            model_fail("process %" PRIx64 " is born with 0x%" PRIx64 " at 0x%" PRIx64
                       ", should be 0x%" PRIx64,
                       child->id, request.result.debug_read.value, (page << PAGE_SHIFT) + offset,
                       expected);
        }
    }
}

void request_fork(struct sim_process *process, struct sim_thread *thread)
{
    struct sim_process *child = request_free_process();
    if (child == NULL) {
        return;
    }
    /* The caller's stack pointer: a hint which page is written next; it may be anything. */
    uint64_t hint = dice_chance(2)    ? thread->address
                    : dice_chance(3)  ? 0
                    : dice_chance(10) ? dice_roll()
                                      : sim_random_address(process);
    sim_hot_address = hint >> PAGE_SHIFT << PAGE_SHIFT;
    bool rests = dice_chance(2);
    sim_snapshot = (struct sim_snapshot){
        .process = process, .rests = rests, .one_in = (unsigned)dice_between(1, 40)};
    struct pager_request request = {.label = PAGER_SPACE_FORK,
                                    .in.space_fork = {.space_id = process->id,
                                                      .account = REQUEST_ACCOUNT,
                                                      .stack_pointer = hint,
                                                      .flags = rests ? FORK_RESTS : 0}};
    port_request(&request, PORT_PROC);
    sim_counts.requests++;
    sim_counts.refused += request.error != ERR_OK;
    sim_hot_address = 0;
    struct sim_snapshot snapshot = sim_snapshot;
    sim_snapshot.process = NULL;
    if (process->has_device != (request.error == PAGER_ERR_INVAL)) {
        model_fail("space_fork is answered %d; it has a device: %d", request.error,
                   process->has_device);
    }
    if (request.error != ERR_OK) {
        if (snapshot.taken) {
            oracle_end(&snapshot.oracle);
        }
        if (!process->has_device) {
            request_expect_poor("space_fork", request.error);
        }
        return;
    }
    if (!snapshot.taken) {
        model_fail("fork of %" PRIx64 " does not flush its space", process->id);
    }
    memset(child, 0, sizeof(*child));
    child->live = true;
    child->id = request.result.space_fork.child_space_id;
    child->space = port_space(child->id);
    child->heap_start = process->heap_start;
    child->heap_break = process->heap_break;
    child->oracle = snapshot.oracle;
    sim_counts.forks++;
    thread_begin(child, 0);
    model_trace("fork of %" PRIx64 " is %" PRIx64, process->id, child->id);
    check_hot_page(child, hint);
}

void request_exit(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    sim_end(process);
}

void request_thread(struct sim_process *process, struct sim_thread *thread)
{
    unsigned number = (unsigned)dice_below(SIM_THREADS);
    if (&process->threads[number] == thread) {
        return;
    }
    if (!process->threads[number].exists) {
        thread_begin(process, number);
    } else if (dice_chance(4)) {
        memset(&process->threads[number], 0, sizeof(process->threads[number]));
    }
}

/* A driver gets its registers. */
void request_device(struct sim_process *process, struct sim_thread *thread)
{
    (void)thread;
    if (!dice_chance(2) || !oracle_has_room(&process->oracle)) {
        return;
    }
    uint64_t pages = dice_between(1, PORT_DEVICE_FRAMES), first = dice_below(PORT_DEVICE_FRAMES);
    uint64_t page = PAGE_OF(PROGRAM_MMAP_BASE) + (dice_below(6) << 9) + dice_below(500);
    struct pager_request request = {
        .label = PAGER_DEVICE_MAP,
        .in.device_map = {.space_id = process->id,
                          .address = page << PAGE_SHIFT,
                          .first_frame = PORT_DEVICE_FRAME + first,
                          .pages = pages},
        .cap = port_device_cap(),
    };
    port_request(&request, PORT_PROC);
    model_trace("device of %" PRIx64 " at page 0x%" PRIx64 " + %" PRIu64 ": %d", process->id, page,
                pages, request.error);
    if (request.error != ERR_OK) {
        return; /* beyond the device, over something, or over a group's end */
    }
    if (first + pages > PORT_DEVICE_FRAMES || !oracle_is_free(&process->oracle, page, pages)) {
        model_fail("device_map grants what it may not");
    }
    process->has_device = true;
    oracle_add(&process->oracle, (struct oracle_region){.start = page,
                                                        .end = page + pages,
                                                        .rights = MAP_R | MAP_W,
                                                        .maximum = MAP_R | MAP_W,
                                                        .is_device = true,
                                                        .file_page = first});
}
