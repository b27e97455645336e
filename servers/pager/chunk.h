/* Chunks: 2 MiB of memory change from USER to TABLE or OBJECT and back, by the kernel's scrub.
 *
 *   N1  Only a chunk in which nothing is in use changes; the highest first.
 *   N2  A chunk's entry in the pager's window fits its kind: USER read-write, TABLE read-only,
 *       OBJECT none; the old entry is gone and flushed before the scrub begins.                  */
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
/* Make an OBJECT chunk in which nothing lives USER again. EXIST, INVAL. */
[[nodiscard]] err_t chunk_return_objects(frame_t chunk);

#endif
