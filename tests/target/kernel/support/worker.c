/* The threads of a kernel test, and how they fault. See world.h. */
#include "support/test.h"
#include "support/world.h"

enum { WORKER_FRAMES = 2, JOIN_MS = 2000 };

void worker_start(void); /* start.S */

uint64_t ticks_of_ms(uint64_t ms)
{
    return ms * boot_info()->timebase_hz / 1000;
}

struct worker *worker_new(void (*run)(struct worker *))
{
    uint64_t first = frame_new();
    for (unsigned i = 1; i < WORKER_FRAMES; i++) {
        (void)frame_new();
    }
    struct worker *worker = frame_pointer(first);
    uint64_t *words = frame_pointer(first);
    for (unsigned i = 0; i < WORKER_FRAMES * PAGE_BYTES / 8; i++) {
        words[i] = 0;
    }
    worker->run = run;
    worker->thread = object_new(OBJECT_THREAD, 0);
    worker->done = object_new(OBJECT_NOTIFICATION, 0);
    return worker;
}

void worker_configure(struct worker *worker, uint64_t space_slot, unsigned priority, unsigned flags)
{
    uint64_t space = space_slot == 0 ? INIT_SLOT_SPACE : space_slot;
    EXPECT_OK(SYS(THREAD_CONFIGURE, worker->thread, space, INIT_SLOT_CAPTABLE, worker->endpoint,
                  (uint64_t)worker, priority, flags));
}

void worker_start_at(struct worker *worker)
{
    uint64_t top = (uint64_t)worker + WORKER_FRAMES * PAGE_BYTES;
    EXPECT_OK(SYS(THREAD_START, worker->thread, (uint64_t)worker_start, top, 0x7ea,
                  (uint64_t)worker, 0xa1));
}

void worker_begin(struct worker *worker, uint64_t space_slot, unsigned priority)
{
    uint64_t top = (uint64_t)worker + WORKER_FRAMES * PAGE_BYTES;
    EXPECT_OK(SYS(THREAD_BEGIN, worker->thread, space_slot, INIT_SLOT_CAPTABLE, worker->endpoint,
                  (uint64_t)worker, priority, 0, (uint64_t)worker_start, top, 0x7ea,
                  (uint64_t)worker, 0xa1));
}

void worker_go(struct worker *worker, uint64_t space_slot, unsigned priority)
{
    worker_configure(worker, space_slot, priority, 0);
    worker_start_at(worker);
}

void worker_main(struct worker *worker)
{
    worker->run(worker);
    worker->finished = true;
    (void)SYS(SIGNAL, worker->done);
    for (;;) {
        (void)SYS(THREAD_SUSPEND, worker->thread);
    }
}

bool worker_join(struct worker *worker)
{
    uint64_t deadline = time_now() + ticks_of_ms(JOIN_MS);
    while (!worker->finished) {
        err_t error = SYS(WAIT, worker->done, deadline);
        if (error != ERR_OK && !worker->finished) {
            fail("a worker does not end: wait answers %u, thread state %lu", (unsigned)error,
                 worker_state(worker));
            return false;
        }
    }
    return true;
}

uint64_t worker_state(struct worker *worker)
{
    uint64_t out[CALL_RESULTS];
    err_t error = SYS_OUT(out, THREAD_INFO, worker->thread);
    EXPECT_OK(error);
    return error == ERR_OK ? out[0] : (uint64_t)-1;
}

void pause_ticks(uint64_t ticks)
{
    EXPECT_ERROR(SYS(WAIT, pause_notification, time_now() + ticks), ERR_TIMEOUT);
}

void worker_settle(struct worker *worker, uint64_t state)
{
    uint64_t deadline = time_now() + ticks_of_ms(JOIN_MS);
    while (worker_state(worker) != state) {
        if (time_now() > deadline) {
            fail("a worker is in state %lu, not %lu", worker_state(worker), state);
            return;
        }
        pause_ticks(ticks_of_ms(1));
    }
}

bool fault_catch(struct worker *worker, uint64_t space_slot, struct fault *fault_out)
{
    worker->endpoint = object_new(OBJECT_ENDPOINT, 0);
    uint64_t reply = object_new(OBJECT_REPLY, 0);
    worker_go(worker, space_slot, WORKER_PRIORITY);
    struct message m = {
        .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(JOIN_MS)};
    err_t error = ipc(SYS_RECEIVE, worker->endpoint, &m);
    EXPECT_OK(error);
    if (error != ERR_OK) {
        return false;
    }
    EXPECT_EQUAL(m.info, IPC_INFO_FAULT | IPC_INFO_CALL);
    *fault_out = (struct fault){m.w[0], m.w[1], m.w[2], m.w[3], m.badge};
    struct message answer = {.flags = IPC_FAIL};
    EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    EXPECT_EQUAL(worker_state(worker), STATE_FAULTED);
    return true;
}
