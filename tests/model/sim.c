/* What happens: the dice choose a thread's access, a queued fault, a request. See sim.h. */
#include "sim.h"

#include <inttypes.h>
#include <string.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

#include "fake_kernel.h"
#include "model.h"
#include "port.h"
#include "requests.h"

struct sim_process sim_processes[SIM_PROCESSES];
struct sim_transition sim_transition;
struct sim_counts sim_counts;
unsigned sim_process_limit;
struct sim_snapshot sim_snapshot;
static bool pager_is_busy; /* it never has a quiet moment for what it put off */
static unsigned nesting;   /* others run beside the pager, not beside themselves */

void sim_start(void)
{
    memset(sim_processes, 0, sizeof(sim_processes));
    memset(&sim_transition, 0, sizeof(sim_transition));
    memset(&sim_counts, 0, sizeof(sim_counts));
    machine_start();
    pager_is_busy = dice_chance(3);
    sim_process_limit = dice_chance(2) ? SIM_PROCESSES : (unsigned)dice_between(2, 6);
    memset(&sim_snapshot, 0, sizeof(sim_snapshot));
    sim_hot_address = 0;
    sim_faults_start();
    nesting = 0;
}

static struct sim_thread *random_thread(struct sim_process *process)
{
    unsigned start = (unsigned)dice_below(SIM_THREADS);
    for (unsigned i = 0; i < SIM_THREADS; i++) {
        struct sim_thread *thread = &process->threads[(start + i) % SIM_THREADS];
        if (thread->exists && !thread->waits && !thread->in_call) {
            return thread;
        }
    }
    return NULL;
}

static void run_somebody(void)
{
    bool sibling = sim_snapshot.process != NULL && !sim_snapshot.rests && dice_chance(2);
    struct sim_process *process = sibling ? sim_snapshot.process : sim_random_process();
    bool rests = sim_snapshot.rests && process == sim_snapshot.process;
    struct sim_thread *thread = process == NULL || rests ? NULL : random_thread(process);
    if (thread != NULL) {
        sim_run_thread(process, thread);
    }
}

static void speculate(void)
{
    struct sim_process *process = sim_random_process();
    if (process != NULL) {
        machine_speculate((unsigned)dice_below(MACHINE_HARTS), process->space,
                          sim_random_address(process));
    }
}

void sim_interleave(void)
{
    unsigned one_in = model.fierce ? 2 : 6;
    if (sim_snapshot.process != NULL) {
        one_in = sim_snapshot.one_in;
    }
    if (nesting != 0 || !dice_chance(one_in)) {
        return;
    }
    nesting++;
    uint64_t events = dice_below(model.fierce ? 24 : 8);
    for (uint64_t i = 0; i < events; i++) {
        if (dice_chance(2)) {
            speculate();
        } else if (model.beside && dice_chance(4)) {
            sim_reply_beside();
        } else {
            run_somebody();
        }
    }
    nesting--;
}

void sim_flush(unsigned space, uint64_t address, uint64_t pages)
{
    machine_flush(space, address, pages);
    if (sim_snapshot.process != NULL && sim_snapshot.process->space == space && pages == 0) {
        if (sim_snapshot.taken) {
            oracle_end(&sim_snapshot.oracle);
        }
        oracle_copy(&sim_snapshot.oracle, &sim_snapshot.process->oracle);
        sim_snapshot.taken = true;
        sim_interleave(); /* other harts run on before the pager reads a page */
    }
}

void sim_check_caches(void)
{
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        uint64_t address = 0;
        const struct sim_process *process = &sim_processes[i];
        const char *breach = process->live ? machine_breach(process->space, &address) : NULL;
        if (breach != NULL) {
            model_fail("process %" PRIx64 " at 0x%" PRIx64 ": %s", process->id, address, breach);
        }
    }
}

void sim_forget(struct sim_process *process)
{
    oracle_end(&process->oracle);
    memset(process, 0, sizeof(*process));
}

static void check_after_pager(void)
{
    if (dice_chance(model.fierce ? 2 : 8)) {
        sim_check_caches();
    }
}

void sim_step(void)
{
    uint64_t roll = dice_below(100);
    if (roll < 48) {
        run_somebody();
    } else if (roll < 53) {
        speculate();
    } else if (roll < 84) {
        sim_serve_fault();
        check_after_pager();
    } else if (roll < 90) {
        if (!pager_is_busy) {
            (void)port_work();
        }
        check_after_pager();
    } else {
        requests_step();
        check_after_pager();
    }
}

void sim_stop(void)
{
    for (unsigned i = 0; i < SIM_PROCESSES; i++) {
        if (sim_processes[i].live) {
            sim_end(&sim_processes[i]);
        }
    }
    port_settle();
}
