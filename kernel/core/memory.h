/* Memory: authority over ranges of frames. MEMORY and DEVICE capabilities live in their slots.
 *
 * A derived capability is a plain narrower one: nothing links it to what it came from, and nothing
 * can be done under it that the kind of the chunk forbids. Kinds change in scrub.c.
 */
#ifndef KERNEL_CORE_MEMORY_H
#define KERNEL_CORE_MEMORY_H

#include "core/capability.h"
#include "core/chunk.h"

/* Does the range cover these frames? No sum here can overflow. */
static inline bool memory_covers(const struct capability *range, frame_t first, uint64_t frames)
{
    return first.number >= range->first_frame && frames <= range->frames &&
           first.number - range->first_frame <= range->frames - frames;
}

/* A MEMORY capability of the caller that covers the frames; RANGE. */
[[nodiscard]] err_t memory_find(struct thread *caller, uint64_t index, unsigned rights,
                                frame_t first, uint64_t frames, struct capability **memory_out);
/* The whole chunk that begins at an argument's frame: ALIGN, RANGE. */
[[nodiscard]] err_t memory_find_chunk(struct thread *caller, uint64_t index, unsigned rights,
                                      uint64_t frame, struct chunk **chunk_out);

#endif
