/* fork: the tree shared lazily, but for the path to the page that both will write next. The contract
 * is in cow.h. */
#include "beside.h"
#include "cow.h"
#include "cow_path.h"
#include "frame.h"
#include "kernel.h"
#include "page.h"

enum {
    HOT_FORKS = 16,             /* forks after which a space's list of hot pages begins anew */
    HOT_COPIES = 1 + HOT_PAGES, /* the hot page itself and those of the list */
};

/* The hot path: the parent's tables, and the child's own, taken before anything changes. */
struct hot_path {
    uint32_t page;
    frame_t middle;
    frame_t leaf;
    frame_t child_middle;
    frame_t child_leaf;
    unsigned count; /* pages of the leaf table that are copied at once */
    uint32_t pages[HOT_COPIES];
    frame_t copies[HOT_COPIES]; /* the child's entries name these */
};

static uint64_t entry_of(frame_t leaf, uint32_t page)
{
    return table_entries(leaf)[page_leaf_index(page)];
}

/* ------------------------------------------------------------------------------- choosing */
/* May the child's copy of a page be made now? It is the parent's alone, and may be written: only
 * private pages are (C3), for a shared one's frame has a count of its object's. */
static bool page_is_hot(frame_t leaf, uint32_t page)
{
    uint64_t e = entry_of(leaf, page);
    return (e & (PTE_V | PTE_W)) == (PTE_V | PTE_W) && frame_is_counted(entry_frame(e)) &&
           !frame_is_shared(entry_frame(e));
}

/* Add a page, with a frame for it in the child's table; no memory: it is shared like the others. */
static void hot_path_add(struct hot_path *hot, uint32_t page)
{
    frame_t copy;
    if (page >> GROUP_SHIFT != hot->page >> GROUP_SHIFT || !page_is_hot(hot->leaf, page) ||
        entry_of(hot->child_leaf, page) != 0 /* it is on the list twice */ ||
        memory_take_frame(&copy) != ERR_OK) {
        return;
    }
    err_t error =
        kernel_table_map_one(hot->child_leaf, page_leaf_index(page), map_word(copy, MAP_R | MAP_W));
    PAGER_ASSERT(error == ERR_OK);
    hot->pages[hot->count] = page;
    hot->copies[hot->count++] = copy;
}

/* The page itself, and what had to be copied after the last forks. Now and then that list begins
 * anew, for a page that was hot need not stay so. */
static void hot_path_choose(struct space *parent, struct hot_path *hot)
{
    uint64_t e = entry_of(hot->child_leaf, hot->page);
    if (e != 0) { /* the frame that the shell kept for it, for it is hot */
        hot->pages[0] = hot->page;
        hot->copies[0] = entry_frame(e);
        hot->count = 1;
    } else {
        hot_path_add(hot, hot->page);
    }
    for (unsigned i = 0; i < parent->hot_count; i++) {
        hot_path_add(hot, parent->hot_pages[i]);
    }
    if (++parent->hot_forks % HOT_FORKS == 0) {
        parent->hot_count = 0;
    }
}

static void link_fresh(frame_t table, unsigned index, frame_t child)
{
    frame_t replaced;
    err_t error = kernel_table_link(table, index, child, false, &replaced);
    PAGER_ASSERT(error == ERR_OK && replaced.number == 0);
}

/* The child's tables of the path, which an ended space may have left. NOMEM: it has none. */
static err_t child_path_make(struct space *child, struct hot_path *hot)
{
    if (cow_path_is_private(child, hot->page, &hot->child_leaf)) {
        hot->child_middle = entry_frame(table_entries(child->root)[page_root_index(hot->page)]);
        return ERR_OK;
    }
    err_t error = table_make(TABLE_LEVEL_MIDDLE, &hot->child_middle);
    if (error != ERR_OK) {
        return error;
    }
    error = table_make(TABLE_LEVEL_LEAF, &hot->child_leaf);
    if (error != ERR_OK) {
        table_unmake(hot->child_middle);
        return error;
    }
    link_fresh(child->root, page_root_index(hot->page), hot->child_middle);
    link_fresh(hot->child_middle, page_middle_index(hot->page), hot->child_leaf);
    return ERR_OK;
}

/* False: there is no such path, or memory is short; the child's root is empty. */
static bool hot_path_take(struct space *parent, struct space *child, struct hot_path *hot)
{
    hot->page = child->written_first;
    hot->count = 0;
    if (hot->page == 0 || !cow_path_is_private(parent, hot->page, &hot->leaf) ||
        child_path_make(child, hot) != ERR_OK) {
        return false;
    }
    hot->middle = entry_frame(table_entries(parent->root)[page_root_index(hot->page)]);
    hot_path_choose(parent, hot);
    return true;
}

void cow_fork_wish(const struct space *parent, uint32_t hot_page, struct space_wish *wish)
{
    frame_t leaf;
    if (hot_page != 0 && hot_page < USER_PAGES && cow_path_is_private(parent, hot_page, &leaf)) {
        wish->page = hot_page;
        wish->with_frame = page_is_hot(leaf, hot_page);
    }
}

/* --------------------------------------------------------------------------------- copying */
/* What the child's tables of the path hold already, hot pages and the path itself, both keep as their
 * own; the rest is the parent's, without W in both or lazy in both. */
static err_t fork_around(struct space *parent, struct space *child, const struct hot_path *hot,
                         cap_t flushed)
{
    leaf_ref_frames(hot->leaf);
    for (unsigned i = 0; i < hot->count; i++) {
        frame_unref(entry_frame(entry_of(hot->leaf, hot->pages[i]))); /* the child has its own */
    }
    return kernel_table_copy_path(hot->child_leaf, hot->leaf, hot->child_middle, hot->middle,
                                  child->root, parent->root, flushed);
}

/* Other threads of the parent may run beside this on other harts: from the flush on they can write to
 * no hot page, so that what is copied is of one moment. */
static void hot_pages_protect(const struct hot_path *hot)
{
    for (unsigned i = 0; i < hot->count; i++) {
        err_t error = kernel_table_protect(hot->leaf, page_leaf_index(hot->pages[i]), 1);
        PAGER_ASSERT(error == ERR_OK);
    }
}

static void hot_pages_copy(const struct hot_path *hot)
{
    for (unsigned i = 0; i < hot->count; i++) {
        page_copy(hot->copies[i], entry_frame(entry_of(hot->leaf, hot->pages[i])));
    }
}

/* All is copied: W comes back, which needs no fence. */
static void hot_pages_unprotect(const struct hot_path *hot)
{
    for (unsigned i = 0; i < hot->count; i++) {
        frame_t frame = entry_frame(entry_of(hot->leaf, hot->pages[i]));
        err_t error = kernel_table_map_one(hot->leaf, page_leaf_index(hot->pages[i]),
                                           map_word(frame, MAP_R | MAP_W));
        PAGER_ASSERT(error == ERR_OK);
    }
}

/* The long part, for which other threads of the pager may have the lock (Z6). */
static void hot_pages_settle(const struct hot_path *hot, const struct space *parent,
                             const struct space *child, bool parent_rests)
{
    bool beside_others = beside.threads != 0;
    unsigned thread = beside_others ? beside_go_out(space_id(parent), space_id(child)) : 0;
    hot_pages_copy(hot);
    if (!parent_rests) {
        hot_pages_unprotect(hot);
    }
    if (beside_others) {
        beside_come_back(thread);
    }
}

err_t cow_fork(struct space *parent, struct space *child, bool parent_rests)
{
    struct hot_path hot;
    bool is_hot = hot_path_take(parent, child, &hot);
    bool protects = is_hot && !parent_rests; /* then the flush is after that */
    err_t error = is_hot ? fork_around(parent, child, &hot, protects ? 0 : parent->cap)
                         : kernel_table_copy(child->root, parent->root);
    if (protects) {
        hot_pages_protect(&hot);
    }
    if (!is_hot || protects || error != ERR_OK) { /* C5, before the child is published */
        err_t flushed = kernel_flush(parent->cap, 0, 0);
        PAGER_ASSERT(flushed == ERR_OK);
    }
    if (error != ERR_OK) {
        return PAGER_ERR_NOMEM;
    }
    if (is_hot) {
        hot_pages_settle(&hot, parent, child, parent_rests);
    }
    return ERR_OK;
}
