/* Sessions: one a process, known by its badge, with what it has asked and not yet got.
 *
 *   S1  A session exists from the first request of a badge until proc, which was told of it, says
 *       that it has gone.
 *   S2  A job is one write or read; a write is in its session's list until all its bytes are out,
 *       in the order asked. A job whose caller waits holds a reply object.
 *   S3  When a session goes its jobs go, its buffer is unmapped, and its place at the terminal is
 *       free for others.
 */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <libsys/list.h>
#include <libsys/store.h>

#include "reply.h"

enum { JOB_DATA_BYTES = 48 };

struct job {
    struct list queue;
    struct session *session;
    struct reply *reply; /* its caller; NULL: still being served, or nobody */
    const char *from;    /* write: its bytes */
    char *into;          /* read: the shared buffer, or NULL for the message */
    uint64_t bytes;
    uint64_t done;
    char data[JOB_DATA_BYTES];
};

struct session {
    struct session *next; /* in its hash chain */
    uint64_t badge;
    char *buffer; /* shared with the client; NULL: none */
    uint64_t buffer_bytes;
    struct list writes; /* jobs */
    struct list ready;  /* in output's list while it has writes */
};

void session_init(const struct store_owner *owner, uint64_t sessions_at, uint64_t jobs_at);
struct session *session_find(uint64_t badge); /* NULL: none */
struct session *session_get(uint64_t badge);  /* made if need be; NULL: no memory, or gone */
/* S3. The caller has taken it out of output and input. */
void session_drop(struct session *session);

struct job *job_take(struct session *session); /* NULL: no memory */
void job_give(struct job *job);

#endif
