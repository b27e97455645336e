/* Scrub: how a chunk changes kind. Phases, with progress in chunk.position:
 *
 *   1  It becomes CLOSING: install and create refuse it from now on (C3). What must be gone before
 *      is looked at first: tables of a TABLE chunk, live objects of an OBJECT chunk (C4).
 *   2  Search: every entry of every table (for a USER or TABLE chunk), or every capability slot and
 *      weak reference inside objects (for an OBJECT chunk). A leaf entry found is BUSY, with its
 *      address, and the chunk has its old kind again. Capabilities found are dead (phase 1): they
 *      are emptied, so that no pointer into the chunk is left.
 *   3  Every hart has flushed; the chunk is zeroed through the window.
 *   4  It has its new kind.
 *
 * What moves meanwhile cannot escape the search: dead capabilities do not move (P2), and copies of
 * leaf entries are checked while any chunk is CLOSING. If the asker dies in between, any other
 * call of memory_retype for the chunk goes on where it stopped.
 */
#ifndef KERNEL_CORE_SCRUB_H
#define KERNEL_CORE_SCRUB_H

#include "core/chunk.h"

struct scrub_offender {
    uint64_t address; /* physical, of the entry, table or object that refers to the chunk */
    uint64_t index;   /* of the entry or slot in it */
};

/* One slice: OK when it is done, RESTART when there is more, BUSY with the offender. */
[[nodiscard]] err_t scrub_go_on(struct chunk *chunk, unsigned new_kind,
                                struct scrub_offender *offender_out);

#endif
