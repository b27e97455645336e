/* Copy-on-write: lazy trees. The algorithm of docs/memory.md in one file: tables are counted like
 * frames, and an entry can be lazy.
 *
 *   C1  A table with count > 1 is never changed, but for clearing W and valid becoming lazy.
 *   C2  A middle table with count > 1 is named by lazy entries only.
 *   C3  W stands in an entry only where the frame's count is 1 or the region is shared, the region
 *       allows W, and the leaf table's count is 1.
 *   C4  A valid entry that names a leaf table with count > 1 names one without W.
 *   C5  Three flushes: fork flushes the parent's space; a frame that is replaced, its page; a valid
 *       shared leaf table that is replaced, the space, before that table's count drops.
 *   C6  What fails leaves a tree that means the same as before. */
#ifndef PAGER_COW_H
#define PAGER_COW_H

#include "space.h"
#include "table.h"
#include "types.h"

/* Wish for what cow_fork can use: if the parent's path to the page that both are about to write is
 * its own (the stack's; 0: none), a path of tables to it, with a frame if the page is its own
 * too. */
void cow_fork_wish(const struct space *parent LENT, uint32_t hot_page,
                   struct space_wish *wish LENT);

/* Make `child`, which was created with that wish, a copy of `parent`: root entries lazy in both,
 * the parent flushed. The path to the page that both are about to write is not put off: the child
 * gets its middle table, leaf table and page at once, and the parent keeps its own, for the faults
 * that this saves cost more. Memory short: all is lazy. parent_rests: none of the parent's threads
 * runs. While pages are copied the lock is given: then both spaces may have ended, unless the
 * caller knows better (Z6 of beside.h). NOMEM (a count is full): the parent means the same as
 * before, and the child is to be destroyed. Maps and promises are the caller's, and made. */
[[nodiscard]] err_t cow_fork(struct space *parent LENT, struct space *child LENT,
                             bool parent_rests);

/* The leaf table of a page, when its path is private already: the common case, in line. */
static inline bool cow_path_is_private(const struct space *s, uint32_t page, frame_t *leaf_out)
{
    uint64_t e = table_entries(s->root)[page_root_index(page)];
    if (__builtin_expect(!entry_is_valid(e), 0)) {
        return false;
    }
    e = table_entries(entry_frame(e))[page_middle_index(page)]; /* C2: count 1 */
    *leaf_out = entry_frame(e);
    return __builtin_expect(entry_is_valid(e) && table_count(entry_frame(e)) == 1, 1);
}

/* The leaf table of a page with the whole path private to the space (counts 1, entries valid),
 * made where missing. Whole tables get W back where C3 allows. NOMEM. */
[[nodiscard]] err_t cow_make_private(struct space *s, uint32_t page, frame_t *leaf_out);

/* The leaf table of a page for reading: private or shared without W; made valid. FRAME_NONE when
 * the page has no entry there (the caller then makes the path private). NOMEM. */
[[nodiscard]] err_t cow_make_readable(struct space *s, uint32_t page, frame_t *leaf_out);

/* As far as tables exist make the path private, create nothing: for unmap. FRAME_NONE: no leaf. */
[[nodiscard]] err_t cow_make_private_existing(struct space *s, uint32_t page, frame_t *leaf_out);

/* The entry of a page as it stands, whatever the path's state; 0: none. Changes nothing. */
uint64_t cow_peek(const struct space *s, uint32_t page);

/* Remove all entries of [first, end), which lies in a hole [hole_first, hole_end) of the region
 * map to be: whole tables in the hole go by count. prepare may fail and changes nothing that can
 * be seen; commit cannot fail, and has flushed when it returns. */
[[nodiscard]] err_t cow_unmap_prepare(struct space *s, uint32_t first, uint32_t end,
                                      uint32_t hole_first, uint32_t hole_end);
void cow_unmap_commit(struct space *s, uint32_t first, uint32_t end, uint32_t hole_first,
                      uint32_t hole_end);

/* How much of [first, end), from its end down, one request may unmap: from the page returned on,
 * below end. Entries of leaf tables that stay are what counts, and tables that go. */
uint32_t cow_unmap_reach(uint32_t first, uint32_t end);

/* How much of [first, end) one request may restrict: up to the page returned, above first. Tables
 * to be copied and entries to be written one by one are what counts. */
uint32_t cow_restrict_reach(const struct space *s, uint32_t first, uint32_t end, unsigned lost);

/* Take rights away from the entries of [first, end), flushed on return: `rights` are left (without
 * R: pages are hidden), and `lost` is what the regions there had beyond. prepare as above. */
[[nodiscard]] err_t cow_restrict_prepare(struct space *s, uint32_t first, uint32_t end,
                                         unsigned lost);
void cow_restrict_commit(struct space *s, uint32_t first, uint32_t end, unsigned rights,
                         unsigned lost);

#endif
