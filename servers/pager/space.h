/* Spaces: one record each, found by id = index | generation << 32.
 *
 *   S1  An id is never used for two spaces.
 *   S2  A live space has a kernel space object (slot and object by index), a root table bound to
 *       it, a region map and an account.
 *   S3  promised_* is what the space holds of its account's promises: its map's pages, the grown
 *       part of its stack, its map's tables and the root.
 *   S4  hit is a copy of one of its regions, or has no pages; whoever changes the map empties it.
 *   S5  The kernel object of an ended space is kept for the next, renewed, if few are (shell.h): no
 *       capability from before names it. */
#ifndef PAGER_SPACE_H
#define PAGER_SPACE_H

#include "promise.h"
#include "region.h"
#include "types.h"

enum {
    SPACE_GENERATION_MAX = (1 << 30) - 1,
    STACK_HEADROOM_PAGES = 16, /* promised below the lowest page of a stack that was used */
};

void spaces_start(frame_t first_object_page, uint32_t object_pages);

static inline uint64_t space_id(const struct space *s)
{
    return s->index | (uint64_t)s->generation << 32;
}

/* NULL when there is none of that id (any more). */
static inline struct space *space_find(uint64_t id)
{
    uint32_t index = (uint32_t)id;
    if (__builtin_expect(index >= pager_state.space_indices.length, 0)) {
        return NULL;
    }
    struct space *s = pager_state.spaces[index];
    return s != NULL && s->generation == id >> 32 ? s : NULL;
}

/* In order of index, from `index` on; NULL at the end. */
struct space *space_next(uint32_t index);

/* What a space is to begin with. */
struct space_wish {
    uint64_t user; /* frames and tables to promise, the root among them */
    uint64_t tables;
    uint32_t page;   /* of the stack, where it will write first; 0: unknown */
    bool with_frame; /* that page's entry may stand already, for a caller that fills its frame */
};

/* A space whose root is empty, or has a path of empty tables to the page wished for. The account
 * gets a reference; the map is the space's on success. NOMEM, AGAIN. */
[[nodiscard]] err_t space_create(struct account *account LENT, struct region_map *map TAKES,
                                 const struct space_wish *wish LENT,
                                 struct space **space_out GIVES);
/* Everything of it goes: promises at once, tables and frames by teardown. BUSY: threads are bound
 * to it; nothing changed. */
[[nodiscard]] err_t space_destroy(struct space *space TAKES);

/* Let one shell go. False: there is none. */
bool space_release_kept(void);

/* The region that holds the page, or NULL; keeps S4. */
static inline const struct region *space_region(struct space *s, uint32_t page)
{
    if (__builtin_expect(region_holds(&s->hit, page), 1)) {
        return &s->hit;
    }
    const struct region *r = region_find(s->map, page);
    if (r != NULL) {
        s->hit = *r;
        return &s->hit;
    }
    return NULL;
}

static inline void space_forget_hit(struct space *s)
{
    s->hit.pages = 0;
}

/* Change what the space holds of its account's promises to fit its map. NOMEM, AGAIN: it has to
 * grow and may not. */
[[nodiscard]] err_t space_promise(struct space *s, uint64_t user, uint64_t tables);

/* Pages the stack owes when its lowest used page is `page`. */
[[nodiscard]] err_t space_grow_stack(struct space *s, const struct region *stack, uint32_t page);

#endif
