/* News for the console; contract in news.h. */
#include "news.h"

#include <string.h>

#include <byre/gen/init_client.h>
#include <byre/gen/proc.h>
#include <byre/server.h>
#include <libsys/print.h>

#include "process.h"
#include "slots.h"

enum { RING_BYTES = 4096, LINE_BYTES = 200 };

static struct {
    cap_t watch; /* 0: nobody */
    char ring[RING_BYTES];
    uint32_t head; /* next byte to give out */
    uint32_t bytes;
    uint32_t dropped;
    bool power_wanted;
    uint64_t power_how;
    uint64_t power_status;
} news;

void news_signal(void)
{
    if (news.watch != 0) {
        (void)byre_signal(news.watch);
    }
}

void news_watch(cap_t notification)
{
    slot_drop(news.watch);
    news.watch = notification;
    news_signal();
}

uint64_t news_take_gone(uint64_t badges_out[NEWS_GONE_MAX])
{
    uint64_t count = 0;
    uint64_t flags = (news.bytes > 0 ? NEWS_MESSAGE : 0) | (news.power_wanted ? NEWS_POWER : 0);

    while (count < NEWS_GONE_MAX && process_first_news() != NULL) {
        struct process *process = process_first_news();
        badges_out[count++] = process->badge;
        process_told(process);
    }
    return count | flags;
}

static void news_put(const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        news.ring[(news.head + news.bytes++) % RING_BYTES] = text[i];
    }
}

void news_message(const char *format, ...)
{
    char line[LINE_BYTES];
    char lost[64];
    va_list list;

    va_start(list, format);
    (void)format_text_list(line, sizeof(line) - 1, format, list);
    va_end(list);
    strcat(line, "\n");
    if (news.watch == 0) {
        print("%s", line);
        return;
    }
    lost[0] = '\0';
    if (news.dropped > 0) {
        (void)format_text(lost, sizeof(lost), "proc: %u messages lost\n", news.dropped);
    }
    size_t bytes = strlen(lost) + strlen(line);
    if (bytes > RING_BYTES - news.bytes) {
        news.dropped++;
    } else {
        news_put(lost, (uint32_t)strlen(lost));
        news_put(line, (uint32_t)strlen(line));
        news.dropped = 0;
    }
    news_signal();
}

size_t news_take_message(char piece_out[NEWS_PIECE_BYTES])
{
    size_t count = 0;

    while (count < NEWS_PIECE_BYTES && news.bytes > 0) {
        piece_out[count++] = news.ring[news.head];
        news.head = (news.head + 1) % RING_BYTES;
        news.bytes--;
    }
    return count;
}

void news_power(uint64_t how, uint64_t status)
{
    if (news.watch == 0) {
        (void)init_power(SERVER_SLOT_INIT, how, status);
        return;
    }
    news.power_wanted = true;
    news.power_how = how;
    news.power_status = status;
    news_signal();
}

bool news_take_power(uint64_t *how_out, uint64_t *status_out)
{
    bool wanted = news.power_wanted;

    *how_out = news.power_how;
    *status_out = news.power_status;
    news.power_wanted = false;
    return wanted;
}
