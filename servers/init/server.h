/* Starting proc and console through the pager's protocol: wired, each with its table of
 * capabilities (<byre/server.h>). */
#ifndef INIT_SERVER_H
#define INIT_SERVER_H

#include "system.h"

/* Objects and capabilities of a server whose endpoint and plan exist. */
void server_make(struct system *system, struct server *server, uint64_t captable_slots,
                 uint64_t init_badge);
void proc_start(struct system *system);
void console_start(struct system *system);

#endif
