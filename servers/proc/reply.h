/* Reply objects: who holds the callers that proc answers later.
 *
 *   R1  One reply object is the server loop's own (reply_current): it holds the caller of the
 *       request that is being served.
 *   R2  reply_defer hands that one, with its caller, to a continuation, after another has been put
 *       in its place; so when it fails nothing has changed and the request can be refused.
 *   R3  A continuation gives its reply object back empty: answered, or its caller destroyed. Or the
 *       loop goes on with it as its own (reply_resume) while its own is empty, and answers the
 *       caller with its next receive.
 */
#ifndef PROC_REPLY_H
#define PROC_REPLY_H

#include <stdbool.h>

#include <libsys/store.h>

#include "object.h"

struct reply {
    struct reply *next_spare;
    struct object object;
};

[[nodiscard]] bool reply_table_init(const struct store_owner *owner, uint64_t address,
                                    uint32_t limit);
cap_t reply_current(void);
struct reply *reply_defer(void);      /* R2; NULL: no memory */
void reply_give(struct reply *reply); /* R3 */
void reply_resume(struct reply *deferred);
uint32_t reply_spares(void);
void reply_tell(struct object_book *book);

#endif
