/* The pager's main loop: answer, receive, and between messages one slice of what was put off.
 *
 * A fault costs two kernel entries, its own and the answer's, which carries the mapping. While
 * slices remain the pager only looks at its queue (deadline 0) instead of waiting. */
#include <byre/gen/names.h>
#include <byre/pager_boot.h>
#include <libsys/ipc.h>
#include <libsys/print.h>
#include <libsys/server.h>
#include <libsys/time.h>

#include "audit.h"
#include "fault.h"
#include "kernel.h"
#include "promise.h"
#include "request.h"
#include "start.h"
#include "table.h"
#include "victim.h"

_Noreturn void pager_fail(const char *file, unsigned line, const char *what)
{
    print("pager: %s:%u: %s does not hold\n", file, line, what);
    __builtin_trap(); /* init answers the pager's faults: registers and a backtrace */
}

/* What goes back to the sender of the last message, and what is to be finished once it is out. */
struct answer {
    bool wanted;
    bool to_finish;
    uint64_t descriptor;
    struct fault_step step;
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
        m->w[0] = step->leaf.number;
        m->w[1] = step->word;
        m->w[2] = PAGER_SLOT_MEMORY;
        return IPC_MAP;
    }
    return step->answer == FAULT_AGAIN ? IPC_FENCE : stop_thread(m, step->reason);
}

static void on_fault(struct message *m, struct answer *answer)
{
    answer->wanted = true;
    struct space *s = space_find(m->badge);
    if (s == NULL || !is_page_fault(m->w[0])) {
        answer->descriptor = stop_thread(m, reason_of_kind(m->w[0]));
        return;
    }
    fault_resolve(s, (unsigned)m->w[0], m->w[1], &answer->step);
    answer->descriptor = answer_step(m, &answer->step);
    answer->to_finish = true;
}

/* -------------------------------------------------------------------------------- requests */
static void on_request(struct message *m, struct answer *answer)
{
    struct pager_request request = {.label = m->label,
                                    .badge = m->badge,
                                    .info = m->info,
                                    .cap = (m->info & IPC_INFO_CAP) != 0 ? SLOT_ACCEPT : 0};
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        request.w[i] = m->w[i];
    }
    unsigned words = request_serve(&request);
    if (request.cap != 0) { /* whoever wanted it has moved it by now */
        err_t error = kernel_cap_delete(SLOT_ACCEPT);
        PAGER_ASSERT(error == ERR_OK || error == ERR_CAP_EMPTY);
    }
    answer->wanted = (m->info & IPC_INFO_CALL) != 0;
    m->label = request.error;
    for (unsigned i = 0; i < words; i++) {
        m->w[i] = request.out[i];
    }
    answer->descriptor = words > MESSAGE_SHORT_WORDS ? IPC_LONG : 0;
    if (request.error == ERR_OK && request.send_cap != 0) {
        answer->descriptor |= ipc_with_cap(request.send_cap);
    }
}

/* ---------------------------------------------------------------------------------- the loop */
static bool work_waits(void)
{
    return pager_state.dead.number != 0 || pager_state.dead_objects != NULL;
}

/* Where the next message comes from, and how long to wait for it. */
struct source {
    cap_t endpoint;
    uint64_t flags;
    uint64_t deadline_ticks;
};

static inline struct source next_source(uint64_t audit_deadline)
{
    if (__builtin_expect(audit_is_held(), 0)) {
        return (struct source){PAGER_SLOT_AUDIT, IPC_DEADLINE, audit_deadline};
    }
    return (struct source){PAGER_SLOT_ENDPOINT, work_waits() ? IPC_DEADLINE : 0, 0};
}

/* Answer, if there is something to answer, and receive. */
static err_t exchange(struct message *m, struct answer *answer, struct source source)
{
    uint64_t descriptor = ipc_with_reply(PAGER_SLOT_REPLY) | IPC_ACCEPT | source.flags;
    err_t error;
    if (answer->wanted) {
        error = ipc_reply_receive_full(source.endpoint, m, descriptor | answer->descriptor,
                                       SLOT_ACCEPT, source.deadline_ticks);
    } else {
        error =
            ipc_receive_full(source.endpoint, m, descriptor, SLOT_ACCEPT, source.deadline_ticks);
    }
    if (answer->to_finish) {
        fault_finish(&answer->step);
    }
    answer->wanted = false;
    answer->to_finish = false;
    return error;
}

/* Nothing came: do some of what was put off. */
static void on_quiet(void)
{
    if (audit_is_held()) {
        audit_release(); /* the deadline */
    } else {
        (void)teardown_slice();
        if (!work_waits()) {
            (void)promise_return_chunk();
        }
    }
}

/* While page faults of known spaces follow one another and nothing was put off: nothing but them. */
static err_t serve_faults(struct message *m)
{
    const uint64_t descriptor = ipc_with_reply(PAGER_SLOT_REPLY) | IPC_ACCEPT;
    struct fault_step step;
    struct space *s;
    err_t error = ERR_OK;
    while (error == ERR_OK && (m->info & IPC_INFO_FAULT) != 0 && is_page_fault(m->w[0]) &&
           pager_state.dead.number == 0 && (s = space_find(m->badge)) != NULL) {
        fault_resolve(s, (unsigned)m->w[0], m->w[1], &step);
        uint64_t how = answer_step(m, &step);
        error = ipc_registers_long(SYS_REPLY_RECEIVE, PAGER_SLOT_ENDPOINT, m, descriptor | how,
                                   SLOT_ACCEPT, 0);
        fault_finish(&step);
    }
    return error;
}

static void serve(struct message *m, struct answer *answer, uint64_t *audit_deadline)
{
    if ((m->info & IPC_INFO_FAULT) != 0) {
        on_fault(m, answer);
    } else if ((m->info & IPC_INFO_NOTIFICATION) == 0) {
        bool held = audit_is_held();
        on_request(m, answer);
        if (!held && audit_is_held()) {
            *audit_deadline = time_ticks() + AUDIT_SECONDS * pager_timebase_hz;
        }
    }
}

void server_main(uint64_t boot_address, uint64_t unused)
{
    (void)unused;
    print_to(PAGER_SLOT_MACHINE);
    pager_start((const struct pager_boot *)boot_address);
    struct message m = {0};
    struct answer answer = {0};
    uint64_t audit_deadline = 0;
    for (;;) {
        err_t error = exchange(&m, &answer, next_source(audit_deadline));
        if (error == ERR_OK && !audit_is_held()) {
            error = serve_faults(&m);
        }
        if (error == ERR_OK) {
            serve(&m, &answer, &audit_deadline);
        } else if (error == ERR_WOULD_BLOCK || error == ERR_TIMEOUT) {
            on_quiet();
        } else if (error != ERR_CALLER_GONE) {
            print("pager: receive fails: %s\n", err_name(error));
            PAGER_ASSERT(error == ERR_OK);
        }
    }
}
