/* The checker's hold on the pager. See port.h. */
#include "port.h"

#include <stdlib.h>
#include <string.h>

#include <byre/pager_boot.h>
#include <byre/pager_hook.h>

#include "chunk.h"
#include "fake_calls.h"
#include "fake_kernel.h"
#include "fault.h"
#include "frame.h"
#include "hook.h"
#include "machine.h"
#include "model.h"
#include "object.h"
#include "oracle.h"
#include "promise.h"
#include "region.h"
#include "sim.h"
#include "space.h"
#include "start.h"
#include "table.h"
#include "window.h"

enum {
    FIRST_FRAME = 0x80000, /* memory begins at 2 GiB, as on the machines */
    FILE_PAGES = 64,
    OTHERS_FRAMES = 70, /* init's, the pager's own */
    BOOT_TABLES = 5,
    OBJECT_PAGES = 40,
};

static struct frame_record *frame_records;
static struct chunk_record *chunk_records;

/* The hook that is armed, and whether it went off during the last message. */
static struct {
    bool armed, fired;
    unsigned kind;
} failure;

_Noreturn void pager_fail(const char *file, unsigned line, const char *what)
{
    model_fail("the pager stops: %s at %s:%u", what, file, line);
}

static void table_freed(uint64_t frame)
{
    if (machine_walks_through(frame)) {
        model_fail("table 0x%llx is freed while a hart can still walk through it",
                   (unsigned long long)frame);
    }
}

static void check(err_t error, const char *what)
{
    if (error != ERR_OK) {
        model_fail("%s is answered %d at the start", what, error);
    }
}

/* What boot and init leave: some USER frames in use, a TABLE chunk with tables, an OBJECT chunk. */
static void boot(void)
{
    static const struct fake_hooks beside = { .interleave = sim_interleave,
                                             .flush = machine_flush,
                                             .table_freed = table_freed };
    uint64_t offender = 0;
    fake_start(FIRST_FRAME, model.chunks, &beside);
    fake_calls_start();
    struct fake_authority all = { FIRST_FRAME, (uint64_t)model.chunks * CHUNK_PAGES, RIGHTS_ALL };
    fake_cap_set_memory(PAGER_SLOT_MEMORY, all);
    fake_cap_set_object(PAGER_SLOT_SPACE, OBJECT_SPACE);
    fake_cap_set_object(PAGER_SLOT_NOTIFICATION, OBJECT_NOTIFICATION);
    uint64_t table_chunk = FIRST_FRAME + (uint64_t)(model.chunks - 1) * CHUNK_PAGES;
    check(fake_memory_retype(&all, table_chunk, KIND_TABLE, &offender), "retype");
    check(fake_memory_retype(&all, table_chunk - CHUNK_PAGES, KIND_OBJECT, &offender), "retype");
    for (unsigned i = 1; i < BOOT_TABLES; i++) {
        check(fake_table_create(&all, table_chunk + i, TABLE_LEVEL_LEAF), "table_create");
    }
    for (unsigned page = 0; page < FILE_PAGES; page++) {
        uint64_t *words = fake_frame(FIRST_FRAME + page);
        for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++) {
            words[i] = oracle_file_word(page, i * sizeof(uint64_t));
        }
    }
}

static frame_t chunk_at(unsigned index)
{
    return (frame_t){ (uint32_t)(FIRST_FRAME + index * CHUNK_PAGES) };
}

void port_start(void)
{
    boot();
    pager_window = (uintptr_t)fake_frame(FIRST_FRAME) - ((uintptr_t)FIRST_FRAME << PAGE_SHIFT);
    frame_records = calloc((size_t)model.chunks * CHUNK_PAGES, sizeof(*frame_records));
    chunk_records = calloc(model.chunks, sizeof(*chunk_records));
    frames_start(frame_records, chunk_records, chunk_at(0), model.chunks);
    for (unsigned i = 0; i < model.chunks; i++) {
        frames_add_chunk(chunk_at(i), fake_kind(chunk_at(i).number));
    }
    frames_reserve(chunk_at(0), FILE_PAGES + OTHERS_FRAMES, FRAME_FIXED);
    frames_reserve_tables(chunk_at(model.chunks - 1), BOOT_TABLES);
    hooks = (struct hooks){ .enabled = true };
    chunks_start(FRAME_NONE);
    promises_start(model.overcommit);
    regions_start();
    objects_start(model.seed);
    spaces_start((frame_t){ chunk_at(model.chunks - 2).number + 2 }, OBJECT_PAGES);
    pager_archive = chunk_at(0);
    pager_archive_pages = FILE_PAGES;
    pager_testhooks = true;
    check(faults_start(), "faults_start");
}

void port_stop(void)
{
    free(frame_records);
    free(chunk_records);
    fake_stop();
}

/* ------------------------------------------------------- allocations that fail */
void port_fail_allocation(unsigned k)
{
    failure.armed = true;
    failure.kind = (unsigned)dice_below(PAGER_HOOK_FAIL_KINDS);
    memset(hooks.fail, 0, sizeof(hooks.fail));
    hooks.fail[failure.kind] = k;
}

bool port_allocation_failed(void)
{
    return failure.fired;
}

static void failure_begin(void)
{
    failure.fired = false;
}

static void failure_end(void)
{
    if (failure.armed && hooks.fail[failure.kind] == 0) {
        failure.armed = false;
        failure.fired = true;
    }
}

/* -------------------------------------------------------------------- faults */
static struct fault_step step;

struct port_answer port_fault(uint64_t badge, unsigned kind, uint64_t address, uint64_t pc,
                              uint64_t sp)
{
    (void)pc;
    (void)sp;
    struct space *space = space_find(badge);
    if (space == NULL) {
        model_fail("the pager does not know space 0x%llx", (unsigned long long)badge);
    }
    failure_begin();
    step = (struct fault_step){ 0 };
    fault_resolve(space, kind, address, &step);
    failure_end();
    switch (step.answer) {
    case FAULT_MAP:
        return (struct port_answer){ .verdict = PORT_MAP, .table = step.leaf.number,
                                     .word = step.word };
    case FAULT_AGAIN:
        return (struct port_answer){ .verdict = PORT_FENCE };
    case FAULT_KILL:
        break;
    }
    return (struct port_answer){ .verdict = PORT_FAIL, .reason = step.reason };
}

void port_fault_done(void)
{
    fault_finish(&step);
}

bool port_work(void)
{
    return teardown_slice();
}

unsigned port_space(uint64_t space_id)
{
    const struct space *space = space_find(space_id);
    return space == NULL ? 0 : fake_cap_space(space->cap);
}

/* ------------------------------------------------------------------ requests */
void pager_on_protect(struct pager_request *request);
void pager_on_unmap(struct pager_request *request);
void pager_on_map(struct pager_request *request);
void pager_on_brk(struct pager_request *request);
void pager_on_account_set(struct pager_request *request);
void pager_on_pages_give(struct pager_request *request);
void pager_on_region_add(struct pager_request *request);
void pager_on_space_destroy(struct pager_request *request);
void pager_on_space_fork(struct pager_request *request);
void pager_on_space_create(struct pager_request *request);
void port_request(struct pager_request *request, uint64_t badge)
{
    static void (*const handlers[])(struct pager_request *) = {
        [PAGER_SPACE_CREATE] = pager_on_space_create, [PAGER_SPACE_FORK] = pager_on_space_fork,
        [PAGER_SPACE_DESTROY] = pager_on_space_destroy, [PAGER_REGION_ADD] = pager_on_region_add,
        [PAGER_PAGES_GIVE] = pager_on_pages_give, [PAGER_ACCOUNT_SET] = pager_on_account_set,
        [PAGER_BRK] = pager_on_brk, [PAGER_MAP] = pager_on_map, [PAGER_UNMAP] = pager_on_unmap,
        [PAGER_PROTECT] = pager_on_protect,
    };
    request->badge = badge == 0 ? PAGER_BADGE_TRUSTED : badge;
    failure_begin();
    handlers[request->label](request);
    failure_end();
}
