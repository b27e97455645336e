/* The queue of faults, and the pager's threads that serve them: one after the other, or beside one
 * another. See sim.h. */
#include <inttypes.h>
#include <string.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

#include "fake_kernel.h"
#include "model.h"
#include "port.h"
#include "sim.h"

/* One of the pager's threads, whose answer to a fault is out. */
static struct {
    bool busy, filled, replied;
    uint64_t process;   /* whose fault: its id, */
    unsigned thread;    /* and which of its threads, */
    uint64_t queued_at; /* that is, of those that were this one */
    struct port_answer answer;
} out[PORT_THREADS];

static uint64_t queue_order;
uint64_t sim_filled_page;

/* --------------------------------------------------------------- fault queue */
void sim_faults_start(void)
{
    memset(out, 0, sizeof(out));
    queue_order = 0;
    sim_filled_page = 0;
}

void sim_queue_fault(struct sim_thread *thread)
{
    thread->waits = true; /* S1 */
    thread->queued_at = ++queue_order;
}

static bool take_fault(struct sim_process **process_out, struct sim_thread **thread_out)
{
    uint64_t first = UINT64_MAX;
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        struct sim_process *process = &sim_processes[i];
        for (unsigned t = 0; process->live && t < SIM_THREADS; t++) {
            struct sim_thread *thread = &process->threads[t];
            /* Priorities reorder the queue now and then. */
            if (thread->exists && thread->waits && !thread->served &&
                (thread->queued_at < first || dice_chance(6))) {
                first = thread->queued_at;
                *process_out = process;
                *thread_out = thread;
            }
        }
    }
    return first != UINT64_MAX;
}

/* The kernel's half of a fault's answer: the map item, and the fence it implies. */
static void install(const struct sim_process *process, const struct sim_thread *thread,
                    const struct port_answer *answer)
{
    static const struct fake_authority everything = {0, UINT64_MAX, RIGHT_BIND | RIGHT_WRITE};
    uint64_t index = (thread->address >> PAGE_SHIFT) % TABLE_ENTRIES;
    uint64_t done = 0;
    uint64_t old = fake_entries(answer->table)[index];
    err_t err = fake_table_map(&everything, answer->table, index, 1, &answer->word, &done);
    if (err != ERR_OK) {
        model_fail("the kernel refuses the map item of a fault's answer: error %d", err);
    }
    if (old & PTE_V) {
        machine_flush(process->space, thread->address & ~(uint64_t)(PAGE_BYTES - 1), 1);
    }
}

static void check_refusal(const struct sim_process *process, const struct sim_thread *thread,
                          const struct port_answer *answer)
{
    unsigned needed = sim_rights_needed(thread->access);
    uint64_t page = thread->address >> PAGE_SHIFT;
    const struct oracle_region *region = oracle_find(&process->oracle, page);
    bool allowed = (sim_rights_at(process, page) & needed) == needed;
    bool poor = answer->reason == PAGER_REASON_NO_MEMORY;
    if (allowed && !poor) {
        model_fail("process %" PRIx64 ": access %d to 0x%" PRIx64 " is refused (reason %u)",
                   process->id, thread->access, thread->address, answer->reason);
    }
    bool may_be_poor = model.overcommit || port_allocation_failed() ||
                       (region != NULL && (region->flags & REGION_STACK));
    if (allowed && poor && !may_be_poor) {
        model_fail("process %" PRIx64 ": a store to 0x%" PRIx64 " finds no memory, against the "
                   "promise",
                   process->id, thread->address);
    }
    if (!allowed && poor && !may_be_poor) {
        model_fail("process %" PRIx64 ": a refused access took memory", process->id);
    }
}

static void end_thread(struct sim_process *process, struct sim_thread *thread)
{
    unsigned left = 0;
    memset(thread, 0, sizeof(*thread));
    for (unsigned t = 0; t < SIM_THREADS; t++) {
        left += process->threads[t].exists;
    }
    if (left == 0) {
        sim_end(process);
    }
}

static void check_answered(const struct sim_process *process, const struct sim_thread *thread,
                           const struct port_answer *answer)
{
    unsigned needed = sim_rights_needed(thread->access);
    unsigned rights = sim_rights_at(process, thread->address >> PAGE_SHIFT);
    model_trace("fault of %" PRIx64 ", access %d at 0x%" PRIx64 ": verdict %d reason %u",
                process->id, thread->access, thread->address, answer->verdict, answer->reason);
    sim_counts.faults++;
    if (answer->verdict != PORT_FAIL && (rights & needed) != needed) {
        model_fail("process %" PRIx64 ": access %d to 0x%" PRIx64 " is answered, rights are %u",
                   process->id, thread->access, thread->address, rights);
    }
}

static struct sim_process *process_of(uint64_t id)
{
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        if (sim_processes[i].live && sim_processes[i].id == id) {
            return &sim_processes[i];
        }
    }
    return NULL;
}

/* What is not the map item's: the fence, or the end (S3). */
static void take_other_answer(struct sim_process *process, struct sim_thread *thread,
                              const struct port_answer *answer)
{
    if (answer->verdict == PORT_FENCE) {
        sim_counts.fences++;
        machine_flush(process->space, thread->address & ~(uint64_t)(PAGE_BYTES - 1), 1);
        thread->waits = false;
        return;
    }
    check_refusal(process, thread, answer);
    sim_counts.kills++;
    sim_counts.ended_by_memory += answer->reason == PAGER_REASON_NO_MEMORY;
    sim_end(process);
}

static void serve_alone(struct sim_process *process, struct sim_thread *thread, unsigned kind)
{
    struct port_answer answer = port_fault(process->id, kind, thread->address);
    bool is_map = answer.verdict == PORT_MAP;
    check_answered(process, thread, &answer);
    if (is_map && !sim_is_filling && dice_chance(60)) { /* it is gone before the reply */
        port_fault_done();
        end_thread(process, thread);
    } else if (is_map) {
        sim_counts.maps++;
        install(process, thread, &answer);
        port_fault_done();
        thread->waits = false;
    } else {
        port_fault_done();
        take_other_answer(process, thread, &answer);
    }
}

/* ---------------------------------------------------- faults beside one another */
/* The kernel does the reply, if there still is somebody to reply to. */
static void reply(unsigned port)
{
    struct sim_process *process = process_of(out[port].process);
    struct sim_thread *thread = process != NULL ? &process->threads[out[port].thread] : NULL;
    if (thread != NULL && thread->served && thread->queued_at == out[port].queued_at) {
        sim_counts.maps++;
        install(process, thread, &out[port].answer);
        thread->waits = false;
        thread->served = false;
    }
    out[port].replied = true;
}

/* The next thing that the pager's thread does; what needs the lock, only if it may have that. Of
 * two threads that are in the kernel one waits for the other. */
static void go_on(unsigned port, bool with_lock)
{
    static bool in_kernel;
    if (in_kernel) {
        return;
    }
    in_kernel = true;
    if (!out[port].filled) {
        port_fault_fill(port);
        out[port].filled = true;
    } else if (!out[port].replied) {
        reply(port);
    } else if (with_lock) {
        port_fault_back(port);
        out[port].busy = false;
    }
    in_kernel = false;
}

static bool somebody_goes_on(bool with_lock)
{
    unsigned start = (unsigned)dice_below(PORT_THREADS);
    for (unsigned i = 0; i < PORT_THREADS; i++) {
        unsigned port = (start + i) % PORT_THREADS;
        if (out[port].busy && (with_lock || !out[port].replied)) {
            go_on(port, with_lock);
            return true;
        }
    }
    return false;
}

bool sim_reply_is_done(unsigned port)
{
    return out[port].replied;
}

/* Programs run, and faults are served, as far as the pager's other threads get. */
void sim_serve_others(void)
{
    for (uint64_t events = model.beside ? dice_below(60) : 0; events > 0; events--) {
        if (dice_chance(2)) {
            sim_interleave();
        } else {
            sim_serve_fault();
        }
    }
}

void sim_reply_beside(void)
{
    (void)somebody_goes_on(false);
}

void sim_let_run(void)
{
    if (!somebody_goes_on(false)) {
        model_fail("the pager waits for threads that have all replied");
    }
    sim_interleave();
}

/* The thread of a fault that is being answered ends before it is. */
static void lose_somebody(void)
{
    const unsigned port = (unsigned)dice_below(PORT_THREADS);
    struct sim_process *process = out[port].busy ? process_of(out[port].process) : NULL;
    if (process != NULL && process->threads[out[port].thread].served && !sim_is_filling) {
        end_thread(process, &process->threads[out[port].thread]);
    }
}

static void serve_beside(struct sim_process *process, struct sim_thread *thread, unsigned kind)
{
    unsigned port = 0;
    while (port < PORT_THREADS && out[port].busy) {
        port++;
    }
    if (port == PORT_THREADS) {
        somebody_goes_on(true);
        return;
    }
    struct port_answer answer = port_fault_out(port, process->id, kind, thread->address);
    if (answer.verdict == PORT_WAITS) {
        thread->queued_at = ++queue_order; /* others come first */
        return;
    }
    check_answered(process, thread, &answer);
    if (answer.verdict != PORT_MAP) {
        take_other_answer(process, thread, &answer);
        return;
    }
    memset(&out[port], 0, sizeof(out[port]));
    out[port].busy = true;
    out[port].process = process->id;
    out[port].thread = (unsigned)(thread - process->threads);
    out[port].queued_at = thread->queued_at;
    out[port].answer = answer;
    thread->served = true;
    sim_filled_page = thread->address >> PAGE_SHIFT;
}

void sim_serve_fault(void)
{
    static const unsigned kinds[] = {[ACCESS_LOAD] = FAULT_PAGE_READ,
                                     [ACCESS_STORE] = FAULT_PAGE_WRITE,
                                     [ACCESS_AMO] = FAULT_PAGE_WRITE,
                                     [ACCESS_FETCH] = FAULT_PAGE_EXECUTE};
    struct sim_process *process = NULL;
    struct sim_thread *thread = NULL;
    if (model.beside && dice_chance(60)) {
        lose_somebody();
    }
    if (model.beside && dice_chance(2) && somebody_goes_on(true)) {
        return;
    }
    if (!take_fault(&process, &thread)) {
        somebody_goes_on(true);
    } else if (model.beside) {
        serve_beside(process, thread, kinds[thread->access]);
    } else {
        serve_alone(process, thread, kinds[thread->access]);
    }
}
