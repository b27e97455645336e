/* The requests of proc's protocol (abi/proc.toml): each handler decodes, calls the noun that does
 * it, and answers. */
#ifndef PROC_REQUEST_H
#define PROC_REQUEST_H

#include <byre/gen/proc.h>

struct request_facts {
    uint64_t space_id; /* proc's own */
    bool testhooks;
};

void request_init(const struct request_facts *facts);
/* Returns the words of the answer. */
unsigned request_serve(struct proc_request *request);

#endif
