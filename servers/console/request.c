/* The requests of the console; contract in request.h. */
#include "request.h"

#include <stddef.h>
#include <string.h>

#include <byre/gen/console_dispatch.inc>
#include <byre/gen/pager_client.h>
#include <byre/table.h>
#include <libsys/unmap.h>

#include "input.h"
#include "output.h"

static const struct store_owner *request_owner;

void request_init(const struct store_owner *owner)
{
    request_owner = owner;
}

static bool console_admits(enum console_who who, const struct console_request *request)
{
    (void)who;
    (void)request; /* whoever holds the capability: proc gave it to a process, by its badge */
    return true;
}

unsigned request_serve(struct console_request *request)
{
    return console_dispatch(request);
}

/* A job for the request, in its session. NULL: the error is set. */
static struct job *request_job(struct console_request *request)
{
    struct session *session = session_get(request->badge);
    struct job *job = session == NULL ? NULL : job_take(session);

    if (job == NULL) {
        request->error = CONSOLE_ERR_NOMEM;
    }
    return job;
}

static void request_drop_buffer(struct session *session)
{
    if (session->buffer != NULL) {
        (void)!unmap_all(request_owner->pager, (uint64_t)(uintptr_t)session->buffer,
                         session->buffer_bytes / PAGE_BYTES);
    }
    session->buffer = NULL;
    session->buffer_bytes = 0;
}

void request_forget(uint64_t badge)
{
    struct session *session = session_find(badge);

    if (session != NULL) {
        input_forget(session);
        output_forget(session);
        request_drop_buffer(session);
        session_drop(session);
    }
}

void console_on_open(struct console_request *request)
{
    struct session *session = session_get(request->badge);
    uint64_t address, pages;

    if (session == NULL) {
        request->error = CONSOLE_ERR_NOMEM;
        return;
    }
    if (!list_is_empty(&session->writes)) {
        request->error = CONSOLE_ERR_INVAL; /* they may stand in the buffer that it has */
        return;
    }
    if (pager_share_map(request_owner->pager, request->in.open.object_id, request->in.open.key,
                        MAP_R | MAP_W, &address, &pages) != ERR_OK) {
        request->error = CONSOLE_ERR_INVAL;
        return;
    }
    input_forget(session);
    request_drop_buffer(session);
    session->buffer = (char *)(uintptr_t)address;
    session->buffer_bytes = pages * PAGE_BYTES;
    request->result.open.buffer_bytes = session->buffer_bytes;
}

/* The part of the session's buffer that a request names; NULL: it has none, or not there. */
static char *request_buffer(const struct console_request *request, uint64_t offset, uint64_t bytes)
{
    const struct session *session = session_find(request->badge);

    if (session == NULL || session->buffer == NULL || offset > session->buffer_bytes ||
        bytes > session->buffer_bytes - offset) {
        return NULL;
    }
    return session->buffer + offset;
}

/* ---------------------------------------------------------------------------------- write */

/* The job has its bytes. It ends here, or its caller waits with it. */
static void request_output(struct console_request *request, struct job *job)
{
    uint64_t bytes = job->bytes;

    if (bytes == 0 || output_write(job)) {
        job_give(job);
        request->result.write.bytes = bytes;
        return;
    }
    job->reply = reply_defer();
    if (job->reply == NULL) { /* what is out is out: a short write */
        request->error = job->done == 0 ? CONSOLE_ERR_NOMEM : ERR_OK;
        request->result.write.bytes = job->done;
        output_withdraw(job);
        return;
    }
    request->deferred = true;
}

void console_on_write(struct console_request *request)
{
    if (request->in.write.bytes > JOB_DATA_BYTES) {
        request->error = CONSOLE_ERR_INVAL;
        return;
    }
    struct job *job = request_job(request);
    if (job == NULL) {
        return;
    }
    memcpy(job->data, &request->w[2], JOB_DATA_BYTES);
    job->from = job->data;
    job->bytes = request->in.write.bytes;
    request_output(request, job);
}

void console_on_write_buffer(struct console_request *request)
{
    const char *from =
        request_buffer(request, request->in.write_buffer.offset, request->in.write_buffer.bytes);
    if (from == NULL) {
        request->error = CONSOLE_ERR_INVAL;
        return;
    }
    struct job *job = request_job(request);
    if (job == NULL) {
        return;
    }
    job->from = from;
    job->bytes = request->in.write_buffer.bytes;
    request_output(request, job);
}

/* ----------------------------------------------------------------------------------- read */

static void request_input(struct console_request *request, struct job *job)
{
    if (input_read(job)) {
        request->result.read.bytes = job->done;
        memcpy(&request->out[1], job->data, JOB_DATA_BYTES);
        job_give(job);
        return;
    }
    job->reply = reply_defer();
    if (job->reply == NULL) {
        request->error = CONSOLE_ERR_NOMEM;
        job_give(job);
        return;
    }
    request->deferred = true;
}

void console_on_read(struct console_request *request)
{
    struct job *job = request_job(request);

    if (job != NULL) {
        uint64_t bytes = request->in.read.bytes;
        job->bytes = bytes < JOB_DATA_BYTES ? bytes : JOB_DATA_BYTES;
        request_input(request, job);
    }
}

void console_on_read_buffer(struct console_request *request)
{
    char *into =
        request_buffer(request, request->in.read_buffer.offset, request->in.read_buffer.bytes);
    if (into == NULL) {
        request->error = CONSOLE_ERR_INVAL;
        return;
    }
    struct job *job = request_job(request);
    if (job != NULL) {
        job->into = into;
        job->bytes = request->in.read_buffer.bytes;
        request_input(request, job);
    }
}

/* -------------------------------------------------------------------------------- control */

void console_on_foreground(struct console_request *request)
{
    struct session *session = session_get(request->badge);

    request->error = session == NULL ? CONSOLE_ERR_NOMEM
                                     : input_set_foreground(session, request->in.foreground.pid);
}

void console_on_attributes(struct console_request *request)
{
    request->result.attributes.value = input_attributes();
    if (request->in.attributes.set != 0) {
        request->error = input_set_attributes(request->in.attributes.value);
    }
}
