/* waitpid; contract in wait.h. */
#include "wait.h"

#include <byre/gen/proc.h>

#include "end.h"
#include "reply.h"

#define WAIT_ANY UINT64_MAX

struct waiter {
    struct list in_process;
    struct reply *reply;
    uint64_t pid;     /* or WAIT_ANY */
    bool may_be_gone; /* W4 */
};

static struct store waiters;
static struct waiter *spare; /* of those given back the lowest, so that it keeps no page */

/* W4 */
static struct {
    struct reply *reply; /* NULL: none */
    err_t error;
    uint64_t pid;
    uint64_t status;
} due;

void wait_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit)
{
    store_init(&waiters, owner, address, sizeof(struct waiter), limit);
    store_prepare(&waiters);
    spare = NULL;
}

static struct waiter *waiter_take(void)
{
    struct waiter *waiter = waiters.fail_after == 0 ? spare : NULL;

    if (waiter == NULL) {
        return store_take(&waiters);
    }
    spare = NULL;
    return waiter;
}

static void waiter_give(struct waiter *waiter)
{
    if (spare != NULL) {
        store_give(&waiters, waiter < spare ? spare : waiter);
    }
    spare = spare == NULL || waiter < spare ? waiter : spare;
}

static struct process *wait_find_zombie(const struct process *process, uint64_t pid)
{
    if (pid == WAIT_ANY) {
        return list_is_empty(&process->zombies)
                   ? NULL
                   : LIST_OWNER(process->zombies.next, struct process, sibling);
    }
    struct process *child = process_by_pid(pid);
    bool mine = child != NULL && child->parent == process && child->state == PROCESS_ZOMBIE;
    return mine ? child : NULL;
}

static bool wait_has_child(const struct process *process, uint64_t pid)
{
    if (pid == WAIT_ANY) {
        return !list_is_empty(&process->children) || !list_is_empty(&process->zombies);
    }
    const struct process *child = process_by_pid(pid);
    return child != NULL && child->parent == process;
}

void wait_doubt(struct process *process)
{
    LIST_EACH(node, &process->waiters)
    {
        LIST_OWNER(node, struct waiter, in_process)->may_be_gone = true;
    }
}

bool wait_is_due(void)
{
    return due.reply != NULL;
}

static void wait_fill(struct message *message_out)
{
    message_out->label = due.error;
    message_out->w[0] = due.pid;
    message_out->w[1] = due.status;
    message_out->w[2] = message_out->w[3] = 0;
    due.reply = NULL;
}

void wait_take_due(struct message *message_out)
{
    reply_resume(due.reply);
    wait_fill(message_out);
}

bool wait_flush(void)
{
    struct reply *reply = due.reply;
    struct message message;

    if (reply == NULL) {
        return true;
    }
    wait_fill(&message);
    err_t error = ipc_reply(reply->object.capability, &message);
    reply_give(reply);
    return error == ERR_OK;
}

static void wait_end(struct waiter *waiter)
{
    list_remove(&waiter->in_process);
    waiter_give(waiter);
}

/* False: the caller is gone. */
static bool wait_answer(struct waiter *waiter, err_t error, const struct process *child)
{
    bool may_be_gone = waiter->may_be_gone;

    (void)wait_flush();
    due.reply = waiter->reply;
    due.error = error;
    due.pid = child == NULL ? 0 : child->pid;
    due.status = child == NULL ? 0 : (uint64_t)(int64_t)child->status;
    wait_end(waiter);
    return !may_be_gone || wait_flush();
}

/* W5 */
static void wait_make_room(struct process *process)
{
    uint32_t others = process->body.thread_count; /* that wait, and the caller, or one has gone */
    struct waiter *gone = NULL;

    LIST_EACH(node, &process->waiters)
    {
        struct waiter *waiter = LIST_OWNER(node, struct waiter, in_process);
        gone = gone == NULL && waiter->may_be_gone ? waiter : gone;
        others -= others != 0;
    }
    if (others == 0 && gone != NULL) {
        (void)wait_answer(gone, PROC_ERR_AGAIN, NULL);
    }
}

/* False: the caller is gone. */
static bool wait_tell_now(const struct process *zombie)
{
    struct message message = {.w = {zombie->pid, (uint64_t)(int64_t)zombie->status}};

    return ipc_reply(reply_current(), &message) == ERR_OK;
}

err_t wait_begin(struct process *process, uint64_t pid, uint64_t options, bool may_be_gone,
                 struct wait_answer *answer_out)
{
    if (pid == 0 || (options & ~(uint64_t)WAIT_NOHANG) != 0) {
        return PROC_ERR_INVAL;
    }
    struct process *zombie = wait_find_zombie(process, pid);
    if (zombie != NULL) {
        *answer_out = (struct wait_answer){
            .deferred = may_be_gone, .pid = zombie->pid, .status = zombie->status};
        if (!may_be_gone || wait_tell_now(zombie)) { /* W2 */
            end_reap(zombie);
            wait_check(process);
        }
        return ERR_OK;
    }
    if (!wait_has_child(process, pid)) {
        return PROC_ERR_CHILD;
    }
    if ((options & WAIT_NOHANG) != 0) {
        *answer_out = (struct wait_answer){0};
        return ERR_OK;
    }
    wait_make_room(process);
    struct waiter *waiter = waiter_take();
    if (waiter == NULL) {
        return PROC_ERR_NOMEM;
    }
    waiter->reply = reply_defer();
    if (waiter->reply == NULL) {
        waiter_give(waiter);
        return PROC_ERR_NOMEM;
    }
    waiter->pid = pid;
    waiter->may_be_gone = may_be_gone;
    list_append(&process->waiters, &waiter->in_process);
    *answer_out = (struct wait_answer){.deferred = true};
    return ERR_OK;
}

void wait_child_ended(struct process *parent, struct process *child)
{
    struct list *node = parent->waiters.next;

    while (node != &parent->waiters) {
        struct waiter *waiter = LIST_OWNER(node, struct waiter, in_process);
        node = node->next;
        if (waiter->pid != WAIT_ANY && waiter->pid != child->pid) {
            continue;
        }
        if (wait_answer(waiter, ERR_OK, child)) {
            end_reap(child); /* W2 */
            break;
        }
    }
    wait_check(parent);
}

void wait_check(struct process *process)
{
    struct list *node = process->waiters.next;

    while (node != &process->waiters) {
        struct waiter *waiter = LIST_OWNER(node, struct waiter, in_process);
        node = node->next;
        if (!wait_has_child(process, waiter->pid)) {
            (void)wait_answer(waiter, PROC_ERR_CHILD, NULL);
        }
    }
}

void wait_drop_all(struct process *process)
{
    while (!list_is_empty(&process->waiters)) {
        struct waiter *waiter = LIST_OWNER(process->waiters.next, struct waiter, in_process);
        reply_give(waiter->reply);
        wait_end(waiter);
    }
}

uint64_t wait_fail_after(uint64_t takes)
{
    return store_fail_after(&waiters, takes);
}
