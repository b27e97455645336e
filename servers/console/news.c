/* News from proc; contract in news.h. */
#include "news.h"

#include <stddef.h>
#include <string.h>

#include <byre/gen/init_client.h>
#include <byre/gen/proc_client.h>
#include <byre/server.h>
#include <libsys/time.h>

#include "output.h"
#include "request.h"

enum {
    FRAME_END = 0x03,
    PIECE_BYTES = 56,
    GONE_BADGES = 7,
    GONE_COUNT_MASK = 0xff,
    FAREWELL_S = 2
};

/* Badge of proc's own session: no process has it. */
#define NEWS_BADGE SERVER_BADGE_TRUSTED

static struct {
    uint64_t timebase_hz;
    bool framed;
    bool asks_messages; /* there may be more */
    bool power_wanted;
    bool frame_ended;
    uint64_t power_how;
    uint64_t power_status;
    struct job *piece; /* the one that is being written */
    char text[PIECE_BYTES];
} news;

void news_init(bool framed, uint64_t timebase_hz)
{
    news.timebase_hz = timebase_hz;
    news.framed = framed;
}

/* Drop the sessions of those that have gone. Returns the NEWS_* flags. */
static uint64_t news_fetch_gone(void)
{
    uint64_t word, count, b[GONE_BADGES];
    uint64_t flags = 0;

    do {
        if (proc_next_gone(CONSOLE_SLOT_PROC, &word, &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
                           &b[6]) != ERR_OK) {
            break;
        }
        count = word & GONE_COUNT_MASK;
        flags |= word;
        for (uint64_t i = 0; i < count && i < GONE_BADGES; i++) {
            request_forget(b[i]);
        }
    } while (count == GONE_BADGES);
    return flags;
}

void news_signalled(void)
{
    uint64_t flags = news_fetch_gone();

    news.asks_messages = news.asks_messages || (flags & NEWS_MESSAGE) != 0;
    if ((flags & NEWS_POWER) != 0 &&
        proc_next_power(CONSOLE_SLOT_PROC, &news.power_how, &news.power_status) == ERR_OK) {
        news.power_wanted = true;
    }
    news_run();
}

/* Fetch a piece and begin to write it. False: nothing to fetch, or no memory now. */
static bool news_write_piece(void)
{
    uint64_t bytes, d[PIECE_BYTES / 8];
    struct session *session = session_get(NEWS_BADGE);
    struct job *job = session == NULL ? NULL : job_take(session);

    if (job == NULL) {
        return false;
    }
    if (proc_next_message(CONSOLE_SLOT_PROC, &bytes, &d[0], &d[1], &d[2], &d[3], &d[4], &d[5],
                          &d[6]) != ERR_OK ||
        bytes == 0 || bytes > PIECE_BYTES) {
        news.asks_messages = false;
        job_give(job);
        return false;
    }
    memcpy(news.text, d, sizeof(news.text));
    job->from = news.text;
    job->bytes = bytes;
    news.piece = job;
    (void)output_write(job);
    return true;
}

static void news_power(void)
{
    if (!news.power_wanted || !output_is_empty()) {
        return;
    }
    if (news.framed && !news.frame_ended) {
        news.frame_ended = true;
        output_mark(FRAME_END);
    }
    /* At most a ring of bytes at the UART's speed, and no longer than that if the other side has
     * stopped listening; nothing else will be served. */
    uint64_t end = time_ticks() + news.timebase_hz * FAREWELL_S;
    while (!output_is_sent() && time_ticks() < end) {
        output_run();
    }
    news.power_wanted = false;
    (void)init_power(SERVER_SLOT_INIT, news.power_how, news.power_status);
}

void news_run(void)
{
    do {
        if (news.piece != NULL) {
            if (news.piece->done < news.piece->bytes) {
                break;
            }
            job_give(news.piece);
            news.piece = NULL;
        }
    } while (news.asks_messages && news_write_piece());
    news_power();
}
