/* Frames: the pager's count of who refers to each 4 KiB of USER memory, and the allocator of USER
 * and TABLE frames, which hands out USER frames from the bottom and TABLE frames from the top.
 *
 *   F1..F5 stand with the records, in records.h.
 *   F6  Bit c of the bitmap of a kind is set exactly while chunk c has that kind and a free frame.
 *   F7  FRAME_FIXED frames (archive, the pager's own) are counted like others and never freed.
 *
 * Records of TABLE frames serve the pager's lists: count links dead tables, link the free ones.  */
#ifndef PAGER_FRAME_H
#define PAGER_FRAME_H

#include "hook.h"
#include "types.h"
#include "window.h"

enum { FRAME_CHUNKS_MAX = 131072 };

/* Totals by kind, for statistics and promises. */
struct frame_totals {
    uint32_t user_chunks;
    uint32_t table_chunks;
    uint32_t object_chunks;
    uint64_t user_free;
    uint64_t table_free; /* frames of TABLE chunks that are no table, the record frames left out */
    uint64_t fixed;      /* USER frames that were in use before the pager began */
};

struct frames {
    struct frame_record *records; /* of the first frame on */
    struct frame_record *origin; /* where that of frame 0 would be: frame numbers alone are added */
    struct chunk_record *chunks; /* of the first chunk on */
    struct chunk_record
        *user;            /* USER frames come from here: no lower chunk has any (F6), or none */
    uint64_t user_first;  /* its first frame */
    uint32_t first_frame; /* first frame of RAM; a chunk's first */
    uint32_t chunk_count; /* chunks from there to the end of RAM, holes included */
    uint32_t
        current_table; /* TABLE frames come from this chunk: no higher one has any, or none has */
    struct frame_totals totals;
    uint64_t has_free[2][FRAME_CHUNKS_MAX / 64];            /* F6: [0] USER, [1] TABLE */
    uint64_t has_free_words[2][FRAME_CHUNKS_MAX / 64 / 64]; /* bit w: word w above is not 0 */
};

extern struct frames frames;

static inline struct frame_record *frame_record(frame_t f)
{
    return &frames.origin[f.number];
}

static inline struct chunk_record *frame_chunk(frame_t f)
{
    return &frames.chunks[(f.number - frames.first_frame) / CHUNK_PAGES];
}

static inline uint32_t frame_count(frame_t f LENT)
{
    return frame_record(f)->count;
}

/* Device frames stand in entries too, but nobody counts them. */
static inline bool frame_is_counted(frame_t f LENT)
{
    uint32_t index = f.number - frames.first_frame;
    return index < frames.chunk_count * CHUNK_PAGES &&
           frames.chunks[index / CHUNK_PAGES].kind == KIND_USER;
}

/* Begin with no chunk. Memory for chunk records is zero or not, and is set up here. */
void frames_start(struct frame_record *records KEEPS, struct chunk_record *chunks KEEPS,
                  frame_t first, uint32_t chunk_count);
/* A chunk of a kind, none of its frames in use; for TABLE frame 0 is taken for the records. */
void frames_add_chunk(frame_t chunk, unsigned kind);
/* Take a chunk whose used is 0 (for TABLE: whose only used frame is the records') out again. */
void frames_remove_chunk(frame_t chunk);
/* Mark frames of a USER chunk, none handed out yet, as in use and fixed with count 1. */
void frames_reserve(frame_t first, uint32_t count, unsigned flags);
/* Boot's TABLE chunk: its frames below `bump` are in use. */
void frames_reserve_tables(frame_t chunk, unsigned bump);

/* A USER frame with count 1, its contents unknown. NOMEM. */
[[nodiscard]] err_t frame_alloc(frame_t *frame_out GIVES);
/* The same, when the current chunk has one and it is not the last there; and no hook waits. False
 * says nothing about memory. */
static inline bool frame_alloc_quick(frame_t *frame_out GIVES)
{
    struct chunk_record *c = frames.user;
    uint64_t number = frames.user_first;
    if (c->kind != KIND_USER || hooks.fail[PAGER_HOOK_FAIL_FRAME] != 0) {
        return false;
    }
    struct frame_record *r;
    if (c->free != FRAME_LINK_END) {
        number += c->free;
        r = &frames.origin[number];
        if (r->link == FRAME_LINK_END && c->bump == CHUNK_PAGES) {
            return false;
        }
        c->free = r->link;
    } else {
        if (c->bump >= CHUNK_PAGES - 1) {
            return false;
        }
        number += c->bump++;
        r = &frames.origin[number];
    }
    c->used++;
    *r = (struct frame_record){.count = 1};
    frames.totals.user_free--;
    *frame_out = (frame_t){(uint32_t)number};
    return true;
}
/* One more refers to f. */
static inline void frame_ref(frame_t f LENT)
{
    struct frame_record *r = frame_record(f);
    PAGER_ASSERT(r->count != 0);
    if (r->count != FRAME_COUNT_MAX) {
        r->count++;
    }
}

/* Its count has come to 0: for frame_unref alone. */
void frame_release(frame_t f TAKES);

/* One fewer; the last one frees it. A frame that is free already is a bug and asserted. */
static inline void frame_unref(frame_t f TAKES)
{
    struct frame_record *r = frame_record(f);
    PAGER_ASSERT(r->count != 0);
    if (r->count != FRAME_COUNT_MAX && --r->count == 0) {
        frame_release(f);
    }
}

/* As frame_unref for many frames of which neighbours are alike: what is looked up is kept. */
struct frame_batch {
    uint32_t chunks;              /* that were looked up */
    uint64_t chunk;               /* of the frames looked up last, from physical address 0 on */
    struct chunk_record *c;       /* NULL: they are nobody's */
    struct frame_record *records; /* where that of frame 0 would be */
};

static inline struct frame_batch frame_batch_begin(void)
{
    return (struct frame_batch){.chunk = UINT64_MAX, .records = frames.origin};
}

/* As frame_unref, for a loop that comes to it rarely. */
void frame_unref_rarely(struct frame_record *r TAKES);

/* Is the run in the chunk that was looked up last, and its first frame shared? */
static inline bool frame_batch_holds_run(const struct frame_batch *batch, uint64_t number)
{
    return number / CHUNK_PAGES == batch->chunk && batch->c != NULL &&
           (number + ENTRIES_A_RUN - 1) / CHUNK_PAGES == batch->chunk &&
           batch->records[number].count > 1;
}

/* One fewer refers to each frame of a run, of which most are shared. */
static inline void frame_unref_run(struct frame_record *r TAKES)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < ENTRIES_A_RUN; i++) {
        uint32_t left = r[i].count - 1;
        if (__builtin_expect((int32_t)left > 0, 1)) {
            r[i].count = left;
        } else {
            frame_unref_rarely(&r[i]);
        }
    }
}

static inline void frame_batch_unref(struct frame_batch *batch, uint64_t number TAKES)
{
    frame_t f = {(uint32_t)number};
    if (number / CHUNK_PAGES != batch->chunk) {
        batch->chunk = number / CHUNK_PAGES;
        batch->chunks++;
        batch->c = frame_is_counted(f) ? frame_chunk(f) : NULL;
    }
    struct chunk_record *c = batch->c;
    if (c == NULL) {
        return;
    }
    struct frame_record *r = &batch->records[number];
    if (r->count - 2 < FRAME_COUNT_MAX - 2) {
        r->count--;
    } else if (r->count == 1 && r->flags == 0 && c->free != FRAME_LINK_END &&
               c >= frames.user) { /* its chunk has free ones: F6 stays */
        *r = (struct frame_record){.link = c->free};
        c->free = (uint16_t)(f.number % CHUNK_PAGES);
        c->used--;
        frames.totals.user_free++;
    } else {
        frame_unref(f);
    }
}

static inline bool frame_is_shared(frame_t f LENT)
{
    return frame_record(f)->count > 1;
}

/* A free frame of a TABLE chunk, not a table yet. NOMEM. */
[[nodiscard]] err_t frame_alloc_table(frame_t *frame_out GIVES);
void frame_free_table(frame_t f TAKES);

/* The highest chunk of a kind in which nothing is in use, or FRAME_NONE. O(chunks / 64) words. */
frame_t frames_find_idle_chunk(unsigned kind);

/* Recount F2, F5 and F6 of every chunk; true when they hold. For tests. */
bool frames_check(void);

#endif
