/* Spaces: an address space is a root table and what the architecture needs to run in it.
 *
 *   S1  The root's record has count 1 and is marked as bound while a space names it.
 *   S2  A space with threads bound to it cannot be destroyed (H3).
 */
#pragma once

#include "core/object.h"

struct space {
    struct object object;
    frame_t root;             /* 0: none yet [K] */
    uint64_t asid;            /* the architecture's: its number [K] */
    uint64_t asid_generation; /* the architecture's: in which the number is good; 0: none [K] */
    uint64_t translation;     /* the architecture's: what loads it, while the number is good [K] */
    uint64_t harts;           /* the architecture's: which may hold its translations [K] */
    uint64_t tag;             /* the architecture's: which hart loaded it last, and when [K] */
    uint64_t lone_tag;        /* the same, while no other may hold its translations [K] */
    uint64_t bound_threads;   /* S2 [K] */
};

static_assert(sizeof(struct space) <= OBJECT_BYTES_SPACE, "fits its size class");

void space_bind_root(struct space *space, frame_t root); /* S1; the table's count is 0 */
void space_destroy(struct space *space TAKES);           /* nobody is bound to it */
