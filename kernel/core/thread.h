/* A thread: registers, what it is bound to, and where it waits.
 *
 *   H1  A thread is in exactly one place: running on a hart, in one ready queue, in one wait
 *       (endpoint queue, reply object, notification), or nowhere (STOPPED, FAULTED).
 *   H2  registers[] and pc are the user's whole integer state whenever the thread is not running.
 *   H3  A thread that was started has a space and a capability table, which cannot be destroyed
 *       before it is (their bound_threads counts it).
 *
 * The assembly in riscv/ reaches the first fields by offsets generated from this file.
 */
#ifndef KERNEL_CORE_THREAD_H
#define KERNEL_CORE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/list.h"
#include "core/object.h"
#include "core/tree.h"
#include "core/types.h"

struct captable;
struct endpoint;
struct hart;
struct notification;
struct reply;
struct space;

enum thread_state {
    THREAD_UNCONFIGURED,
    THREAD_STOPPED,
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_CALLING,   /* queued on an endpoint, wants to call (or its fault does) */
    THREAD_RECEIVING, /* queued on an endpoint, receives */
    THREAD_REPLYING,  /* held by a reply object */
    THREAD_WAITING,   /* on a notification */
    THREAD_FAULTED,   /* stopped by a fault that nobody answered */
};

enum { THREAD_PRIORITIES = 32, THREAD_REGISTERS = 32, THREAD_FP_WORDS = 33 };

struct thread {
    struct object object; /* header: type and generation; first in every object */

    /* Integer registers by number; [0] holds pc. [K] */
    uint64_t registers[THREAD_REGISTERS];
    struct hart *hart;       /* where it runs or last ran [K] */
    struct space *space;     /* [c] after configure */
    struct captable *captable; /* [c] after configure */
    uint64_t status;         /* sstatus to return with: constants plus FS [K] */

    /* Scheduling [K] */
    uint8_t state;
    uint8_t priority;
    uint8_t flags; /* THREAD_FLAG_* */
    uint8_t info;
    uint64_t affinity;
    uint64_t run_ticks;
    uint64_t fault_count;
    struct list_node queue; /* ready queue, receivers of an endpoint, waiters of a notification */

    /* Waiting [K] */
    struct tree_node order;    /* callers of an endpoint, by priority then arrival */
    struct tree_node deadline; /* armed deadlines of the machine, by time */
    union {
        struct endpoint *endpoint;
        struct notification *notification;
        struct reply *reply;
    } waits_on;
    struct reply *receive_reply; /* the reply object its receive named */
    uint64_t badge;              /* of the capability it calls through */
    struct notification *bound_notification;

    /* Faults [K] */
    struct endpoint *fault_endpoint;
    uint64_t fault_generation; /* of the endpoint when bound */
    uint64_t fault_badge;
    uint64_t fault_address;
    uint8_t fault_kind;
    bool in_fault; /* its wait is for the answer to a fault, not to a call */

    /* Floating point: saved when dirty and switched away from. */
    uint64_t fp[THREAD_FP_WORDS];
};

#endif
