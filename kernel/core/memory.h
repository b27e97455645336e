/* Memory: authority over ranges of frames. MEMORY and DEVICE capabilities live in their slots.
 *
 * A derived capability is a plain narrower one: nothing links it to what it came from, and nothing
 * can be done under it that the kind of the chunk forbids. Kinds change in scrub.c.
 */
#pragma once

#include "core/capability.h"
#include "core/chunk.h"

/* Does the range cover these frames? No sum here can overflow. */
static inline bool memory_covers(const struct capability *range, frame_t first, uint64_t frames)
{
    return first.number >= range->first_frame && frames <= range->frames &&
           first.number - range->first_frame <= range->frames - frames;
}

static inline bool memory_covers_one(const struct capability *range, frame_t frame)
{
    return frame.number - range->first_frame < range->frames; /* below it: it wraps to above */
}

/* The whole chunk that begins at the frame in the second argument: ALIGN, RANGE. */
[[nodiscard]] err_t memory_find_chunk(const struct thread *caller, const struct capability *memory,
                                      struct chunk **chunk_out);
