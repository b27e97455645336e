/* fork: the tree shared lazily, but for the path to the page that both will write next. The contract
 * is in cow.h. */
#include "cow.h"
#include "cow_path.h"
#include "frame.h"
#include "kernel.h"
#include "page.h"

/* The child's own part of the hot path, taken before anything changes. */
struct hot_path {
    uint32_t page;
    frame_t middle; /* the parent's, and the child's copies */
    frame_t leaf;
    frame_t child_middle;
    frame_t child_leaf;
    frame_t child_frame; /* FRAME_NONE: the page is shared like the others */
};

/* May the child's copy of the hot page be made now? It is the parent's alone, and written to. */
static bool page_is_hot(struct space *parent, const struct hot_path *hot)
{
    uint64_t e = table_entries(hot->leaf)[page_leaf_index(hot->page)];
    const struct region *r = space_region(parent, hot->page);
    return (e & (PTE_V | PTE_W)) == (PTE_V | PTE_W) && r != NULL && !region_is_shared(r) &&
           frame_is_counted(entry_frame(e)) && !frame_is_shared(entry_frame(e));
}

/* False: there is no such path, it is not private, or memory is short; nothing was taken. */
static bool hot_path_take(struct space *parent, uint32_t page, struct hot_path *hot)
{
    *hot = (struct hot_path){.page = page};
    if (page == 0 || page >= USER_PAGES || !cow_path_is_private(parent, page, &hot->leaf)) {
        return false;
    }
    hot->middle = entry_frame(table_entries(parent->root)[page_root_index(page)]);
    if (table_make(TABLE_LEVEL_MIDDLE, &hot->child_middle) != ERR_OK) {
        return false;
    }
    if (table_make(TABLE_LEVEL_LEAF, &hot->child_leaf) != ERR_OK) {
        table_unmake(hot->child_middle);
        return false;
    }
    if (!page_is_hot(parent, hot) || memory_take_frame(&hot->child_frame) != ERR_OK) {
        hot->child_frame = FRAME_NONE;
    }
    return true;
}

static void link_fresh(frame_t table, unsigned index, frame_t child)
{
    frame_t replaced;
    err_t error = kernel_table_link(table, index, child, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == 0);
}

/* Copy all entries of a table but one. */
static err_t copy_around(frame_t target, frame_t source, unsigned index, unsigned entries)
{
    err_t error = ERR_OK;
    if (index > 0) {
        error = kernel_table_copy(target, source, 0, index);
    }
    if (error == ERR_OK && index + 1 < entries) {
        error = kernel_table_copy(target, source, index + 1, entries - index - 1);
    }
    return error;
}

/* The child's leaf table: the parent's pages without W in both, and a frame for the hot page. */
static void hot_leaf_fill(struct space *parent, const struct hot_path *hot)
{
    unsigned index = page_leaf_index(hot->page);
    leaf_ref_frames(hot->leaf);
    if (hot->child_frame.number == 0) {
        err_t error = kernel_table_copy(hot->child_leaf, hot->leaf, 0, TABLE_ENTRIES);
        PAGER_ASSERT(error == ERR_OK);
        return;
    }
    frame_t frame = entry_frame(table_entries(hot->leaf)[index]);
    frame_unref(frame); /* it stays the parent's alone, W and all */
    err_t error = copy_around(hot->child_leaf, hot->leaf, index, TABLE_ENTRIES);
    PAGER_ASSERT(error == ERR_OK);
    unsigned rights = space_region(parent, hot->page)->rights;
    error = kernel_table_map_one(hot->child_leaf, index, map_word(hot->child_frame, rights));
    PAGER_ASSERT(error == ERR_OK);
}

static err_t fork_around(struct space *parent, struct space *child, const struct hot_path *hot)
{
    link_fresh(child->root, page_root_index(hot->page), hot->child_middle);
    link_fresh(hot->child_middle, page_middle_index(hot->page), hot->child_leaf);
    hot_leaf_fill(parent, hot);
    err_t error = copy_around(hot->child_middle, hot->middle, page_middle_index(hot->page),
                              TABLE_ENTRIES);
    if (error == ERR_OK) {
        error = copy_around(child->root, parent->root, page_root_index(hot->page),
                            ROOT_USER_ENTRIES);
    }
    return error;
}

/* The parent's threads may run while the kernel copies tables. From the flush on they can write the
 * hot page alone, so what it holds now is what the space holds at one moment. */
static void hot_page_copy(const struct hot_path *hot)
{
    uint64_t e = table_entries(hot->leaf)[page_leaf_index(hot->page)];
    page_copy(hot->child_frame, entry_frame(e));
}

err_t cow_fork(struct space *parent, struct space *child, uint32_t hot_page)
{
    struct hot_path hot;
    bool is_hot = hot_path_take(parent, hot_page, &hot);
    err_t error = is_hot ? fork_around(parent, child, &hot)
                         : kernel_table_copy(child->root, parent->root, 0, ROOT_USER_ENTRIES);
    err_t flushed = kernel_flush(parent->cap, 0, 0); /* C5, before the child is published */
    PAGER_ASSERT(flushed == ERR_OK);
    if (is_hot && hot.child_frame.number != 0) {
        hot_page_copy(&hot);
    }
    return error == ERR_OK ? ERR_OK : PAGER_ERR_NOMEM;
}
