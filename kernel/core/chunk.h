/* Chunks: physical memory in pieces of 2 MiB, each of one kind.
 *
 *   C1  A user leaf entry names a frame of a USER chunk, a TABLE chunk (R alone), or device space.
 *   C2  The kernel's window shows a chunk exactly while it is TABLE or OBJECT (or being zeroed on
 *       the way in or out).
 *   C3  Nothing is installed into a CLOSING chunk, so what its scrub has passed stays clean.
 *   C4  used == tables (TABLE, frame 0 not counted) or pages with live objects (OBJECT).
 *   C5  Every frame that a MEMORY capability covers has its record: there are no others, and the
 *       first one covers just these.
 *
 * The array is carved and its kinds are set by boot/; there is one record for every 2 MiB from the
 * lowest to the highest RAM address.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

#include "core/types.h"

enum { CHUNK_FRAMES_SHIFT = CHUNK_SHIFT - PAGE_SHIFT, CHUNK_FRAME_MASK = CHUNK_PAGES - 1 };

struct chunk {
    uint8_t kind;     /* KIND_* */
    uint8_t old_kind; /* while CLOSING: what it was */
    uint16_t used;    /* C4 */
    uint32_t reserved;
    uint64_t position; /* while CLOSING: how far the scrub is */
};

static_assert(sizeof(struct chunk) == 16, "sixteen bytes for 2 MiB");

struct chunks {
    struct chunk *records; /* [c] */
    uint64_t first;        /* chunk number of records[0] [c] */
    uint64_t count;        /* [c] */
    uint64_t closing;      /* how many are CLOSING [K] */
    struct chunk *origin;  /* where the record of chunk 0 would be [c] */
};

extern struct chunks chunks;

static inline frame_t chunk_first_frame(uint64_t index)
{
    return (frame_t){(chunks.first + index) << CHUNK_FRAMES_SHIFT};
}

/* The chunk of a frame; NULL: no RAM there. */
static inline struct chunk *chunk_of(frame_t frame)
{
    uint64_t index = (frame.number >> CHUNK_FRAMES_SHIFT) - chunks.first;

    return index < chunks.count ? &chunks.records[index] : NULL;
}

/* Of a frame that a MEMORY capability covers (C5). */
static inline unsigned chunk_kind_covered(frame_t frame)
{
    return chunks.origin[frame.number >> CHUNK_FRAMES_SHIFT].kind;
}

static inline unsigned chunk_kind(frame_t frame)
{
    const struct chunk *chunk = chunk_of(frame);

    return chunk == NULL ? KIND_FIRMWARE : chunk->kind;
}
