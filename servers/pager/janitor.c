/* The thread below all others; the contract is in janitor.h. */
#include "janitor.h"

#include "chunk.h"
#include "kernel.h"
#include "own.h"
#include "request.h"

enum { JANITOR_STACK_BYTES = 2048 };

static _Alignas(16) uint8_t stack[JANITOR_STACK_BYTES];
static uint32_t awake; /* set by the others with a signal, cleared by the janitor before it waits */

/* Is there something to signal for? Read anew each time: others change it. */
static bool something_waits(void)
{
    const volatile struct pager_state *state = &pager_state;
    return state->dead.number != 0 || state->dead_objects != NULL || chunk_is_changing();
}

/* Its whole life. It looks once more after it has said that it sleeps, for others may have
 * relied on its being awake. */
static void live(void)
{
    for (;;) {
        err_t error = ERR_OK;
        while (something_waits()) {
            chunk_change_work();
            error = byre_signal(PAGER_SLOT_NOTIFICATION);
            PAGER_ASSERT(error == ERR_OK);
        }
        __atomic_store_n(&awake, 0, __ATOMIC_SEQ_CST);
        if (something_waits()) {
            continue;
        }
        uint64_t bits;
        error = byre_wait(SLOT_JANITOR_WAKE, DEADLINE_NEVER, &bits);
        PAGER_ASSERT(error == ERR_OK);
    }
}

void janitor_start(void)
{
    own_make(OWN_THREAD, SLOT_JANITOR_THREAD);
    own_make(OWN_WAKE, SLOT_JANITOR_WAKE);
    own_make(OWN_REPLY, SLOT_SECOND_REPLY);
    err_t error = byre_thread_configure(SLOT_JANITOR_THREAD, PAGER_SLOT_SPACE, PAGER_SLOT_CAPTABLE,
                                        0, 0, JANITOR_PRIORITY, 0);
    PAGER_ASSERT(error == ERR_OK);
    janitor_restart();
}

void janitor_restart(void)
{
    awake = 1;
    err_t error = byre_thread_start(SLOT_JANITOR_THREAD, (uintptr_t)live,
                                    (uintptr_t)stack + JANITOR_STACK_BYTES, 0, 0, 0);
    PAGER_ASSERT(error == ERR_OK);
}

void janitor_halt(void)
{
    err_t error = byre_thread_suspend(SLOT_JANITOR_THREAD);
    PAGER_ASSERT(error == ERR_OK);
}

void janitor_wake(void)
{
    if (__atomic_exchange_n(&awake, 1, __ATOMIC_SEQ_CST) == 0) {
        err_t error = byre_signal(SLOT_JANITOR_WAKE);
        PAGER_ASSERT(error == ERR_OK);
    }
}
