/* fork: the tree shared lazily, but for the path to the page that both will write next. The contract
 * is in cow.h. */
#include "cow.h"
#include "cow_path.h"
#include "frame.h"
#include "kernel.h"
#include "page.h"

enum {
    HOT_FORKS = 16,             /* forks after which a space's list of hot pages begins anew */
    HOT_COPIES = 1 + HOT_PAGES, /* the hot page itself and those of the list */
};

/* The child's own part of the hot path, taken before anything changes. */
struct hot_path {
    uint32_t page;
    frame_t middle; /* the parent's, and the child's copies */
    frame_t leaf;
    frame_t child_middle;
    frame_t child_leaf;
    unsigned count; /* pages of the leaf table that are copied at once, in ascending order */
    uint32_t pages[HOT_COPIES];
    frame_t copies[HOT_COPIES];
};

/* ------------------------------------------------------------------------------- choosing */
/* May the child's copy of a page be made now? It is the parent's alone, and may be written. */
static bool page_is_hot(struct space *parent, frame_t leaf, uint32_t page)
{
    uint64_t e = table_entries(leaf)[page_leaf_index(page)];
    const struct region *r = space_region(parent, page);
    return (e & (PTE_V | PTE_W)) == (PTE_V | PTE_W) && r != NULL && !region_is_shared(r) &&
           frame_is_counted(entry_frame(e)) && !frame_is_shared(entry_frame(e));
}

/* Add a page in its place, with a frame for it; no memory: it is shared like the others. */
static void hot_path_add(struct space *parent, struct hot_path *hot, uint32_t page)
{
    unsigned at = 0;
    while (at < hot->count && hot->pages[at] < page) {
        at++;
    }
    bool twice = at < hot->count && hot->pages[at] == page;
    frame_t copy;
    if (twice || page >> GROUP_SHIFT != hot->page >> GROUP_SHIFT ||
        !page_is_hot(parent, hot->leaf, page) || memory_take_frame(&copy) != ERR_OK) {
        return;
    }
    for (unsigned i = hot->count; i > at; i--) {
        hot->pages[i] = hot->pages[i - 1];
        hot->copies[i] = hot->copies[i - 1];
    }
    hot->pages[at] = page;
    hot->copies[at] = copy;
    hot->count++;
}

/* The page itself, and what had to be copied after the last forks. Now and then that list begins
 * anew, for a page that was hot need not stay so. */
static void hot_path_choose(struct space *parent, struct hot_path *hot)
{
    hot_path_add(parent, hot, hot->page);
    for (unsigned i = 0; i < parent->hot_count; i++) {
        hot_path_add(parent, hot, parent->hot_pages[i]);
    }
    if (++parent->hot_forks % HOT_FORKS == 0) {
        parent->hot_count = 0;
    }
}

/* False: there is no such path, it is not private, or memory is short; nothing was taken. */
static bool hot_path_take(struct space *parent, uint32_t page, struct hot_path *hot)
{
    hot->page = page;
    hot->count = 0;
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
    hot_path_choose(parent, hot);
    return true;
}

/* --------------------------------------------------------------------------------- copying */
static void link_fresh(frame_t table, unsigned index, frame_t child)
{
    frame_t replaced;
    err_t error = kernel_table_link(table, index, child, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == 0);
}

/* The child's leaf table: the parent's pages without W in both, but frames of its own for the hot
 * pages, which are filled once the parent can write no more. */
static void hot_leaf_fill(struct space *parent, const struct hot_path *hot)
{
    leaf_ref_frames(hot->leaf);
    err_t error = kernel_table_copy(hot->child_leaf, hot->leaf, 0, TABLE_ENTRIES);
    PAGER_ASSERT(error == ERR_OK);
    for (unsigned i = 0; i < hot->count; i++) {
        unsigned index = page_leaf_index(hot->pages[i]);
        frame_unref(entry_frame(table_entries(hot->leaf)[index])); /* the copy's entry goes */
        unsigned rights = space_region(parent, hot->pages[i])->rights;
        error = kernel_table_map_one(hot->child_leaf, index, map_word(hot->copies[i], rights));
        PAGER_ASSERT(error == ERR_OK);
    }
}

/* The child's tables of the path stand already when the rest is copied, so both keep their own. */
static err_t fork_around(struct space *parent, struct space *child, const struct hot_path *hot)
{
    link_fresh(child->root, page_root_index(hot->page), hot->child_middle);
    link_fresh(hot->child_middle, page_middle_index(hot->page), hot->child_leaf);
    hot_leaf_fill(parent, hot);
    err_t error = kernel_table_copy(hot->child_middle, hot->middle, 0, TABLE_ENTRIES);
    return error != ERR_OK ? error
                           : kernel_table_copy(child->root, parent->root, 0, ROOT_USER_ENTRIES);
}

/* The parent's threads run beside this on other harts. Since the flush they can write nothing, so
 * what is copied is of one moment, that of the flush; only when all is copied do the hot pages, the
 * parent's alone, get W back, which needs no fence. */
static void hot_pages_copy(struct space *parent, const struct hot_path *hot)
{
    for (unsigned i = 0; i < hot->count; i++) {
        uint64_t e = table_entries(hot->leaf)[page_leaf_index(hot->pages[i])];
        page_copy(hot->copies[i], entry_frame(e));
    }
    for (unsigned i = 0; i < hot->count; i++) {
        unsigned index = page_leaf_index(hot->pages[i]);
        frame_t frame = entry_frame(table_entries(hot->leaf)[index]);
        unsigned rights = space_region(parent, hot->pages[i])->rights;
        err_t error = kernel_table_map_one(hot->leaf, index, map_word(frame, rights));
        PAGER_ASSERT(error == ERR_OK);
    }
}

err_t cow_fork(struct space *parent, struct space *child, uint32_t hot_page)
{
    struct hot_path hot;
    bool is_hot = hot_path_take(parent, hot_page, &hot);
    err_t error = is_hot ? fork_around(parent, child, &hot)
                         : kernel_table_copy(child->root, parent->root, 0, ROOT_USER_ENTRIES);
    err_t flushed = kernel_flush(parent->cap, 0, 0); /* C5, before the child is published */
    PAGER_ASSERT(flushed == ERR_OK);
    if (is_hot) {
        hot_pages_copy(parent, &hot);
    }
    return error == ERR_OK ? ERR_OK : PAGER_ERR_NOMEM;
}
