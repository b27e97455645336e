/* A thread: registers, what it is bound to, and where it waits.
 *
 *   H1  A thread is in exactly one place: running on a hart, in one ready queue, in one wait
 *       (endpoint queue, reply object, notification), or nowhere (STOPPED, FAULTED).
 *   H2  registers[] and pc are the user's whole integer state whenever the thread is not running,
 *       but while it is WAIT_BARE (WAITING, or READY with OK and no result). thread_fail fills
 *       them.
 *   H3  A thread that was started has a space and a capability table, which cannot be destroyed
 *       before it is (their bound_threads counts it).
 *   H4  rank is 1 << priority, or 0 if the short path of IPC must not run it: while a deadline is
 *       armed, while it is barred from a hart, and with random preemption.
 *   H5  barred has a bit for each hart that may not run it: those that are not in its affinity (0:
 *       it may run on all), or all of them while is_to_stop. Whoever would run it stops it then.
 *
 * The assembly in riscv/ reaches the first fields by offsets generated from this file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/capability.h"
#include "core/deadline.h"
#include "core/list.h"

enum { THREAD_PRIORITIES = 32, THREAD_REGISTERS = 32, THREAD_FP_WORDS = 33 };

enum {
    THREAD_FLAG_FLOAT = 1 << 0, /* may use floating point: the ABI's bit */
    THREAD_FLAG_INIT = 1 << 2,
    THREAD_FLAG_STARTED = 1 << 1, /* its registers are those of a start */
};

/* A descriptor's lower half with its sign is never this. */
#define RECEIVE_NONE (INT64_C(1) << 32)

enum {
    WAIT_ACCEPTS = 1 << 0, /* what comes may bring a capability: to the slot in its t4 */
    WAIT_BARE = 1 << 1,    /* of registers[] only what a call keeps is there: the others are zero */
};

struct thread {
    struct object object; /* header: type and generation; first in every object */

    /* Integer registers by number; [0] holds pc. [K] */
    uint64_t registers[THREAD_REGISTERS];
    struct hart *hart;         /* where it runs or last ran [K] */
    struct space *space;       /* [c] after configure */
    struct captable *captable; /* [c] after configure */
    uint64_t float_id; /* its header if it may use floating point, once started; else 0 [K] */

    /* Scheduling [K] */
    uint8_t state;
    uint8_t wait_flags; /* WAIT_*, of its wait; while it runs they mean nothing */
    uint8_t priority;
    uint8_t flags;    /* THREAD_FLAG_* */
    uint8_t in_fault; /* its wait is for the answer to a fault, not to a call: FAULT_*; else 0 */
    bool is_to_stop;  /* asked for by another hart while it ran: H5 */
    uint64_t rank;    /* H4 */
    struct list_node queue; /* ready queue, waiters of a notification */

    /* Waiting [K] */
    union {
        struct endpoint *endpoint;
        struct notification *notification;
        struct reply *reply;
    } waits_on;
    struct thread *next_receiver; /* of an endpoint: endpoint.h, N2 */
    struct thread *previous_receiver;
    struct reply *receive_reply; /* the reply object that it received with last: reply.h, W2 */
    int64_t receive_descriptor;  /* and what it named it by: W3 */
    uint64_t badge;              /* of the capability it calls through */
    struct notification *bound_notification;
    struct tree_node order;   /* callers of an endpoint, by priority then arrival */
    struct deadline deadline; /* armed while it waits with one */
    uint64_t progress;        /* of a sliced call that is to be made again; 0: it begins */

    /* Accounts [K] */
    uint64_t affinity; /* a bit for each hart; 0: all */
    uint64_t barred;   /* H5 */
    uint64_t run_ticks;
    uint64_t slice_end_ticks; /* when its time slice ends; 0: it gets a whole one */
    uint64_t fault_count;

    /* Faults [K] */
    uint64_t fault_address;
    struct capability fault_endpoint; /* weak: its endpoint may have died since */

    /* Floating point: saved when dirty and switched away from. */
    uint64_t fp[THREAD_FP_WORDS];
};

static_assert(sizeof(struct thread) <= OBJECT_BYTES_THREAD, "fits its size class");

/* Of zeros, what is not zero. */
static inline void thread_init(struct thread *thread, struct hart *hart)
{
    thread->hart = hart;
    thread->receive_descriptor = RECEIVE_NONE;
}

/* Out of the endpoint, reply object or notification that it waits on, its deadline disarmed: it is
 * nowhere, and the caller says at once where it is next. Nothing if it does not wait. */
void thread_unwait(struct thread *thread);
void thread_arm(struct thread *thread, uint64_t deadline_ticks); /* it waits until then */
/* A call of its ends with this error and nothing else. */
void thread_fail(struct thread *thread, err_t error);
/* H2 */
static inline void thread_fill(struct thread *thread)
{
    if ((thread->wait_flags & WAIT_BARE) != 0) {
        thread_fail(thread, ERR_OK);
    }
}

/* Out of whatever it waits in or is queued in; an interrupted call will return PEER_GONE. */
void thread_stop(struct thread *thread);
/* It is nowhere from now on, and nobody's wish that it stops is left. STOPPED or FAULTED. */
void thread_note_stopped(struct thread *thread, enum thread_state state);
/* RESTART: another hart runs it, and was asked to stop. OK: none does, so the asker may change
 * it. */
[[nodiscard]] err_t thread_await_stop(const struct thread *asker, struct thread *thread);
void thread_destroy(struct thread *thread TAKES); /* not a running one */
