/* Frames: counts, free lists and bitmaps of chunks. The contract is in frame.h. */
#include "frame.h"

struct frames frames;

enum { WORD_BITS = 64, KIND_SLOTS = 2 };

/* Which bitmap serves a kind of chunk: 0 USER, 1 TABLE, -1 none. */
static int kind_slot(unsigned kind)
{
    switch (kind) {
    case KIND_USER:
        return 0;
    case KIND_TABLE:
        return 1;
    default:
        return -1;
    }
}

static uint32_t chunk_index(frame_t f)
{
    return (f.number - frames.first_frame) / CHUNK_PAGES;
}

static frame_t chunk_frame(uint32_t index)
{
    return (frame_t){frames.first_frame + index * CHUNK_PAGES};
}

static void bitmap_set(int slot, uint32_t chunk)
{
    uint32_t word = chunk / WORD_BITS;
    frames.has_free[slot][word] |= 1ul << chunk % WORD_BITS;
    frames.has_free_words[slot][word / WORD_BITS] |= 1ul << word % WORD_BITS;
}

static void bitmap_clear(int slot, uint32_t chunk)
{
    uint32_t word = chunk / WORD_BITS;
    frames.has_free[slot][word] &= ~(1ul << chunk % WORD_BITS);
    if (frames.has_free[slot][word] == 0) {
        frames.has_free_words[slot][word / WORD_BITS] &= ~(1ul << word % WORD_BITS);
    }
}

static unsigned lowest_bit(uint64_t word)
{
    return (unsigned)__builtin_ctzl(word);
}

static unsigned highest_bit(uint64_t word)
{
    return WORD_BITS - 1 - (unsigned)__builtin_clzl(word);
}

static uint32_t top_words(void)
{
    uint32_t words = (frames.chunk_count + WORD_BITS - 1) / WORD_BITS;
    return (words + WORD_BITS - 1) / WORD_BITS;
}

/* The lowest chunk of the kind with a free frame; false: none. */
static bool find_lowest(int slot, uint32_t *chunk_out)
{
    for (uint32_t i = 0; i < top_words(); i++) {
        uint64_t top = frames.has_free_words[slot][i];
        if (top != 0) {
            uint32_t word = i * WORD_BITS + lowest_bit(top);
            *chunk_out = word * WORD_BITS + lowest_bit(frames.has_free[slot][word]);
            return true;
        }
    }
    return false;
}

static bool find_highest(int slot, uint32_t *chunk_out)
{
    for (uint32_t i = top_words(); i-- > 0;) {
        uint64_t top = frames.has_free_words[slot][i];
        if (top != 0) {
            uint32_t word = i * WORD_BITS + highest_bit(top);
            *chunk_out = word * WORD_BITS + highest_bit(frames.has_free[slot][word]);
            return true;
        }
    }
    return false;
}

/* USER frames come from this chunk from now on. */
static void take_from(uint32_t index)
{
    frames.user = &frames.chunks[index];
    frames.user_first = chunk_frame(index).number;
}

void frames_start(struct frame_record *records, struct chunk_record *chunks, frame_t first,
                  uint32_t chunk_count)
{
    PAGER_ASSERT(chunk_count <= FRAME_CHUNKS_MAX);
    PAGER_ASSERT(first.number % CHUNK_PAGES == 0);
    uintptr_t before = (uintptr_t)first.number * sizeof(struct frame_record);
    frames = (struct frames){.records = records,
                             .origin = (struct frame_record *)((uintptr_t)records - before),
                             .chunks = chunks,
                             .first_frame = first.number,
                             .chunk_count = chunk_count};
    take_from(0);
    for (uint32_t i = 0; i < chunk_count; i++) {
        chunks[i] = (struct chunk_record){.kind = KIND_FIRMWARE, .free = FRAME_LINK_END};
    }
}

void frames_add_chunk(frame_t chunk, unsigned kind)
{
    struct chunk_record *c = frame_chunk(chunk);
    *c = (struct chunk_record){.kind = (uint8_t)kind, .free = FRAME_LINK_END};
    switch (kind) {
    case KIND_USER:
        frames.totals.user_chunks++;
        frames.totals.user_free += CHUNK_PAGES;
        break;
    case KIND_TABLE:
        c->used = 1;
        c->bump = 1;
        frames.totals.table_chunks++;
        frames.totals.table_free += CHUNK_PAGES - 1;
        break;
    case KIND_OBJECT:
        c->used = CHUNK_PAGES;
        frames.totals.object_chunks++;
        return;
    default:
        return;
    }
    bitmap_set(kind_slot(kind), chunk_index(chunk));
    if (kind == KIND_USER && chunk.number < frames.user_first) {
        take_from(chunk_index(chunk));
    }
    if (kind == KIND_TABLE && chunk_index(chunk) > frames.current_table) {
        frames.current_table = chunk_index(chunk);
    }
}

void frames_remove_chunk(frame_t chunk)
{
    struct chunk_record *c = frame_chunk(chunk);
    switch (c->kind) {
    case KIND_USER:
        PAGER_ASSERT(c->used == 0);
        frames.totals.user_chunks--;
        frames.totals.user_free -= CHUNK_PAGES;
        bitmap_clear(kind_slot(KIND_USER), chunk_index(chunk));
        break;
    case KIND_TABLE:
        PAGER_ASSERT(c->used == 1);
        frames.totals.table_chunks--;
        frames.totals.table_free -= CHUNK_PAGES - 1;
        bitmap_clear(kind_slot(KIND_TABLE), chunk_index(chunk));
        break;
    case KIND_OBJECT:
        frames.totals.object_chunks--;
        break;
    default:
        break;
    }
    c->kind = KIND_CLOSING;
}

/* Put a frame at the head of its chunk's free list. */
static void chunk_push(struct chunk_record *c, frame_t f)
{
    frame_record(f)->link = c->free;
    c->free = (uint16_t)(f.number % CHUNK_PAGES);
}

/* Let the bump mark stand above an index: what lies between goes on the free list. */
static void chunk_bump_to(struct chunk_record *c, frame_t f)
{
    uint32_t index = f.number % CHUNK_PAGES;
    while (c->bump < index) {
        frame_t between = {f.number - index + c->bump};
        *frame_record(between) = (struct frame_record){0};
        chunk_push(c, between);
        c->bump++;
    }
    c->bump++;
}

/* Take one frame out of its chunk's free list, wherever it stands. O(512), at start-up only. */
static void chunk_unlink(struct chunk_record *c, frame_t f)
{
    uint16_t wanted = (uint16_t)(f.number % CHUNK_PAGES);
    uint32_t base = f.number - wanted;
    uint16_t *link = &c->free;
    while (*link != wanted) {
        PAGER_ASSERT(*link != FRAME_LINK_END);
        link = &frame_record((frame_t){base + *link})->link;
    }
    *link = frame_record(f)->link;
}

void frames_reserve(frame_t first, uint32_t count, unsigned flags)
{
    for (uint32_t i = 0; i < count; i++) {
        frame_t f = {first.number + i};
        struct chunk_record *c = frame_chunk(f);
        PAGER_ASSERT(c->kind == KIND_USER);
        if (f.number % CHUNK_PAGES >= c->bump) {
            chunk_bump_to(c, f);
        } else {
            PAGER_ASSERT(frame_record(f)->count == 0);
            chunk_unlink(c, f);
        }
        *frame_record(f) = (struct frame_record){.count = 1, .flags = (uint16_t)flags};
        c->used++;
        if (c->used == CHUNK_PAGES) {
            bitmap_clear(kind_slot(KIND_USER), chunk_index(f));
        }
    }
    frames.totals.user_free -= count;
    frames.totals.fixed += count;
}

void frames_reserve_tables(frame_t chunk, unsigned bump)
{
    struct chunk_record *c = frame_chunk(chunk);
    PAGER_ASSERT(c->kind == KIND_TABLE && c->used == 1 && bump >= 1 && bump <= CHUNK_PAGES);
    c->bump = (uint16_t)bump;
    c->used = (uint16_t)bump;
    frames.totals.table_free -= bump - 1;
    if (bump == CHUNK_PAGES) {
        bitmap_clear(kind_slot(KIND_TABLE), chunk_index(chunk));
    }
}

/* One frame of a chunk that has one (F6). */
static frame_t chunk_take(int slot, uint32_t index)
{
    struct chunk_record *c = &frames.chunks[index];
    frame_t f = chunk_frame(index);
    if (c->free != FRAME_LINK_END) {
        f.number += c->free;
        c->free = frame_record(f)->link;
    } else {
        PAGER_ASSERT(c->bump < CHUNK_PAGES);
        f.number += c->bump++;
    }
    c->used++;
    if (c->free == FRAME_LINK_END && c->bump == CHUNK_PAGES) {
        bitmap_clear(slot, index);
    }
    return f;
}

static void chunk_give(int slot, frame_t f)
{
    struct chunk_record *c = frame_chunk(f);
    if (c->free == FRAME_LINK_END && c->bump == CHUNK_PAGES) {
        bitmap_set(slot, chunk_index(f));
    }
    chunk_push(c, f);
    c->used--;
}

static bool chunk_has_free(const struct chunk_record *c)
{
    return c->free != FRAME_LINK_END || c->bump < CHUNK_PAGES;
}

err_t frame_alloc(frame_t *frame_out)
{
    uint32_t chunk = (uint32_t)(frames.user - frames.chunks);
    if (__builtin_expect(!chunk_has_free(frames.user) || frames.user->kind != KIND_USER, 0)) {
        if (!find_lowest(0, &chunk)) {
            return PAGER_ERR_NOMEM;
        }
        take_from(chunk);
    }
    frame_t f = chunk_take(0, chunk);
    *frame_record(f) = (struct frame_record){.count = 1};
    frames.totals.user_free--;
    *frame_out = f;
    return ERR_OK;
}

void frame_release(frame_t f)
{
    struct frame_record *r = frame_record(f);
    PAGER_ASSERT((r->flags & FRAME_FIXED) == 0);
    r->flags = 0;
    chunk_give(0, f);
    if (f.number < frames.user_first) {
        take_from(chunk_index(f));
    }
    frames.totals.user_free++;
}

void frame_unref_rarely(struct frame_record *r)
{
    frame_unref((frame_t){(uint32_t)(r - frames.origin)});
}

err_t frame_alloc_table(frame_t *frame_out)
{
    const struct chunk_record *c = &frames.chunks[frames.current_table];
    if (__builtin_expect(!chunk_has_free(c) || c->kind != KIND_TABLE, 0) &&
        !find_highest(1, &frames.current_table)) {
        return PAGER_ERR_NOMEM;
    }
    *frame_out = chunk_take(1, frames.current_table);
    *frame_record(*frame_out) = (struct frame_record){0};
    frames.totals.table_free--;
    return ERR_OK;
}

void frame_free_table(frame_t f)
{
    PAGER_ASSERT(frame_chunk(f)->kind == KIND_TABLE);
    frame_record(f)->count = 0; /* it may still link dead tables */
    chunk_give(1, f);
    if (chunk_index(f) > frames.current_table) {
        frames.current_table = chunk_index(f);
    }
    frames.totals.table_free++;
}

frame_t frames_find_idle_chunk(unsigned kind)
{
    int slot = kind_slot(kind);
    uint16_t idle = kind == KIND_TABLE ? 1 : 0;
    uint32_t words = (frames.chunk_count + WORD_BITS - 1) / WORD_BITS;
    for (uint32_t word = words; word-- > 0;) {
        uint64_t bits = frames.has_free[slot][word];
        while (bits != 0) {
            unsigned bit = highest_bit(bits);
            uint32_t chunk = word * WORD_BITS + bit;
            if (frames.chunks[chunk].used == idle) {
                return chunk_frame(chunk);
            }
            bits &= ~(1ul << bit);
        }
    }
    return FRAME_NONE;
}

/* Frames of the chunk on its free list, or more than there are when the list is not sound. */
static uint32_t chunk_count_free(uint32_t index)
{
    const struct chunk_record *c = &frames.chunks[index];
    uint32_t base = chunk_frame(index).number;
    uint32_t count = 0;
    for (uint16_t at = c->free; at != FRAME_LINK_END && count <= CHUNK_PAGES; count++) {
        if (at >= c->bump || frame_record((frame_t){base + at})->count != 0) {
            return CHUNK_PAGES + 1;
        }
        at = frame_record((frame_t){base + at})->link;
    }
    return count;
}

bool frames_check(void)
{
    uint64_t user_free = 0;
    uint64_t table_free = 0;
    for (uint32_t i = 0; i < frames.chunk_count; i++) {
        const struct chunk_record *c = &frames.chunks[i];
        int slot = kind_slot(c->kind);
        if (slot < 0) {
            continue;
        }
        uint32_t free = chunk_count_free(i) + CHUNK_PAGES - c->bump;
        bool marked = (frames.has_free[slot][i / WORD_BITS] >> i % WORD_BITS & 1) != 0;
        if (c->used + free != CHUNK_PAGES || marked != (free != 0)) {
            return false;
        }
        *(slot == 0 ? &user_free : &table_free) += free;
        if (slot == 0) {
            uint32_t counted = 0;
            for (uint32_t k = 0; k < c->bump; k++) {
                counted += frame_record((frame_t){chunk_frame(i).number + k})->count != 0;
            }
            if (counted != c->used) {
                return false;
            }
        }
    }
    return user_free == frames.totals.user_free && table_free == frames.totals.table_free;
}
