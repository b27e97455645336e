/* Output; contract in output.h. */
#include "output.h"

#include <stddef.h>

static struct {
    const struct uart_driver *uart;
    bool framed;
    bool wants_room;
    struct session *owner;
    uint64_t owner_bytes;
    struct list ready; /* sessions with writes */
    uint32_t first;
    uint32_t count;
    uint8_t ring[OUTPUT_RING_BYTES];
} output;

void output_init(const struct uart_driver *uart, bool framed)
{
    output.uart = uart;
    output.framed = framed;
    list_init(&output.ready);
}

/* ----------------------------------------------------------------------------- the ring */

static void output_put(uint8_t byte)
{
    output.ring[(output.first + output.count++) % OUTPUT_RING_BYTES] = byte;
}

/* One byte of text; the caller has made sure of room for two. */
static void output_put_text(char byte)
{
    if (byte == '\n' && !output.framed) {
        output_put('\r');
    }
    output_put((uint8_t)byte);
}

static void output_send(void)
{
    while (output.count > 0 && output.uart->send(output.ring[output.first])) {
        output.first = (output.first + 1) % OUTPUT_RING_BYTES;
        output.count--;
    }
    bool wants = output.count > 0;
    if (wants != output.wants_room) {
        output.wants_room = wants;
        output.uart->want_room(wants);
    }
}

void output_echo(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes && output.count + 2 <= OUTPUT_RING_BYTES; i++) {
        output_put_text(text[i]);
    }
    output_send();
}

void output_mark(uint8_t byte)
{
    if (output.count < OUTPUT_RING_BYTES) {
        output_put(byte);
    }
    output_send();
}

/* ---------------------------------------------------------------------------- the queues */

static bool output_has_room(void)
{
    return output.count + 2 <= OUTPUT_RING_BYTES - OUTPUT_ECHO_BYTES;
}

static struct job *output_first_job(struct session *session)
{
    return list_is_empty(&session->writes) ? NULL
                                           : LIST_OWNER(session->writes.next, struct job, queue);
}

static bool output_others_wait(const struct session *owner)
{
    if (list_is_empty(&output.ready)) {
        return false;
    }
    return output.ready.next != &owner->ready || output.ready.previous != &owner->ready;
}

static void output_answer(struct job *job)
{
    struct message message = {.label = ERR_OK, .w = {job->bytes}};

    /* A caller that has gone needs no answer; its session will go too. */
    (void)ipc_reply(job->reply->slot, &message);
    job_give(job);
}

/* Up to one line of the session's first job. True: the session is through with its turn. */
static bool output_copy(struct session *session, struct job *job)
{
    while (job->done < job->bytes && output_has_room()) {
        char byte = job->from[job->done++];
        output_put_text(byte);
        output.owner_bytes++;
        if (byte == '\n' ||
            (output.owner_bytes >= OUTPUT_LINE_BYTES && output_others_wait(session))) {
            return true;
        }
    }
    return false;
}

static void output_take_turn(struct session *session)
{
    struct job *job = output_first_job(session);

    if (output.owner != session) {
        output.owner = session;
        output.owner_bytes = 0;
    }
    bool line_ended = output_copy(session, job);
    if (line_ended) {
        output.owner = NULL;
    }
    if (job->done == job->bytes) {
        list_remove(&job->queue);
        if (job->reply != NULL) {
            output_answer(job);
        }
    }
    if (list_is_empty(&session->writes)) {
        list_remove(&session->ready);
    } else if (line_ended) {
        list_remove(&session->ready);
        list_append(&output.ready, &session->ready);
    }
}

void output_run(void)
{
    for (;;) {
        output_send();
        if (!output_has_room() || list_is_empty(&output.ready)) {
            return;
        }
        struct session *session = output.owner;
        if (session == NULL) {
            session = LIST_OWNER(output.ready.next, struct session, ready);
        } else if (list_is_empty(&session->writes)) {
            return; /* the owner thinks; the others are patient (O2) */
        }
        output_take_turn(session);
    }
}

bool output_write(struct job *job)
{
    struct session *session = job->session;

    list_append(&session->writes, &job->queue);
    if (list_is_empty(&session->ready)) {
        list_append(&output.ready, &session->ready);
    }
    output_run();
    return job->done == job->bytes;
}

void output_withdraw(struct job *job)
{
    struct session *session = job->session;

    job_give(job);
    if (list_is_empty(&session->writes)) {
        list_remove(&session->ready);
    }
}

void output_release(struct session *session)
{
    if (output.owner == session) {
        output.owner = NULL;
        output_run();
    }
}

void output_forget(struct session *session)
{
    while (!list_is_empty(&session->writes)) {
        job_give(output_first_job(session));
    }
    list_remove(&session->ready);
    output_release(session);
}

bool output_patience(void)
{
    return output.owner != NULL && list_is_empty(&output.owner->writes) &&
           !list_is_empty(&output.ready);
}

void output_expire(void)
{
    if (output_patience()) {
        output.owner = NULL;
        output_run();
    }
}

bool output_is_empty(void)
{
    return output.count == 0 && list_is_empty(&output.ready);
}

bool output_is_sent(void)
{
    return output.count == 0 && output.uart->is_silent();
}
