/* Lazy tree copy-on-write: the path to a page made private or readable. The contract is in cow.h;
 * fork is in cow_fork.c, removing and restricting in cow_remove.c. */
#include "cow.h"

#include "cow_path.h"
#include "frame.h"
#include "kernel.h"

enum { THAW_ENTRIES = 64 };

/* ------------------------------------------------------------------------- middle tables */
/* A middle table that nobody else names: valid. If the leaf table that is wanted is its alone, others
 * will be, and those that are become valid too; if not, the sharer lives and has most of them. */
static void middle_thaw(frame_t root, frame_t middle, uint32_t page)
{
    err_t error = kernel_table_thaw(root, page_root_index(page), 1);
    PAGER_ASSERT(error == ERR_OK);
    uint64_t e = table_entries(middle)[page_middle_index(page)];
    if (e != 0 && table_count(entry_frame(e)) == 1) {
        error = kernel_table_thaw(middle, 0, TABLE_ENTRIES);
        PAGER_ASSERT(error == ERR_OK);
    }
}

/* A table that its entry no longer names. Teardown, which runs when memory is short, may have let
 * everyone else go meanwhile. */
static void table_left(frame_t table)
{
    if (table_count(table) == 0) {
        table_bury(table);
    }
}

/* Replace a shared middle table by a copy: entries lazy in both, the children's counts up. */
static err_t middle_split(frame_t root, unsigned index, frame_t shared, frame_t *middle_out)
{
    frame_t copy;
    err_t error = table_make(TABLE_LEVEL_MIDDLE, &copy);
    if (error != ERR_OK) {
        return error;
    }
    error = kernel_table_copy(copy, shared);
    if (error != ERR_OK) {
        err_t dropped = kernel_table_drop(copy, 0, TABLE_ENTRIES);
        PAGER_ASSERT(dropped == ERR_OK);
        table_unmake(copy);
        return PAGER_ERR_NOMEM;
    }
    frame_t replaced;
    error = kernel_table_link(root, index, copy, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == shared.number);
    table_left(shared);
    *middle_out = copy;
    return ERR_OK;
}

/* An empty table in an empty entry. */
static err_t child_make(frame_t table, unsigned index, unsigned level, frame_t *child_out)
{
    err_t error = table_make(level, child_out);
    if (error != ERR_OK) {
        return error;
    }
    frame_t replaced;
    error = kernel_table_link(table, index, *child_out, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == 0);
    return ERR_OK;
}

err_t path_middle(struct space *s, uint32_t page, bool create, frame_t *middle_out)
{
    unsigned index = page_root_index(page);
    uint64_t e = table_entries(s->root)[index];
    *middle_out = entry_frame(e);
    if (__builtin_expect(entry_is_valid(e), 1)) { /* C2: count 1 */
        return ERR_OK;
    }
    if (e == 0) {
        return create ? child_make(s->root, index, TABLE_LEVEL_MIDDLE, middle_out) : ERR_OK;
    }
    if (table_count(*middle_out) == 1) {
        middle_thaw(s->root, *middle_out, page);
        return ERR_OK;
    }
    return middle_split(s->root, index, *middle_out, middle_out);
}

/* --------------------------------------------------------------------------- leaf tables */
/* May the space write to this frame at this page without a copy? (C3) */
static bool may_have_write(struct space *s, uint32_t page, frame_t f)
{
    const struct region *r = space_region(s, page);
    return r != NULL && (r->rights & MAP_W) != 0 && frame_is_counted(f);
}

struct regain {
    frame_t leaf;
    unsigned first; /* index of words[0] */
    unsigned count;
    uint32_t words[KERNEL_MAP_BATCH];
};

static void regain_flush(struct regain *batch)
{
    if (batch->count > 0) {
        err_t error = kernel_table_map(batch->leaf, batch->first, batch->count, batch->words);
        PAGER_ASSERT(error == ERR_OK);
        batch->count = 0;
    }
}

static void regain_add(struct regain *batch, unsigned index, uint32_t word)
{
    if (batch->count == KERNEL_MAP_BATCH || batch->first + batch->count != index) {
        regain_flush(batch);
        batch->first = index;
    }
    batch->words[batch->count++] = word;
}

/* W back wherever C3 allows, in a leaf table that has just become the space's own. Frames with a
 * count of 1 are the space's alone; in shared regions the count does not matter. */
static void leaf_regain(struct space *s, frame_t leaf, uint32_t group_page)
{
    const struct region *r = region_find_next(s->map, group_page);
    bool shared = r != NULL && region_is_shared(r); /* G7: then all of the group is */
    const volatile uint64_t *entries = table_entries(leaf);
    unsigned groups = table_record(leaf)->groups;
    struct regain batch = {.leaf = leaf};
    for (unsigned base = 0; groups != 0; base += TABLE_GROUP_ENTRIES, groups >>= 1) {
        if ((groups & 1) == 0) {
            continue;
        }
        for (unsigned i = base; i < base + TABLE_GROUP_ENTRIES; i++) {
            uint64_t e = entries[i];
            frame_t f = entry_frame(e);
            if ((e & (PTE_V | PTE_W)) != PTE_V || !frame_is_counted(f) ||
                (frame_count(f) > 1 && !shared) || !may_have_write(s, group_page + i, f)) {
                continue;
            }
            regain_add(&batch, i, map_word(f, MAP_R | MAP_W));
        }
    }
    regain_flush(&batch);
}

void leaf_ref_frames(frame_t leaf)
{
    const volatile uint64_t *entries = table_entries(leaf);
    struct frame_record *records = frames.origin;
    unsigned groups = table_record(leaf)->groups;
    for (unsigned base = 0; groups != 0; base += TABLE_GROUP_ENTRIES, groups >>= 1) {
        if ((groups & 1) == 0) {
            continue;
        }
        const volatile uint64_t *end = entries + base + TABLE_GROUP_ENTRIES;
#pragma GCC unroll 4
        for (const volatile uint64_t *at = entries + base; at != end; at++) {
            uint64_t e = *at;
            if (e == 0) {
                continue;
            }
            struct frame_record *r = &records[e >> PTE_FRAME_SHIFT];
            uint32_t more = r->count + 1;
            if (__builtin_expect(more > 1, 1)) { /* it was not 0, and not full */
                r->count = more;
            } else {
                frame_ref(entry_frame(e));
            }
        }
    }
}

/* Replace a shared leaf table by a copy, both without W. */
static err_t leaf_split(struct space *s, frame_t middle, unsigned index, frame_t *leaf_io)
{
    frame_t shared = *leaf_io;
    frame_t copy;
    err_t error = table_make(TABLE_LEVEL_LEAF, &copy);
    if (error != ERR_OK) {
        return error;
    }
    leaf_ref_frames(shared);
    error = kernel_table_copy(copy, shared);
    PAGER_ASSERT(error == ERR_OK);
    if (entry_is_valid(table_entries(middle)[index])) { /* C5: before the old count drops */
        error = kernel_table_lazy(middle, index, 1);
        PAGER_ASSERT(error == ERR_OK);
        error = kernel_flush(s->cap, 0, 0);
        PAGER_ASSERT(error == ERR_OK);
    }
    frame_t replaced;
    error = kernel_table_link(middle, index, copy, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == shared.number);
    table_left(shared);
    *leaf_io = copy;
    return ERR_OK;
}

/* The leaf table, and those of its neighbours that have become the space's own. */
static void leaf_thaw(struct space *s, frame_t middle, uint32_t page, frame_t leaf)
{
    unsigned first = page_middle_index(page) & ~(unsigned)(THAW_ENTRIES - 1);
    err_t error = kernel_table_thaw(middle, first, THAW_ENTRIES);
    PAGER_ASSERT(error == ERR_OK);
    leaf_regain(s, leaf, page & ~(uint32_t)(GROUP_PAGES - 1));
}

err_t path_leaf(struct space *s, frame_t middle, uint32_t page, bool create, frame_t *leaf_out)
{
    unsigned index = page_middle_index(page);
    uint64_t e = table_entries(middle)[index];
    *leaf_out = entry_frame(e);
    if (e == 0) {
        return create ? child_make(middle, index, TABLE_LEVEL_LEAF, leaf_out) : ERR_OK;
    }
    if (__builtin_expect(table_count(*leaf_out) > 1, 0)) {
        return leaf_split(s, middle, index, leaf_out);
    }
    if (!entry_is_valid(e)) {
        leaf_thaw(s, middle, page, *leaf_out);
    }
    return ERR_OK;
}

/* ---------------------------------------------------------------------------- operations */
err_t cow_make_private(struct space *s, uint32_t page, frame_t *leaf_out)
{
    frame_t middle;
    err_t error = path_middle(s, page, true, &middle);
    return error != ERR_OK ? error : path_leaf(s, middle, page, true, leaf_out);
}

err_t cow_make_private_existing(struct space *s, uint32_t page, frame_t *leaf_out)
{
    *leaf_out = FRAME_NONE;
    frame_t middle;
    err_t error = path_middle(s, page, false, &middle);
    if (error != ERR_OK || middle.number == 0) {
        return error;
    }
    return path_leaf(s, middle, page, false, leaf_out);
}

/* Install a shared leaf table for reading: without W, and the entry valid. */
static void leaf_share(frame_t middle, unsigned index, frame_t leaf)
{
    err_t error = kernel_table_protect(leaf, 0, TABLE_ENTRIES);
    PAGER_ASSERT(error == ERR_OK);
    frame_t replaced;
    error = kernel_table_link(middle, index, leaf, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == leaf.number);
}

err_t cow_make_readable(struct space *s, uint32_t page, frame_t *leaf_out)
{
    *leaf_out = FRAME_NONE;
    frame_t middle;
    err_t error = path_middle(s, page, false, &middle);
    if (error != ERR_OK || middle.number == 0) {
        return error;
    }
    unsigned index = page_middle_index(page);
    uint64_t e = table_entries(middle)[index];
    frame_t leaf = entry_frame(e);
    if (e == 0 || table_entries(leaf)[page_leaf_index(page)] == 0) {
        return ERR_OK;
    }
    if (!entry_is_valid(e)) {
        if (table_count(leaf) > 1) {
            leaf_share(middle, index, leaf);
        } else {
            leaf_thaw(s, middle, page, leaf);
        }
    }
    *leaf_out = leaf;
    return ERR_OK;
}

uint64_t cow_peek(const struct space *s, uint32_t page)
{
    uint64_t e = table_entries(s->root)[page_root_index(page)];
    if (e == 0) {
        return 0;
    }
    e = table_entries(entry_frame(e))[page_middle_index(page)];
    if (!entry_is_table(e)) {
        return 0;
    }
    return table_entries(entry_frame(e))[page_leaf_index(page)];
}
