/* What proc has to tell: processes that have gone, words for the user, the wish for power off. The
 * console fetches it when its notification fires; proc never calls the console.
 *
 *   N1  The end of a process is told once, if the console has a session of it (its request
 *       `session`); most short ones never print and cost it nothing.
 *   N2  Messages are whole lines in a ring; one that does not fit is dropped, and the next that
 *       fits is preceded by a line that says how many were. Before the console watches, they go to
 *       the kernel's log.
 *   N3  The wish for power is kept until someone has asked; without a console, init hears it.
 */
#ifndef PROC_NEWS_H
#define PROC_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libsys/ipc.h>

enum { NEWS_GONE_MAX = 7, NEWS_PIECE_BYTES = 56 };

void news_watch(cap_t notification); /* TAKES the slot; an earlier one is dropped */
void news_signal(void);              /* there is something to ask for */
/* The word `news` of next_gone: how many badges, and NEWS_* flags. */
uint64_t news_take_gone(uint64_t badges_out[NEWS_GONE_MAX]);
__attribute__((format(printf, 1, 2))) void news_message(const char *format, ...);
size_t news_take_message(char piece_out[NEWS_PIECE_BYTES]);
void news_power(uint64_t how, uint64_t status);
[[nodiscard]] bool news_take_power(uint64_t *how_out, uint64_t *status_out);

#endif
