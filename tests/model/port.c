/* The checker's hold on the pager. See port.h. */
#include "port.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <byre/pager_boot.h>
#include <byre/pager_hook.h>
#include <libsys/ipc.h>

#include "beside.h"
#include "chunk.h"
#include "directory.h"
#include "fake_calls.h"
#include "fake_kernel.h"
#include "fault_near.h"
#include "frame.h"
#include "hook.h"
#include "janitor.h"
#include "machine.h"
#include "model.h"
#include "object.h"
#include "oracle.h"
#include "own.h"
#include "promise.h"
#include "region.h"
#include "request.h"
#include "sim.h"
#include "space.h"
#include "start.h"
#include "table.h"
#include "window.h"

enum {
    FIRST_FRAME = 0x80000, /* memory begins at 2 GiB, as on the machines */
    FILE_PAGES = 64,
    OTHERS_FRAMES = 70, /* init's, the pager's own */
};

enum { REQUESTS_THREAD = PORT_THREADS }; /* the thread of whatever is no fault */

static struct frame_record *frame_records;
static struct chunk_record *chunk_records;
static void *directories;
static struct fake_authority everything;

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

static frame_t chunk_at(unsigned index)
{
    return (frame_t){(uint32_t)(FIRST_FRAME + index * CHUNK_PAGES)};
}

/* ----------------------------------------------------------------- what init leaves */
static void fill_archive(void)
{
    for (unsigned page = 0; page < FILE_PAGES; page++) {
        uint64_t *words = fake_memory_at(FIRST_FRAME + page);
        for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++) {
            words[i] = oracle_file_word(page, i * sizeof(uint64_t));
        }
    }
}

/* The pager's own space, with its window (B2); the tables are the first of the TABLE chunk. Returns
 * the root. */
static uint64_t make_window(uint64_t table_chunk)
{
    unsigned own = 0;
    uint64_t root = table_chunk + 1, middle = table_chunk + 2, replaced = 0;
    uint64_t page = (PAGER_WINDOW >> PAGE_SHIFT) + FIRST_FRAME;
    check(fake_table_create(&everything, root, TABLE_LEVEL_ROOT), "table_create");
    check(fake_table_create(&everything, middle, TABLE_LEVEL_MIDDLE), "table_create");
    check(fake_table_link(&everything, root, page >> 18, middle, 0, &replaced), "table_link");
    for (unsigned i = 0; i < model.chunks; i++) {
        uint64_t first = chunk_at(i).number;
        uint64_t rights = fake_kind(first) == KIND_USER ? MAP_R | MAP_W : MAP_R;
        if (fake_kind(first) != KIND_OBJECT) {
            check(fake_table_map_chunk(&everything, middle, (page >> 9) % TABLE_ENTRIES + i,
                                       first << MAP_FRAME_SHIFT | rights),
                  "table_map_chunk");
        }
    }
    check(fake_space_create(&own), "space_create");
    check(fake_space_set_root(own, &everything, root), "space_set_root");
    fake_cap_set_space(PAGER_SLOT_SPACE, own);
    return root;
}

/* Chunks: USER from the bottom, with the archive in the first; an OBJECT and a TABLE one on top.
 * Returns the first TABLE frame that is free. */
static uint64_t boot(uint64_t *root_out)
{
    static const struct fake_hooks others = {
        .interleave = sim_interleave, .flush = sim_flush, .table_freed = table_freed};
    void *window = (void *)(PAGER_WINDOW + ((uintptr_t)FIRST_FRAME << PAGE_SHIFT));
    uint64_t offender = 0;
    everything =
        (struct fake_authority){FIRST_FRAME, (uint64_t)model.chunks * CHUNK_PAGES, RIGHTS_ALL};
    fake_start(FIRST_FRAME, model.chunks, window, &others);
    fake_calls_start();
    fake_cap_set_memory(PAGER_SLOT_MEMORY, everything);
    fake_cap_set_object(PAGER_SLOT_NOTIFICATION, OBJECT_NOTIFICATION);
    uint64_t table_chunk = chunk_at(model.chunks - 1).number;
    check(fake_memory_retype(&everything, table_chunk, KIND_TABLE, &offender), "retype");
    check(fake_memory_retype(&everything, table_chunk - CHUNK_PAGES, KIND_OBJECT, &offender),
          "retype");
    fill_archive();
    *root_out = make_window(table_chunk);
    /* Others' tables: sometimes so many that the pager must soon make TABLE chunks of its own. */
    uint64_t next = table_chunk + 3;
    uint64_t end = next + (dice_chance(2) ? dice_below(20) : dice_between(380, 508));
    for (; next < end; next++) {
        check(fake_table_create(&everything, next, TABLE_LEVEL_LEAF), "table_create");
    }
    return next;
}

static struct fault_reach reach; /* kept from fault to fault, as the main loop does */

void port_start(void)
{
    port_alone();
    beside.threads = PORT_THREADS + 1;
    serving_thread = REQUESTS_THREAD;
    uint64_t root = 0;
    uint64_t table_next = boot(&root);
    uint32_t object_pages = (uint32_t)dice_below(2);
    pager_window = (uintptr_t)fake_memory_at(FIRST_FRAME) - ((uintptr_t)FIRST_FRAME << PAGE_SHIFT);
    frame_records = calloc((size_t)model.chunks * CHUNK_PAGES, sizeof(*frame_records));
    chunk_records = calloc(model.chunks, sizeof(*chunk_records));
    struct directory_lengths lengths =
        directory_lengths_for((uint64_t)model.chunks * CHUNK_PAGES, FAKE_SPACES_MAX);
    directories = malloc(directory_bytes(&lengths));
    directory_start(directories, &lengths);
    frames_start(frame_records, chunk_records, chunk_at(0), model.chunks);
    for (unsigned i = 0; i < model.chunks; i++) {
        frames_add_chunk(chunk_at(i), fake_kind(chunk_at(i).number));
    }
    frames_reserve(chunk_at(0), FILE_PAGES + OTHERS_FRAMES, FRAME_FIXED);
    frames_reserve_tables(chunk_at(model.chunks - 1), (unsigned)(table_next % CHUNK_PAGES));
    hooks = (struct hooks){.enabled = true};
    memset(&failure, 0, sizeof(failure));
    /* Where the host has the window's address free, its entries are kept too (N2). */
    chunks_start(pager_window == PAGER_WINDOW ? (frame_t){(uint32_t)root} : FRAME_NONE);
    promises_start(model.overcommit);
    regions_start();
    objects_start(model.seed);
    frame_t objects = chunk_at(model.chunks - 2);
    own_start((frame_t){objects.number + CHUNK_PAGES - OWN_OBJECT_PAGES});
    spaces_start((frame_t){objects.number + 2}, object_pages);
    pager_archive = chunk_at(0);
    pager_archive_pages = FILE_PAGES;
    pager_testhooks = true;
    check(faults_start(), "faults_start");
}

void port_stop(void)
{
    free(frame_records);
    free(chunk_records);
    free(directories);
    fake_stop();
}

/* ------------------------------------------------------- allocations that fail */
/* Beside the hooks' kinds: a table's count that is full. */
enum { FAIL_COUNT = PAGER_HOOK_FAIL_KINDS, FAIL_KINDS };

void port_fail_allocation(unsigned k)
{
    memset(hooks.fail, 0, sizeof(hooks.fail));
    fake_refuse_count(0);
    failure.armed = true;
    failure.kind = (unsigned)dice_below(FAIL_KINDS);
    if (failure.kind == FAIL_COUNT) {
        fake_refuse_count(k);
    } else {
        hooks.fail[failure.kind] = k;
    }
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
    unsigned due = failure.kind == FAIL_COUNT ? fake_refusal_due() : hooks.fail[failure.kind];
    if (failure.armed && due == 0) {
        failure.armed = false;
        failure.fired = true;
    }
}

/* -------------------------------------------------------------------- faults */
static struct fault_step step;

static struct port_answer answer_of(const struct fault_step *resolved)
{
    switch (resolved->answer) {
    case FAULT_MAP:
        return (struct port_answer){
            .verdict = PORT_MAP, .table = resolved->leaf, .word = (uint32_t)resolved->word};
    case FAULT_AGAIN:
        return (struct port_answer){.verdict = PORT_FENCE};
    case FAULT_KILL:
        break;
    }
    return (struct port_answer){.verdict = PORT_FAIL, .reason = resolved->reason};
}

static void check_known(uint64_t badge)
{
    if (space_find(badge) == NULL) {
        model_fail("the pager does not know space 0x%llx", (unsigned long long)badge);
    }
}

struct port_answer port_fault(uint64_t badge, unsigned kind, uint64_t address)
{
    check_known(badge);
    failure_begin();
    fault_resolve_near(&reach, badge, kind, address, &step);
    fault_fill(&step);
    failure_end();
    return answer_of(&step);
}

void port_fault_done(void)
{
    fault_finish(&step);
}

static struct fault_step steps[PORT_THREADS];
static jmp_buf waits;
static bool serves_fault;

struct port_answer port_fault_out(unsigned thread, uint64_t badge, unsigned kind, uint64_t address)
{
    check_known(badge);
    failure_begin();
    serves_fault = true;
    if (setjmp(waits) != 0) {
        serves_fault = false;
        return (struct port_answer){.verdict = PORT_WAITS};
    }
    beside_resolve(badge, kind, address, &steps[thread]);
    serves_fault = false;
    failure_end();
    beside_put(thread, badge, &steps[thread]);
    return answer_of(&steps[thread]);
}

void port_fault_fill(unsigned thread)
{
    fault_fill(&steps[thread]);
}

void port_fault_back(unsigned thread)
{
    beside_done(thread);
}

/* As the main loop does it before what may look at any space. */
void port_alone(void)
{
    fault_reach_empty(&reach);
    beside_alone();
}

/* That of a fork is not: who waits for it is left where it waits. */
bool beside_reply_is_done(unsigned thread)
{
    if (thread == REQUESTS_THREAD) {
        if (!serves_fault) {
            model_fail("a request waits for a fork that waits for that request");
        }
        longjmp(waits, 1);
    }
    return sim_reply_is_done(thread);
}

/* The other threads have the lock for a while. */
unsigned beside_go_out(uint64_t parent_id, uint64_t child_id)
{
    beside_hold(REQUESTS_THREAD, parent_id, child_id);
    sim_serve_others();
    return REQUESTS_THREAD;
}

void beside_come_back(unsigned thread)
{
    beside_done(thread);
}

void beside_let_run(void)
{
    sim_let_run();
}

/* What the main loop does when no message waits. */
bool port_work(void)
{
    return teardown_step() || promise_adjust_chunks();
}

void port_settle(void)
{
    while (port_work() || teardown_slice()) {
    }
}

/* The janitor: a chunk changes when somebody wants it to be over. */
void janitor_wake(void)
{
}

void janitor_halt(void)
{
}

void janitor_restart(void)
{
}

cap_t port_device_cap(void)
{
    fake_cap_set_device(SLOT_ACCEPT,
                        (struct fake_authority){PORT_DEVICE_FRAME, PORT_DEVICE_FRAMES, RIGHTS_ALL});
    return SLOT_ACCEPT;
}

uint64_t port_free_frames(void)
{
    return frames.totals.user_free;
}

unsigned port_space(uint64_t space_id)
{
    const struct space *space = space_find(space_id);
    return space == NULL ? 0 : fake_cap_space(space->cap);
}

void port_request(struct pager_request *request, uint64_t badge)
{
    request->badge = badge;
    fault_reach_empty(&reach);
    beside_alone_for(request);
    failure_begin();
    (void)request_serve(request);
    failure_end();
    if (request->error != ERR_OK) {
        return;
    }
    cap_t slot = request->send_cap & UINT16_MAX;
    if (slot != 0 && fake_cap_is_empty(slot)) {
        model_fail("request %llu sends an empty slot", (unsigned long long)request->label);
    }
    if (slot >= PAGER_SLOT_SPACES && request->send_cap != ipc_cap_reduced(slot, RIGHT_BIND)) {
        model_fail("request %llu gives more of a space than BIND",
                   (unsigned long long)request->label);
    }
}
