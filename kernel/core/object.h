/* Objects: the kernel's things, in OBJECT memory that user mode handed over.
 *
 *   O1  Every object begins with its header: generation << 8 | type. 0: no object.
 *   O2  No generation is used twice, so a capability that remembers a header names either that
 *       very object or nothing. Generation 0 is never an object's.
 *   O3  An OBJECT page keeps its size class from its first object until its chunk is scrubbed, so
 *       where a header was is always a header, or the first word of a capability slot, which has
 *       generation 0 (see capability.h). This is what makes stale pointers safe to compare.
 *   O4  map.live has a bit for each slot that holds an object, a dying one included.
 *   O5  chunk.used == pages of the chunk with live slots (a large capability table counts once).
 *
 * Destroying takes the header first, so that all capabilities are dead, then wakes who waits, in
 * slices. A destroyer that dies midway leaves a dying object, which object_destroy finishes; one
 * that comes second joins the first, and either is told OK only when the slot is free.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <byre/gen/kernel.h>

#include "core/types.h"

struct hart;
struct thread;

/* Hand an error on. Decode, check, commit: nothing has changed before the last of these. */
#define TRY(call)               \
    do {                        \
        err_t error_ = (call);  \
        if (error_ != ERR_OK) { \
            return error_;      \
        }                       \
    } while (0)

/* Stop here: say no, or (ERR_RESTART) ask to be called again. */
#define REFUSE_IF(condition, error) \
    do {                            \
        if (condition) {            \
            return error;           \
        }                           \
    } while (0)

/* Never seen by user mode, and negative to entry.S: the call stored its progress and is to be made
 * again. */
#define ERR_RESTART ((err_t)-1)
/* Nor this: registers[] hold the result, error included, or will when it comes. */
#define ERR_DONE ((err_t)-2)

enum {
    OBJECT_TYPE_MASK = 0x7f,
    OBJECT_DYING = 0x80, /* in the header, while it is destroyed in slices */
    OBJECT_GENERATION_SHIFT = 8,
    GENERATION_NONE = OBJECT_TYPES, /* and less: capability.h, P3 */
    OBJECT_MAP_PAGES = 2,           /* at the start of an OBJECT chunk */
    OBJECT_SHIFT_MIN = 6,           /* 64 slots a page */
    OBJECT_SHIFT_MAX = 12,
};

struct object {
    uint64_t header; /* O1 */
};

/* What an OBJECT page holds. [K] */
struct page_map {
    uint64_t live;     /* O4 */
    uint8_t shift;     /* log2 of the size class; 0: none yet */
    bool is_continued; /* an inner page of a capability table that begins before */
    uint16_t pages;    /* of the object, if it takes more than this one */
    uint32_t reserved;
};

static_assert(sizeof(struct page_map) == 16, "512 maps fill two pages");

/* A free slot that object_create may take: decoded and checked. */
struct object_place {
    struct page_map *map;
    struct object *object;
    frame_t page;
    unsigned slot;
    unsigned shift;
    unsigned pages;
};

static inline enum object_type object_type(const struct object *object)
{
    return (enum object_type)(object->header & OBJECT_TYPE_MASK);
}

struct page_map *object_page_map(frame_t page);
struct object *object_at(frame_t page, unsigned slot, unsigned shift);

/* Is there room for `bytes` (a power of two) in that slot? RANGE, KIND, OCCUPIED. */
[[nodiscard]] err_t object_find_place(frame_t page, uint64_t slot, size_t bytes,
                                      struct object_place *place_out);
/* Zeroed, with a new header; the type's own *_init follows. */
struct object *object_create(const struct object_place *place, enum object_type type);

/* Start: BUSY changes nothing; else every capability is dead (its header is new). */
[[nodiscard]] err_t object_destroy_begin(struct object *object, struct thread *destroyer);
/* Go on: OK when the slot is free, RESTART when there is more and an interrupt waits. */
[[nodiscard]] err_t object_destroy_go_on(struct object *object);
/* The same, but at the end a new object of its type and size stands in its place. */
[[nodiscard]] err_t object_renew_go_on(struct object *object, struct hart *hart);
