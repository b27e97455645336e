/* Sessions; contract in session.h. */
#include "session.h"

#include <stddef.h>

#include <byre/gen/proc_client.h>
#include <byre/server.h>

enum { BUCKETS = 1024 };

static struct store sessions;
static struct store jobs;
static struct session *buckets[BUCKETS];

void session_init(const struct store_owner *owner, uint64_t sessions_at, uint64_t jobs_at)
{
    store_init(&sessions, owner, sessions_at, sizeof(struct session), STORE_RECORDS_MAX);
    store_init(&jobs, owner, jobs_at, sizeof(struct job), STORE_RECORDS_MAX);
    store_prepare(&sessions);
    store_prepare(&jobs);
}

static struct session **session_link(uint64_t badge)
{
    struct session **link = &buckets[badge % BUCKETS];

    while (*link != NULL && (*link)->badge != badge) {
        link = &(*link)->next;
    }
    return link;
}

struct session *session_find(uint64_t badge)
{
    return *session_link(badge);
}

static bool session_is_ours(uint64_t badge)
{
    return (badge & SERVER_BADGE_TRUSTED) != 0;
}

struct session *session_get(uint64_t badge)
{
    struct session **link = session_link(badge);

    if (*link != NULL) {
        return *link;
    }
    struct session *session = store_take(&sessions);
    if (session == NULL) {
        return NULL;
    }
    if (!session_is_ours(badge) && proc_session(CONSOLE_SLOT_PROC, badge) != ERR_OK) {
        store_give(&sessions, session); /* it has ended while it asked */
        return NULL;
    }
    session->badge = badge;
    list_init(&session->writes);
    list_init(&session->ready);
    *link = session;
    return session;
}

void session_drop(struct session *session)
{
    struct session **link = session_link(session->badge);

    *link = session->next;
    store_give(&sessions, session);
}

struct job *job_take(struct session *session)
{
    struct job *job = store_take(&jobs);

    if (job != NULL) {
        list_init(&job->queue);
        job->session = session;
    }
    return job;
}

void job_give(struct job *job)
{
    list_remove(&job->queue);
    if (job->reply != NULL) {
        reply_give(job->reply);
    }
    store_give(&jobs, job);
}
