/* Which request comes next, and what they share. */
#include "requests.h"

#include <inttypes.h>
#include <string.h>

#include "books.h"
#include "fake_kernel.h"
#include "machine.h"
#include "model.h"
#include "port.h"
#include "requests_internal.h"

/* Answers that say "there is not enough", whether by promise or by an injected failure. */
bool request_is_poor(err_t error)
{
    return error == PAGER_ERR_NOMEM || error == PAGER_ERR_AGAIN;
}

void request_expect_poor(const char *what, err_t error)
{
    if (!request_is_poor(error)) {
        model_fail("%s is answered %d", what, error);
    }
}

struct pager_request request_ask(uint64_t label, uint64_t badge, uint64_t w0, uint64_t w1,
                                 uint64_t w2)
{
    struct pager_request request = {.label = label, .w = {w0, w1, w2}};
    port_request(&request, badge);
    sim_counts.requests++;
    sim_counts.refused += request.error != ERR_OK;
    return request;
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

/* ------------------------------------------------------------ looking, auditing */
/* What a debugger reads is what the process would. */
static void debug_read(const struct sim_process *process)
{
    uint64_t address = sim_random_address(process);
    uint64_t page = PAGE_OF(address);
    struct pager_request request =
        request_ask(PAGER_DEBUG_READ, PORT_PROC, process->id, address, 0);
    const struct oracle_region *region = oracle_find(&process->oracle, page);
    if ((request.error == ERR_OK) != (region != NULL && !region->is_device)) {
        model_fail("debug_read of 0x%" PRIx64 " is answered %d", address, request.error);
    }
    if (region != NULL && !region->is_device &&
        request.result.debug_read.value !=
            oracle_read(&process->oracle, page, address % PAGE_BYTES)) {
        model_fail("debug_read of 0x%" PRIx64 " of process %" PRIx64 " gives 0x%" PRIx64, address,
                   process->id, request.result.debug_read.value);
    }
}

static void look_on(const struct sim_process *process)
{
    debug_read(process);
    if (dice_chance(20)) {
        request_refused(process);
    }
    if (dice_chance(4)) {
        struct pager_request request = request_ask(PAGER_SPACE_STATISTICS, process->id, 0, 0, 0);
        if (request.error != ERR_OK || request.result.space_statistics.tables == 0) {
            model_fail("space_statistics is answered %d", request.error);
        }
    }
}

/* The auditor sees every USER and TABLE frame, read-only, while the pager holds still. */
static void check_window(const struct sim_process *process, const struct pager_request *begun)
{
    uint64_t first = begun->result.audit_begin.frames_first;
    for (int i = 0; i < 20; i++) {
        uint64_t frame = first + dice_below(begun->result.audit_begin.frames_total);
        uint64_t entry = machine_walk(process->space, begun->result.audit_begin.window_address +
                                                          (frame << PAGE_SHIFT));
        bool open = fake_kind(frame) == KIND_USER || fake_kind(frame) == KIND_TABLE;
        if (open != (entry != 0) || (open && fake_entry_frame(entry) != frame) ||
            (entry & (PTE_W | PTE_X))) {
            model_fail("the audit window shows frame 0x%" PRIx64 " by 0x%" PRIx64, frame, entry);
        }
        machine_speculate((unsigned)dice_below(MACHINE_HARTS), process->space,
                          begun->result.audit_begin.window_address + (frame << PAGE_SHIFT));
    }
}

static void audit(const struct sim_process *process)
{
    struct pager_request begun =
        request_ask(PAGER_AUDIT_BEGIN, process->id | PAGER_BADGE_AUDIT, 0, 0, 0);
    if (begun.error != ERR_OK) {
        request_expect_poor("audit_begin", begun.error);
        return;
    }
    sim_counts.audits++;
    check_window(process, &begun);
    if (dice_chance(3)) {
        books_check();
    }
    if (request_ask(PAGER_AUDIT_END, 0, 0, 0, 0).error != ERR_OK) {
        model_fail("audit_end is refused");
    }
    sim_check_caches();
}

void requests_start(void)
{
    struct pager_request request =
        request_ask(PAGER_ACCOUNT_SET, PORT_PROC, REQUEST_ACCOUNT, 1u << 30, 1u << 30);
    if (request.error != ERR_OK) {
        model_fail("account_set is answered %d", request.error);
    }
}

void requests_stop(void)
{
    request_forget_images();
    struct pager_request request = request_ask(PAGER_ACCOUNT_SET, PORT_PROC, REQUEST_ACCOUNT, 0, 0);
    if (request.error != ERR_OK) {
        model_fail("account_set is answered %d", request.error);
    }
}

/* How often each is chosen, of the sum. */
static const struct {
    void (*call)(struct sim_process *, struct sim_thread *);
    unsigned weight;
} kinds[] = {
    {request_fork, 8},    {request_exit, 3},   {request_exec, 3},  {request_new, 2},
    {request_thread, 10}, {request_map, 9},    {request_unmap, 7}, {request_protect, 6},
    {request_carve, 1},   {request_device, 2}, {request_hog, 1},   {request_break, 6},
    {request_share, 4},
};

static void one_call(struct sim_process *process)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        sum += kinds[i].weight;
    }
    unsigned roll = (unsigned)dice_below(sum), i = 0;
    while (roll >= kinds[i].weight) {
        roll -= kinds[i++].weight;
    }
    make_call(process, kinds[i].call);
}

void requests_step(void)
{
    if (model.shortage && dice_chance(8)) {
        port_fail_allocation((unsigned)dice_between(1, 12));
    }
    struct sim_process *process = sim_random_process();
    if (process == NULL) {
        request_new(NULL, NULL);
    } else if (dice_chance(8)) {
        look_on(process);
    } else if (dice_chance(120)) {
        audit(process);
    } else {
        one_call(process);
    }
}
