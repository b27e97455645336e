/* Reply objects of the console, for callers that wait for input or for room.
 *
 *   R1  One is the loop's own (reply_current) and holds the caller of the request being served.
 *   R2  reply_defer hands it, with its caller, to a continuation, after another has taken its
 *       place; NULL: no memory, nothing has changed.
 *   R3  They are made once, in pages that init gave, then in chunks from the pager, and used again.
 */
#ifndef CONSOLE_REPLY_H
#define CONSOLE_REPLY_H

#include <stdbool.h>

#include <libsys/store.h>

struct reply {
    struct reply *next_spare;
    struct object_place place; /* nowhere: init made it */
    cap_t slot;
};

[[nodiscard]] bool reply_init(const struct store_owner *owner, uint64_t address);
cap_t reply_current(void);
struct reply *reply_defer(void);
void reply_give(struct reply *reply); /* answered, or its caller is gone */
void reply_tell(struct object_book *book);

#endif
