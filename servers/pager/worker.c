/* The pager's threads; the contract is in worker.h. */
#include "worker.h"

#include <byre/gen/calls.h>
#include <byre/pager_boot.h>

unsigned worker_count = 1;

bool worker_is_back[PAGER_THREADS_MAX];

void workers_start(uint64_t threads, void (*live)(uint64_t thread))
{
    PAGER_ASSERT(threads >= 1 && threads <= PAGER_THREADS_MAX);
    worker_count = (unsigned)threads;
    beside.threads = threads > 1 ? (unsigned)threads : 0;
    for (uint64_t i = 1; i < threads; i++) {
        err_t error =
            byre_thread_start(PAGER_SLOT_THREAD + i, (uintptr_t)live, pager_stack_top(i), 0, i, 0);
        PAGER_ASSERT(error == ERR_OK);
    }
}

struct worker worker_begin(unsigned thread)
{
    struct worker w = {.thread = thread,
                       .is_alone = worker_count == 1,
                       .reply = PAGER_SLOT_REPLY + thread,
                       .accept = SLOT_ACCEPT + thread};
    if (!w.is_alone) {
        worker_take_lock(&w, false);
    }
    return w;
}

/* The kernel does a reply and what follows under its own lock: whoever is seen receiving has
 * replied, with fence and all. */
bool beside_reply_is_done(unsigned thread)
{
    if (__atomic_load_n(&worker_is_back[thread], __ATOMIC_ACQUIRE)) {
        return true;
    }
    uint64_t state, priority, run_ticks, faults, hart;
    err_t error =
        byre_thread_info(PAGER_SLOT_THREAD + thread, &state, &priority, &run_ticks, &faults, &hart);
    PAGER_ASSERT(error == ERR_OK);
    return state == THREAD_RECEIVING;
}

unsigned beside_go_out(uint64_t parent_id, uint64_t child_id)
{
    unsigned thread = serving_thread;
    beside_hold(thread, parent_id, child_id);
    __atomic_store_n(&worker_is_back[thread], false, __ATOMIC_RELAXED);
    lock_give();
    return thread;
}

void beside_come_back(unsigned thread)
{
    __atomic_store_n(&worker_is_back[thread], true, __ATOMIC_RELEASE);
    lock_take();
    serving_thread = thread;
    beside_done(thread);
}

void beside_let_run(void)
{
    err_t error = byre_yield();
    PAGER_ASSERT(error == ERR_OK);
}
