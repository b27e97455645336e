/* Input; contract in input.h. */
#include "input.h"

#include <stddef.h>
#include <string.h>

#include <byre/gen/console.h>
#include <byre/gen/proc_client.h>
#include <byre/server.h>

#include "output.h"
#include "terminal.h"

enum { SIGNAL_INTERRUPT = 2 };

static struct {
    struct terminal terminal;
    struct list readers; /* jobs */
    uint64_t foreground; /* pid; 0: nobody */
    bool interrupted;    /* a ^C that nobody has had yet (I3) */
    struct session *leader;
} input;

void input_init(bool framed)
{
    /* A run that a script reads wants no echo of what the script types, and may type all at
     * once. */
    uint64_t attributes = TERMINAL_LINES | TERMINAL_SIGNALS;

    terminal_init(&input.terminal, attributes | (framed ? TERMINAL_ENDS : TERMINAL_ECHO),
                  output_echo);
    list_init(&input.readers);
}

/* Take what is there for a job: into the client's buffer, or the job's own bytes. */
static char *input_take(struct job *job)
{
    char *place = job->into != NULL ? job->into : job->data;

    job->done = terminal_read(&input.terminal, place, job->bytes);
    return place;
}

static bool input_answer(const struct job *job, err_t error)
{
    struct message message = {.label = error};

    if (error == ERR_OK) {
        message.w[0] = job->done;
        memcpy(&message.w[1], job->data, JOB_DATA_BYTES);
    }
    return ipc_reply_full(job->reply->slot, &message, IPC_LONG) == ERR_OK;
}

static void input_serve(void)
{
    while (terminal_is_readable(&input.terminal) && !list_is_empty(&input.readers)) {
        struct job *job = LIST_OWNER(input.readers.next, struct job, queue);
        const char *taken = input_take(job);
        if (!input_answer(job, ERR_OK)) {
            terminal_unread(&input.terminal, taken, job->done);
        }
        job_give(job);
    }
}

static void input_interrupt(void)
{
    input.interrupted = input.foreground == 0 && list_is_empty(&input.readers);
    if (input.foreground != 0) {
        if (proc_kill(CONSOLE_SLOT_PROC, -input.foreground, SIGNAL_INTERRUPT) == PROC_ERR_SRCH) {
            /* It leads no tree, or is gone, which is as good. */
            (void)proc_kill(CONSOLE_SLOT_PROC, input.foreground, SIGNAL_INTERRUPT);
        }
        return;
    }
    while (!list_is_empty(&input.readers)) {
        struct job *job = LIST_OWNER(input.readers.next, struct job, queue);
        (void)input_answer(job, CONSOLE_ERR_INTERRUPTED);
        job_give(job);
    }
}

void input_type(uint8_t byte)
{
    switch (terminal_type(&input.terminal, byte)) {
    case TERMINAL_READABLE:
        input_serve();
        break;
    case TERMINAL_INTERRUPT:
        input_interrupt();
        break;
    case TERMINAL_NOTHING:
        break;
    }
}

bool input_read(struct job *job)
{
    if (job->bytes == 0) {
        return true;
    }
    if (terminal_is_readable(&input.terminal) && list_is_empty(&input.readers)) {
        (void)input_take(job);
        return true;
    }
    input.interrupted = false;
    list_append(&input.readers, &job->queue);
    output_release(job->session);
    return false;
}

void input_forget(struct session *session)
{
    struct list *node = input.readers.next;

    while (node != &input.readers) {
        struct job *job = LIST_OWNER(node, struct job, queue);
        node = node->next;
        if (job->session == session) {
            job_give(job);
        }
    }
    if (input.leader == session) {
        input.leader = NULL;
        input.foreground = 0;
    }
}

err_t input_set_foreground(struct session *session, uint64_t pid)
{
    if (input.leader == NULL) {
        input.leader = session;
    }
    if (input.leader != session) {
        return CONSOLE_ERR_PERM;
    }
    input.foreground = pid;
    if (pid != 0 && input.interrupted) {
        input_interrupt();
    }
    return ERR_OK;
}

uint64_t input_attributes(void)
{
    return input.terminal.attributes & TERMINAL_ATTRIBUTES;
}

bool input_has_room(void)
{
    return (input.terminal.attributes & TERMINAL_ENDS) == 0 || terminal_has_room(&input.terminal);
}

err_t input_set_attributes(uint64_t attributes)
{
    if ((attributes & ~(uint64_t)TERMINAL_ATTRIBUTES) != 0) {
        return CONSOLE_ERR_INVAL;
    }
    input.terminal.attributes = attributes | (input.terminal.attributes & TERMINAL_ENDS);
    return ERR_OK;
}
