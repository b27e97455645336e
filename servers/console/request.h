/* The requests of the console's protocol (abi/console.toml): each handler decodes, checks the
 * bounds of the session's buffer, and hands a job to output or input. */
#ifndef CONSOLE_REQUEST_H
#define CONSOLE_REQUEST_H

#include <byre/gen/console.h>

#include "session.h"

void request_init(const struct store_owner *owner);
/* Returns the words of the answer. */
unsigned request_serve(struct console_request *request);
/* The process with that badge has gone. */
void request_forget(uint64_t badge);

#endif
