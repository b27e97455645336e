/* The pager's main loop: answer, receive, and between messages slices of what was put off.
 *
 * A fault costs two kernel entries, its own and the answer's, which carries the mapping. What a
 * small process leaves is torn down at once, with a look at the queue between slices; the rest in
 * the janitor's time (janitor.h), or at once when somebody waits for it. */
#include <byre/gen/names.h>
#include <byre/pager_boot.h>
#include <libsys/ipc.h>
#include <libsys/print.h>
#include <libsys/server.h>
#include <libsys/time.h>

#include "audit.h"
#include "beside.h"
#include "chunk.h"
#include "fault_near.h"
#include "janitor.h"
#include "kernel.h"
#include "promise.h"
#include "request.h"
#include "start.h"
#include "table.h"
#include "victim.h"
#include "worker.h"

_Noreturn void pager_fail(const char *file, unsigned line, const char *what)
{
    print("pager: %s:%u: %s does not hold\n", file, line, what);
    __builtin_trap(); /* init answers the pager's faults: registers and a backtrace */
}

/* What goes back to the sender of the last message. */
struct answer {
    bool wanted;
    uint64_t descriptor;
};

/* ---------------------------------------------------------------------------------- faults */
static unsigned reason_of_kind(uint64_t kind)
{
    switch (kind) {
    case FAULT_ILLEGAL:
        return PAGER_REASON_ILLEGAL;
    case FAULT_BREAKPOINT:
        return PAGER_REASON_BREAKPOINT;
    case FAULT_MISALIGNED:
        return PAGER_REASON_MISALIGNED;
    default:
        return PAGER_REASON_ACCESS;
    }
}

static bool is_page_fault(uint64_t kind)
{
    return kind >= FAULT_PAGE_READ && kind <= FAULT_PAGE_EXECUTE;
}

static uint64_t stop_thread(const struct message *m, unsigned reason)
{
    struct victim victim = {.space_id = m->badge,
                            .kind = m->w[0],
                            .address = m->w[1],
                            .pc = m->w[2],
                            .reason = reason,
                            .sp = m->w[3]};
    return victim_put(&victim) ? IPC_FAIL : IPC_FENCE;
}

/* The answer to a page fault, in m and the descriptor returned. */
static inline uint64_t answer_step(struct message *m, const struct fault_step *step)
{
    if (__builtin_expect(step->answer == FAULT_MAP, 1)) {
        m->w[0] = step->leaf;
        m->w[1] = step->word;
        m->w[2] = PAGER_SLOT_MEMORY;
        return IPC_MAP;
    }
    struct message copy = *m; /* m may live in registers */
    return step->answer == FAULT_AGAIN ? IPC_FENCE : stop_thread(&copy, step->reason);
}

/* One that serve_faults leaves: none of a page, and an audit's endpoint gets none at all. */
static void on_fault(const struct message *m, struct answer *answer)
{
    PAGER_ASSERT(!is_page_fault(m->w[0]));
    answer->wanted = true;
    answer->descriptor = stop_thread(m, reason_of_kind(m->w[0]));
}

/* -------------------------------------------------------------------------------- requests */
/* One reply object more than threads: it may hold a caller who asked for statistics and is
 * answered when nothing waits to be torn down, so that what it is told can be compared. */
static cap_t other_reply = SLOT_SECOND_REPLY;
static struct message patient; /* what that caller asked */
static bool patient_waits;

/* False: it is answered like any other request. */
static bool defer(struct worker *w, const struct message *m)
{
    if (m->label != PAGER_STATISTICS || patient_waits || !(work_waits() || chunk_is_changing()) ||
        (m->info & (IPC_INFO_CALL | IPC_INFO_CAP)) != IPC_INFO_CALL) { /* its slot is needed */
        return false;
    }
    patient = *m;
    patient_waits = true;
    cap_t held = w->reply;
    w->reply = other_reply;
    other_reply = held;
    return true;
}

static void on_request(const struct worker *w, cap_t accepted, struct message *m,
                       struct answer *answer)
{
    struct pager_request request;
    request.label = m->label;
    request.badge = m->badge;
    request.info = m->info;
    request.cap = (m->info & IPC_INFO_CAP) != 0 ? accepted : 0;
    request.error = ERR_OK;
    request.send_cap = 0;
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        request.w[i] = m->w[i];
        request.out[i] = 0;
    }
    if (!w->is_alone) {
        beside_alone_for(&request); /* Z2 */
    }
    unsigned words = request_serve(&request);
    if (request.cap != 0) { /* whoever wanted it has moved it by now */
        err_t error = kernel_cap_delete(request.cap);
        PAGER_ASSERT(error == ERR_OK || error == ERR_CAP_EMPTY);
    }
    answer->wanted = (m->info & IPC_INFO_CALL) != 0;
    m->label = request.error;
    ipc_set_words(m, request.out, words);
    answer->descriptor = words > MESSAGE_SHORT_WORDS ? IPC_LONG : 0;
    if (request.error == ERR_OK && request.send_cap != 0) {
        answer->descriptor |= ipc_with_cap(request.send_cap);
    }
}

static void answer_patient(const struct worker *w)
{
    struct answer answer = {0};
    on_request(w, 0, &patient, &answer); /* it brought none */
    patient_waits = false;
    err_t error = ipc_reply_full(other_reply, &patient, answer.descriptor);
    PAGER_ASSERT(error == ERR_OK || error == ERR_CALLER_GONE);
}

/* ---------------------------------------------------------------------------------- the loop */
/* What may be torn down before the janitor takes over: of so many groups in all, and never a table
 * of which so many are in use. */
enum {
    AT_ONCE_GROUPS = 20,
    AT_ONCE_TABLE_GROUPS = 5,
    AT_ONCE_SLICE_GROUPS = 9,
    AT_ONCE_DEAD =
        32, /* as long as not more tables wait: then requests come faster than the janitor */
};

static unsigned at_once_groups; /* left of these since the last request */

/* Is the next slice for the loop to do, before it waits? If not, the janitor is awake. */
static bool work_is_ours(void)
{
    unsigned next = teardown_next_groups();
    bool small = next <= AT_ONCE_TABLE_GROUPS || tables_dead() > AT_ONCE_DEAD;
    if (patient_waits || (small && next <= at_once_groups)) {
        return true;
    }
    janitor_wake();
    return false;
}

static uint64_t audit_deadline; /* of the audit that is held */

/* Where the next message comes from, and how long to wait for it. */
struct source {
    cap_t endpoint;
    uint64_t flags;
    uint64_t deadline_ticks;
};

static inline struct source next_source(void)
{
    if (__builtin_expect(audit_is_held(), 0)) {
        return (struct source){SLOT_AUDIT, IPC_DEADLINE, audit_deadline};
    }
    bool poll = __builtin_expect(work_waits() || patient_waits, 0) && work_is_ours();
    return (struct source){PAGER_SLOT_ENDPOINT, poll ? IPC_DEADLINE : 0, 0};
}

/* Answer, if there is something to answer, and receive. */
static err_t exchange(struct worker *w, struct message *m, struct answer *answer,
                      struct source source)
{
    uint64_t descriptor = ipc_with_reply(w->reply) | IPC_ACCEPT | source.flags;
    err_t error;
    worker_leave(w);
    if (answer->wanted) {
        error = ipc_reply_receive_full(source.endpoint, m, descriptor | answer->descriptor,
                                       w->accept, source.deadline_ticks);
    } else {
        error = ipc_receive_full(source.endpoint, m, descriptor, w->accept, source.deadline_ticks);
    }
    worker_return(w);
    answer->wanted = false;
    return error;
}

/* One slice of what was put off. A chunk that is changing is left to the janitor, unless somebody
 * waits for quiet. */
static void work(struct worker *w)
{
    if (work_waits()) {
        unsigned groups = 0;
        unsigned next = teardown_next_groups();
        do { /* small pieces together */
            groups += next;
            (void)teardown_step();
            worker_let_others(w);
            next = teardown_next_groups();
        } while (next != 0 && groups + next <= AT_ONCE_SLICE_GROUPS);
        at_once_groups -= groups < at_once_groups ? groups : at_once_groups;
        if (work_waits()) {
            return;
        }
    }
    bool changed = chunk_change_is_done() || patient_waits ? chunk_change_finish() : true;
    if (changed && promise_adjust_chunks()) {
        return;
    }
    if (patient_waits && !chunk_is_changing()) {
        answer_patient(w);
    }
}

/* Delivered words, one by one: a message that lives in registers is not to be laid out in
 * memory. */
static inline void message_move(struct message *to, const struct message *from)
{
    to->label = from->label;
#pragma GCC unroll 8
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        to->w[i] = from->w[i];
    }
    to->badge = from->badge;
    to->info = from->info;
}

/* While page faults follow one another, nothing but them, and all that they need
 * stays in registers. */
static __attribute__((noinline)) err_t serve_faults(const struct worker *w, struct message *message)
{
    const uint64_t descriptor = ipc_with_reply(w->reply) | IPC_ACCEPT;
    struct fault_reach reach = {0};
    struct message m;
    struct fault_step step;
    err_t error = ERR_OK;
    message_move(&m, message);
    while (error == ERR_OK && (m.info & IPC_INFO_FAULT) != 0 && is_page_fault(m.w[0])) {
        m.label = 0; /* as it came; it need not be kept */
        fault_resolve_near(&reach, m.badge, m.w[0], m.w[1], &step);
        fault_fill(&step);
        uint64_t how = answer_step(&m, &step);
        error = ipc_reply_receive_accept(PAGER_SLOT_ENDPOINT, &m, descriptor | how, SLOT_ACCEPT);
        fault_finish(&step);
    }
    message_move(message, &m);
    return error;
}

/* The same with other threads beside this one: it has the lock, but not while it fills and
 * replies. */
static __attribute__((noinline)) err_t serve_faults_beside(struct worker *w,
                                                           struct message *message)
{
    const uint64_t descriptor = ipc_with_reply(w->reply) | IPC_ACCEPT;
    struct message m;
    err_t error = ERR_OK;
    message_move(&m, message);
    while (error == ERR_OK && (m.info & IPC_INFO_FAULT) != 0 && is_page_fault(m.w[0])) {
        struct fault_step step;
        m.label = 0;
        beside_resolve(m.badge, m.w[0], m.w[1], &step);
        beside_put(w->thread, m.badge, &step);
        uint64_t how = answer_step(&m, &step);
        worker_give_lock(w);
        fault_fill(&step);
        error = ipc_reply_receive_accept(PAGER_SLOT_ENDPOINT, &m, descriptor | how, w->accept);
        worker_take_lock(w, false);
    }
    message_move(message, &m);
    return error;
}

static void serve(struct worker *w, struct message *m, struct answer *answer)
{
    if ((m->info & IPC_INFO_FAULT) != 0) {
        on_fault(m, answer);
    } else if ((m->info & IPC_INFO_NOTIFICATION) != 0) {
        if (!audit_is_held()) {
            work(w); /* the janitor's signal: J1 */
        }
    } else if (!defer(w, m)) {
        at_once_groups = m->label == PAGER_SPACE_FORK ? 0 : AT_ONCE_GROUPS;
        bool held = audit_is_held();
        on_request(w, w->accept, m, answer);
        if (!held && audit_is_held()) {
            audit_deadline = time_ticks() + AUDIT_SECONDS * pager_timebase_hz;
        }
    }
}

/* A thread's whole life. */
static void live(uint64_t thread)
{
    struct worker w = worker_begin((unsigned)thread);
    struct message m = {0};
    struct answer answer = {0};
    for (;;) {
        err_t error = exchange(&w, &m, &answer, next_source());
        if (error == ERR_OK && (m.info & IPC_INFO_FAULT) != 0 && !audit_is_held()) {
            error = w.is_alone ? serve_faults(&w, &m) : serve_faults_beside(&w, &m);
        }
        if (error == ERR_OK) {
            serve(&w, &m, &answer);
        } else if (error == ERR_TIMEOUT && audit_is_held()) {
            audit_release(); /* the deadline */
        } else if (error == ERR_WOULD_BLOCK || error == ERR_TIMEOUT) {
            work(&w);
        } else if (error != ERR_CALLER_GONE) {
            print("pager: receive fails: %s\n", err_name(error));
            PAGER_ASSERT(error == ERR_OK);
        }
    }
}

void server_main(uint64_t boot_address, uint64_t unused)
{
    (void)unused;
    const struct pager_boot *boot = (const struct pager_boot *)boot_address;
    print_to(PAGER_SLOT_MACHINE);
    pager_start(boot);
    workers_start(boot->threads, live);
    live(0);
}
