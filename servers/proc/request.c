/* The requests of proc's protocol; contract in request.h. */
#include "request.h"

#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc_dispatch.inc>
#include <byre/proc_hook.h>
#include <byre/server.h>

#include "end.h"
#include "first.h"
#include "kill.h"
#include "life.h"
#include "news.h"
#include "reply.h"
#include "signals.h"
#include "slots.h"
#include "wait.h"

static struct request_facts facts;

void request_init(const struct request_facts *given)
{
    facts = *given;
}

static struct process *sender; /* of the request that is being served, if a process */

/* The process that asks; proc_admits has found it, and nothing has happened since. */
static struct process *request_process(void)
{
    return sender;
}

/* One that is doomed gets its end for an answer (N1 in end.h), which empties the reply object. */
static bool request_comes_from_living(uint64_t badge)
{
    sender = process_by_badge(badge);
    if (sender != NULL && end_is_doomed(sender)) {
        end_process(sender, sender->status);
        sender = NULL;
    }
    return sender != NULL;
}

static bool proc_admits(enum proc_who who, const struct proc_request *request)
{
    bool console = request->badge == PROC_BADGE_CONSOLE;

    sender = NULL;
    switch (who) {
    case PROC_WHO_INIT:
        return request->badge == PROC_BADGE_INIT;
    case PROC_WHO_CONSOLE:
        return console;
    case PROC_WHO_SELF:
        return request_comes_from_living(request->badge) ||
               (console && request->label == PROC_KILL);
    }
    return false;
}

unsigned request_serve(struct proc_request *request)
{
    return proc_dispatch(request);
}

/* ------------------------------------------------------------------------------- births */

void proc_on_fork(struct proc_request *request)
{
    struct thread_start start = {
        .pc = request->in.fork.pc, .sp = request->in.fork.sp, .tp = request->in.fork.tp};
    struct process *child;

    request->error = life_fork(request_process(), &start, &child);
    if (request->error == ERR_OK) {
        request->result.fork.pid = child->pid;
    }
}

/* The path in words 0 to 3; its end is ours, whatever the client sent. */
static void request_path(const struct proc_request *request, char path_out[33])
{
    memcpy(path_out, request->w, 32);
    path_out[32] = '\0';
}

void proc_on_exec(struct proc_request *request)
{
    struct process *process = request_process();
    struct body_block block = {.space_id = process->body.space_id,
                               .address = request->in.exec.block_address,
                               .bytes = request->in.exec.block_bytes};
    char path[33];

    request_path(request, path);
    /* On success the caller is no more, and the answer reaches nobody. */
    request->error = life_exec(process, path, &block);
}

void proc_on_spawn(struct proc_request *request)
{
    struct process *parent = request_process();
    struct body_block block = {.space_id = parent->body.space_id,
                               .address = request->in.spawn.block_address,
                               .bytes = request->in.spawn.block_bytes};
    struct process *child;
    char path[33];

    if ((request->in.spawn.flags & ~(uint64_t)(SPAWN_TREE | SPAWN_BOUND)) != 0) {
        request->error = PROC_ERR_INVAL;
        return;
    }
    request_path(request, path);
    request->error = life_spawn(parent, path, &block, request->in.spawn.flags, &child);
    if (request->error == ERR_OK) {
        request->result.spawn.pid = child->pid;
    }
}

void proc_on_thread_create(struct proc_request *request)
{
    struct body *body = &request_process()->body;
    struct thread_start start = {.pc = request->in.thread_create.pc,
                                 .sp = request->in.thread_create.sp,
                                 .tp = request->in.thread_create.tp,
                                 .argument = request->in.thread_create.argument};
    struct thread *thread;

    request->error = body_add_thread(body, &start, &thread);
    if (request->error != ERR_OK) {
        return;
    }
    request->result.thread_create.thread_id = thread_id(thread);
    request->result.thread_create.park_slot = thread->park_slot;
}

/* --------------------------------------------------------------------------------- ends */

void proc_on_exit(struct proc_request *request)
{
    end_process(request_process(), status_sanitized(request->in.exit.status));
    request->deferred = true; /* nobody is left to be answered */
}

void proc_on_thread_exit(struct proc_request *request)
{
    struct process *process = request_process();
    struct thread *thread = thread_by_id(&process->body, request->in.thread_exit.thread_id);

    if (thread == NULL) {
        request->error = PROC_ERR_SRCH;
        return;
    }
    if (process->body.thread_count == 1) {
        end_process(process, 0);
    } else {
        body_drop_thread(&process->body, thread);
        wait_doubt(process); /* if it was not the caller */
    }
    /* Normally the thread was the caller; a thread that ends another one has its answer. */
}

void proc_on_kill(struct proc_request *request)
{
    request->error = kill_request(request_process(), request->in.kill.pid, request->in.kill.signal);
}

void proc_on_wait(struct proc_request *request)
{
    struct wait_answer answer;

    request->error = wait_begin(request_process(), request->in.wait.pid, request->in.wait.options,
                                (request->info & IPC_INFO_DEADLINE) != 0, &answer);
    if (request->error == ERR_OK) {
        request->deferred = answer.deferred;
        request->result.wait.pid = answer.pid;
        request->result.wait.status = (uint64_t)(int64_t)answer.status;
    }
}

/* ------------------------------------------------------------------------------ questions */

enum { MEMBER_NAME_BYTES = 32 };

static void request_describe(struct proc_request *request, const struct process *process)
{
    if (process == NULL) {
        request->error = PROC_ERR_SRCH;
        return;
    }
    request->result.identity.pid = process->pid;
    request->result.identity.parent = process->parent == NULL ? 0 : process->parent->pid;
    request->result.identity.state = process->state == PROCESS_ZOMBIE;
    request->result.identity.space_id = process->body.space_id;
    request->result.identity.threads = process->body.thread_count;
    memcpy(&request->out[5], process->name, PROCESS_NAME_BYTES);
}

void proc_on_identity(struct proc_request *request)
{
    uint64_t pid = request->in.identity.pid;

    request_describe(request, pid == 0 ? request_process() : process_by_pid(pid));
}

void proc_on_list(struct proc_request *request)
{
    const struct process *process = process_after(request->in.list.after_pid);

    request_describe(request, process);
    request->result.list.harts = process == NULL ? 0 : body_harts(&process->body);
}

void proc_on_member(struct proc_request *request)
{
    uint64_t position = request->in.member.position;
    struct cpio_member member;

    request->error = image_next_file(&position, &member);
    if (request->error == ERR_OK) {
        request->result.member.position = position;
        request->result.member.mode = member.mode;
        request->result.member.bytes = member.bytes;
        strncpy((char *)&request->out[3], member.name, MEMBER_NAME_BYTES);
    }
}

void proc_on_statistics(struct proc_request *request)
{
    struct process_statistics processes = process_table_statistics();
    struct object_statistics objects = object_memory_statistics();

    request->result.statistics.processes = processes.processes;
    request->result.statistics.threads = thread_count();
    request->result.statistics.limit_processes = processes.limit;
    request->result.statistics.object_chunks = objects.chunks;
    request->result.statistics.objects_live = objects.live;
    request->result.statistics.objects_spare = objects.spare + reply_spares();
}

/* -------------------------------------------------------------------- console and machine */

void proc_on_watch(struct proc_request *request)
{
    if (request->cap == 0) {
        request->error = PROC_ERR_INVAL;
        return;
    }
    kill_know_console(request->in.watch.space_id);
    news_watch(request->cap);
    request->cap = 0; /* ours now */
}

void proc_on_session(struct proc_request *request)
{
    struct process *process = process_by_badge(request->in.session.badge);

    if (process == NULL) {
        request->error = PROC_ERR_SRCH;
        return;
    }
    process->flags |= PROCESS_SESSION;
}

void proc_on_next_gone(struct proc_request *request)
{
    request->result.next_gone.news = news_take_gone(&request->out[1]);
}

void proc_on_next_message(struct proc_request *request)
{
    char piece[NEWS_PIECE_BYTES] = {0};

    request->result.next_message.bytes = news_take_message(piece);
    memcpy(&request->out[1], piece, sizeof(piece));
}

void proc_on_next_power(struct proc_request *request)
{
    if (!news_take_power(&request->result.next_power.how, &request->result.next_power.status)) {
        request->error = PROC_ERR_SRCH;
    }
}

void proc_on_power(struct proc_request *request)
{
    if (request->in.power.how > 1) {
        request->error = PROC_ERR_INVAL;
        return;
    }
    news_power(request->in.power.how, request->in.power.status);
}

void proc_on_line(struct proc_request *request)
{
    request->error = first_line(request->in.line.offset, &request->w[1]);
}

void proc_on_launch(struct proc_request *request)
{
    request->error = first_launch(request->in.launch.line_bytes, request->in.launch.timebase_hz,
                                  facts.space_id, &request->result.launch.pid);
}

/* ---------------------------------------------------------------------------- test hooks */

static void request_crash(void)
{
    volatile uint64_t *volatile nowhere = (volatile uint64_t *)sizeof(uint64_t);

    *nowhere = 0;
}

static bool request_set_hook(uint64_t what, uint64_t value, uint64_t *left_out)
{
    object_keep_spares(value == 0); /* what is taken from spares cannot fail */
    switch (what) {
    case PROC_HOOK_FAIL_PROCESS:
        *left_out = process_fail_after(value);
        return true;
    case PROC_HOOK_FAIL_THREAD:
        *left_out = thread_fail_after(value);
        return true;
    case PROC_HOOK_FAIL_WAITER:
        *left_out = wait_fail_after(value);
        return true;
    case PROC_HOOK_FAIL_OBJECT:
        *left_out = object_fail_after(value);
        return true;
    case PROC_HOOK_FAIL_SLOT:
        *left_out = slots_fail_after(value);
        return true;
    case PROC_HOOK_CRASH:
        request_crash();
        return true;
    default:
        return false;
    }
}

void proc_on_hook(struct proc_request *request)
{
    uint64_t what = request->in.hook.what;

    if (!facts.testhooks) {
        request->error = PROC_ERR_DENIED;
    } else if (what < PROC_HOOK_FIRST) {
        request->error = pager_hook(SERVER_SLOT_PAGER, what, request->in.hook.value,
                                    &request->result.hook.result);
    } else if (!request_set_hook(what, request->in.hook.value, &request->result.hook.result)) {
        request->error = PROC_ERR_INVAL;
    }
}
