/* Chunks: 2 MiB of memory change from USER to TABLE or OBJECT and back, by the kernel's scrub.
 *
 *   N1  Only a chunk in which nothing is in use changes; the highest first.
 *   N2  A chunk's entry in the pager's window fits its kind: USER read-write, TABLE read-only,
 *       OBJECT none; the old entry is gone and flushed before the scrub begins.
 *   N3  One chunk at a time may change in the janitor's time, which makes the kernel's call; before
 *       another thread makes that call itself, the janitor is halted. While it lasts the chunk is
 *       of no kind in the books.                                                                */
#ifndef PAGER_CHUNK_H
#define PAGER_CHUNK_H

#include "types.h"

/* The pager's own root table, to find the window's entries (N2); FRAME_NONE: there is no window to
 * keep (host tests). */
void chunks_start(frame_t own_root);
/* Make the highest idle USER chunk one of `kind`. NOMEM: there is none. */
[[nodiscard]] err_t chunk_convert(unsigned kind, frame_t *chunk_out);
/* Make an idle TABLE chunk USER again. False: there is none. */
bool chunk_return(void);
/* Begin to change an idle chunk between USER and TABLE: the janitor does it (N3). False: there is
 * none, or one is changing. */
bool chunk_change_begin(unsigned kind);
bool chunk_is_changing(void);
/* Has the janitor done its part? */
bool chunk_change_is_done(void);
/* End the change that was begun, at once. False: there was none, or something refers to the chunk,
 * which is what it was. */
bool chunk_change_finish(void);
/* The janitor's part: the kernel's call, if there is one to make. */
void chunk_change_work(void);
/* Make an OBJECT chunk in which nothing lives USER again. EXIST, INVAL. */
[[nodiscard]] err_t chunk_return_objects(frame_t chunk);

#endif
