/* Requests of proc's about images: remembered of a space, forgotten, and spaces made of them, with
 * bytes of another space at the end of their stack. See requests_internal.h. */
#include "model.h"
#include "port.h"
#include "requests_internal.h"
#include <byre/program.h>
#include <inttypes.h>
#include <string.h>

enum { IMAGES_KNOWN = 4 };

/* What a space had when an image was made of it. */
static struct known_image {
    uint64_t number; /* 0: none */
    struct oracle oracle;
    uint64_t heap_start, heap_break;
} known_images[IMAGES_KNOWN];

static void forget_image(struct known_image *known)
{
    if (known->number != 0) {
        oracle_end(&known->oracle);
        known->number = 0;
    }
}

void request_forget_images(void)
{
    for (unsigned i = 0; i < IMAGES_KNOWN; i++) {
        forget_image(&known_images[i]);
    }
}

void request_learn_image(const struct sim_process *process)
{
    struct known_image *known = &known_images[dice_below(IMAGES_KNOWN)];
    bool wired = false;
    for (unsigned i = 0; i < process->oracle.region_count; i++) {
        wired = wired || (process->oracle.regions[i].flags & REGION_WIRED);
    }
    struct pager_request request = request_ask(PAGER_IMAGE_MAKE, PORT_PROC, process->id, 0, 0);
    if (request.error != (wired ? PAGER_ERR_INVAL : ERR_OK)) {
        model_fail("image_make is answered %d; wired: %d", request.error, wired);
    }
    if (!wired) {
        forget_image(known);
        known->number = request.result.image_make.image;
        known->heap_start = process->heap_start;
        known->heap_break = process->heap_break;
        oracle_copy(&known->oracle, &process->oracle);
    }
}

static const struct oracle_region *stack_of(const struct oracle *oracle)
{
    unsigned i = 0;
    while (!(oracle->regions[i].flags & REGION_STACK)) {
        i++;
    }
    return &oracle->regions[i];
}

static bool may_read(const struct oracle *oracle, uint64_t address, uint64_t bytes)
{
    for (uint64_t page = PAGE_OF(address); page <= PAGE_OF(address + bytes - 1); page++) {
        const struct oracle_region *region = oracle_find(oracle, page);
        if (region == NULL || !(region->rights & MAP_R) || region->is_device) {
            return false;
        }
    }
    return true;
}

/* What is shared may change while it is copied, and of a file the oracle follows too few words. */
static bool may_be_followed(const struct oracle *oracle, uint64_t address, uint64_t bytes)
{
    for (uint64_t page = PAGE_OF(address); page <= PAGE_OF(address + bytes - 1); page++) {
        const struct oracle_region *region = oracle_find(oracle, page);
        if (region != NULL && (region->object != NULL || region->is_file)) {
            return false;
        }
    }
    return true;
}

/* Nobody of the process runs on meanwhile: what is written then may be in the copy or not. */
static void hold_threads(struct sim_process *process, bool hold)
{
    for (unsigned i = 0; i < SIM_THREADS; i++) {
        process->threads[i].in_call = hold;
    }
}

/* Words keep their place in the page, so that those that the oracle follows stay followed. */
static void copy_words(struct oracle *to, uint64_t target, const struct oracle *from,
                       uint64_t source, uint64_t bytes)
{
    for (uint64_t page = PAGE_OF(target); page <= PAGE_OF(target + bytes - 1); page++) {
        for (unsigned word = 0; word < ORACLE_WORDS; word++) {
            uint64_t address = (page << PAGE_SHIFT) + oracle_word_offset(word);
            if (address >= target && address < target + bytes) {
                uint64_t there = source + (address - target);
                oracle_write(to, page, word, oracle_read(from, PAGE_OF(there), there % PAGE_BYTES));
            }
        }
    }
}

/* The rest of the block of a space that was begun, piece by piece, as proc has it copied. An error
 * takes the place of the beginning's, and then the space is gone. */
static void copy_rest(struct pager_request *begun, uint64_t bytes)
{
    uint64_t id = begun->result.space_begin.space_id;
    uint64_t copied = begun->result.space_begin.copied;
    while (begun->error == ERR_OK && copied < bytes) {
        struct pager_request more = {
            .label = PAGER_SPACE_COPY,
            .in.space_copy = {.space_id = id,
                              .address = begun->result.space_begin.address + copied,
                              .from_space = begun->in.space_begin.from_space,
                              .from_address = begun->in.space_begin.from_address + copied,
                              .bytes = bytes - copied}};
        port_request(&more, PORT_PROC);
        if (more.error == ERR_OK && more.result.space_copy.copied == 0) {
            model_fail("space_copy copies nothing");
        }
        copied += more.result.space_copy.copied;
        begun->error = more.error;
    }
    if (begun->error != ERR_OK) {
        request_end_space(id);
    }
}

struct sim_process *request_begin_like(struct sim_process *from)
{
    struct known_image *known = &known_images[dice_below(IMAGES_KNOWN)];
    if (known->number == 0) {
        return NULL;
    }
    uint64_t end = stack_of(&known->oracle)->end << PAGE_SHIFT;
    uint64_t most = dice_chance(4) ? STACK_PAGES - 1 : dice_chance(3) ? 3 : 1;
    uint64_t bytes = 8 * dice_between(1, most * PAGE_BYTES / 8);
    uint64_t target = (end - bytes) & ~15ul;
    uint64_t pages = PAGE_OF(target % PAGE_BYTES + bytes - 1) + 1;
    uint64_t page = PAGE_OF(sim_random_address(from));
    const struct oracle_region *region = oracle_find(&from->oracle, page);
    if (region != NULL && page + pages > region->end && region->end - region->start >= pages) {
        page = region->end - pages; /* else hardly any long range could be read */
    }
    uint64_t source = (page << PAGE_SHIFT) + target % PAGE_BYTES;
    if (!may_be_followed(&from->oracle, source, bytes)) {
        return NULL;
    }
    bool readable = may_read(&from->oracle, source, bytes);
    struct pager_request request = {.label = PAGER_SPACE_BEGIN,
                                    .in.space_begin = {.image = known->number,
                                                       .account = REQUEST_ACCOUNT,
                                                       .from_space = from->id,
                                                       .from_address = source,
                                                       .bytes = bytes}};
    hold_threads(from, true);
    port_request(&request, PORT_PROC);
    if (request.error == ERR_OK) {
        copy_rest(&request, bytes);
    }
    hold_threads(from, false);
    if (request.error == PAGER_ERR_NOENT) {
        forget_image(known);
        return NULL;
    }
    if (request.error != ERR_OK) {
        if (readable || request.error != PAGER_ERR_FAULT) {
            request_expect_poor("space_begin", request.error);
        }
        return NULL;
    }
    if (!readable || request.result.space_begin.address != target) {
        model_fail("space_begin copies what it may not, or to 0x%" PRIx64,
                   request.result.space_begin.address);
    }
    struct sim_process *process = request_free_process();
    request_space_is_born(process, request.result.space_begin.space_id);
    process->heap_start = known->heap_start;
    process->heap_break = known->heap_break;
    oracle_copy(&process->oracle, &known->oracle);
    copy_words(&process->oracle, target, &from->oracle, source, bytes);
    sim_counts.images++;
    model_trace("space %" PRIx64 " made of image %" PRIu64, process->id, known->number);
    return process;
}
