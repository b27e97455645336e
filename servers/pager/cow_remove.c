/* Taking entries away: unmap, and fewer rights. The contract is in cow.h. */
#include "cow.h"
#include "cow_path.h"
#include "frame.h"
#include "kernel.h"

enum { FLUSH_PAGES_MAX = 16 };

struct hole {
    uint32_t first;
    uint32_t end;
};

/* Does the hole hold all of the span of 1 << shift pages around the page? */
static bool hole_holds(struct hole hole, uint32_t page, unsigned shift)
{
    uint32_t span = page >> shift << shift;
    return hole.first <= span && span + (1u << shift) <= hole.end;
}

static uint32_t span_end(uint32_t page, unsigned shift, uint32_t end)
{
    uint32_t next = (page >> shift << shift) + (1u << shift);
    return next < end ? next : end;
}

/* ----------------------------------------------------------------------------------- unmap */
/* Frames that entries named, to be let go after the flush: two leaf tables' worth at most, for
 * only the ends of a range lie in tables that stay. */
static frame_t released[2 * TABLE_ENTRIES];
static unsigned released_count;
static bool emptied; /* entries, those of device frames too, which nobody counts */

static err_t prepare_end(struct space *s, uint32_t page, struct hole hole)
{
    if (hole_holds(hole, page, GIANT_SHIFT)) {
        return ERR_OK;
    }
    frame_t middle;
    err_t error = path_middle(s, page, false, &middle);
    if (error != ERR_OK || middle.number == 0 || hole_holds(hole, page, GROUP_SHIFT)) {
        return error;
    }
    frame_t leaf;
    return path_leaf(s, middle, page, false, &leaf);
}

err_t cow_unmap_prepare(struct space *s, uint32_t first, uint32_t end, uint32_t hole_first,
                        uint32_t hole_end)
{
    struct hole hole = {hole_first, hole_end};
    err_t error = prepare_end(s, first, hole);
    return error != ERR_OK ? error : prepare_end(s, end - 1, hole);
}

enum { UNMAP_UNITS = 96, UNMAP_LEAF_PAGES = 256 }; /* a unit is a table, or pages of a leaf table */

/* Does a span of 1 << shift pages end at `page` and lie in what is left? */
static bool span_ends(uint32_t first, uint32_t page, unsigned shift)
{
    uint32_t pages = 1u << shift;
    return page % pages == 0 && page >= pages && page - pages >= first;
}

uint32_t cow_unmap_reach(uint32_t first, uint32_t end)
{
    uint32_t page = end;
    for (unsigned units = 0; page > first && units < UNMAP_UNITS; units++) {
        if (span_ends(first, page, GIANT_SHIFT)) {
            page -= GIANT_PAGES;
        } else if (span_ends(first, page, GROUP_SHIFT)) {
            page -= GROUP_PAGES;
        } else {
            uint32_t group = (page - 1) >> GROUP_SHIFT << GROUP_SHIFT;
            uint32_t low = group > first ? group : first;
            bool all = page - low <= UNMAP_LEAF_PAGES;
            page = all ? low : page - UNMAP_LEAF_PAGES;
            units += UNMAP_UNITS / 2; /* two of these are all that is done */
            if (!all) {
                break;
            }
        }
    }
    return page;
}

/* Empty entries of a leaf table that is the space's own. */
static void leaf_empty(frame_t leaf, unsigned index, unsigned entries)
{
    for (unsigned i = index; i < index + entries; i++) {
        uint64_t e = table_entries(leaf)[i];
        emptied |= e != 0;
        if (e != 0 && frame_is_counted(entry_frame(e))) {
            released[released_count++] = entry_frame(e);
        }
    }
    err_t error = kernel_table_drop(leaf, index, entries);
    PAGER_ASSERT(error == ERR_OK);
}

/* Drop table entries; tables that only they named are buried. True if there were any. */
static bool tables_drop(frame_t table, unsigned index, unsigned entries)
{
    bool any = false;
    for (unsigned i = index; i < index + entries; i++) {
        uint64_t e = table_entries(table)[i];
        if (e != 0) {
            any = true;
            if (table_count(entry_frame(e)) == 1) {
                table_bury(entry_frame(e));
            }
        }
    }
    if (any) {
        err_t error = kernel_table_drop(table, index, entries);
        PAGER_ASSERT(error == ERR_OK);
    }
    return any;
}

/* [first, end) within one middle table that is the space's own. True if a table was dropped. */
static bool middle_unmap(frame_t middle, uint32_t first, uint32_t end, struct hole hole)
{
    bool dropped = false;
    uint32_t page = first;
    while (page < end) {
        unsigned index = page_middle_index(page);
        uint32_t next = span_end(page, GROUP_SHIFT, end);
        if (hole_holds(hole, page, GROUP_SHIFT)) {
            unsigned entries = 1;
            while (next < end && hole_holds(hole, next, GROUP_SHIFT)) {
                next = span_end(next, GROUP_SHIFT, end);
                entries++;
            }
            dropped |= tables_drop(middle, index, entries);
        } else {
            uint64_t e = table_entries(middle)[index];
            if (e != 0) {
                leaf_empty(entry_frame(e), page_leaf_index(page), next - page);
            }
        }
        page = next;
    }
    return dropped;
}

static void flush_range(struct space *s, uint32_t first, uint32_t end, bool whole)
{
    unsigned pages = whole || end - first > FLUSH_PAGES_MAX ? 0 : end - first;
    err_t error = kernel_flush(s->cap, pages == 0 ? 0 : first, pages);
    PAGER_ASSERT(error == ERR_OK);
}

void cow_unmap_commit(struct space *s, uint32_t first, uint32_t end, uint32_t hole_first,
                      uint32_t hole_end)
{
    struct hole hole = {hole_first, hole_end};
    bool whole = false;
    released_count = 0;
    emptied = false;
    uint32_t page = first;
    while (page < end) {
        unsigned index = page_root_index(page);
        uint32_t next = span_end(page, GIANT_SHIFT, end);
        uint64_t e = table_entries(s->root)[index];
        if (hole_holds(hole, page, GIANT_SHIFT)) {
            whole |= tables_drop(s->root, index, 1);
        } else if (e != 0) {
            whole |= middle_unmap(entry_frame(e), page, next, hole);
        }
        page = next;
    }
    if (whole || emptied) {
        flush_range(s, first, end, whole);
    }
    for (unsigned i = 0; i < released_count; i++) {
        frame_unref(released[i]);
    }
}

/* -------------------------------------------------------------------------------- restrict */
static unsigned entry_rights(uint64_t e)
{
    return ((e & PTE_R) != 0 ? MAP_R : 0) | ((e & PTE_W) != 0 ? MAP_W : 0) |
           ((e & PTE_X) != 0 ? MAP_X : 0);
}

/* One entry keeps at most `rights`; with none left it becomes the pager's own, hidden. */
static void entry_restrict(frame_t leaf, unsigned index, unsigned rights)
{
    uint64_t e = table_entries(leaf)[index];
    if (!entry_is_valid(e) || (entry_rights(e) & ~rights) == 0) {
        return;
    }
    unsigned left = entry_rights(e) & rights;
    err_t error = (left & MAP_R) == 0
                      ? kernel_table_mark(leaf, index, mark_hidden(entry_frame(e)))
                      : kernel_table_map_one(leaf, index, map_word(entry_frame(e), left));
    PAGER_ASSERT(error == ERR_OK);
}

/* Losing W alone is allowed in tables that others share (C1); losing more is not. */
static bool is_strip(unsigned lost)
{
    return (lost & (MAP_R | MAP_X)) != 0;
}

/* The next page from `page` on that has a leaf table, by entries of any state; or `end`. */
static uint32_t next_leaf(const struct space *s, uint32_t page, uint32_t end, frame_t *leaf_out)
{
    while (page < end) {
        uint64_t e = table_entries(s->root)[page_root_index(page)];
        if (e == 0) {
            page = span_end(page, GIANT_SHIFT, end);
            continue;
        }
        e = table_entries(entry_frame(e))[page_middle_index(page)];
        if (entry_is_table(e)) {
            *leaf_out = entry_frame(e);
            return page;
        }
        page = span_end(page, GROUP_SHIFT, end);
    }
    return end;
}

enum { REACH_UNITS = 64, UNITS_A_TABLE = 16 }; /* a unit is about 250 instructions */

/* The page in [page, end), all of one leaf table, after which `left` entries in use were passed. */
static uint32_t reach_in_leaf(frame_t leaf, uint32_t page, uint32_t end, unsigned *left)
{
    unsigned groups = table_record(leaf)->groups;
    while (page<end && * left> 0) {
        unsigned index = page_leaf_index(page);
        if ((groups >> index / TABLE_GROUP_ENTRIES & 1) == 0) {
            page += TABLE_GROUP_ENTRIES - index % TABLE_GROUP_ENTRIES;
            continue;
        }
        *left -= table_entries(leaf)[index] != 0;
        page++;
    }
    return page < end ? page : end;
}

uint32_t cow_restrict_reach(const struct space *s, uint32_t first, uint32_t end, unsigned lost)
{
    unsigned left = REACH_UNITS;
    frame_t leaf;
    for (uint32_t page = next_leaf(s, first, end, &leaf); lost != 0 && page < end;) {
        uint32_t next = span_end(page, GROUP_SHIFT, end);
        if (is_strip(lost)) {
            next = reach_in_leaf(leaf, page, next, &left);
        }
        bool shared = is_strip(lost) && !cow_path_is_private(s, page, &leaf);
        unsigned units = shared ? REACH_UNITS : UNITS_A_TABLE;
        left -= units < left ? units : left;
        if (left == 0) {
            return next;
        }
        page = next_leaf(s, next, end, &leaf);
    }
    return end;
}

err_t cow_restrict_prepare(struct space *s, uint32_t first, uint32_t end, unsigned lost)
{
    if (!is_strip(lost)) {
        return ERR_OK;
    }
    frame_t leaf;
    for (uint32_t page = next_leaf(s, first, end, &leaf); page < end;
         page = next_leaf(s, span_end(page, GROUP_SHIFT, end), end, &leaf)) {
        err_t error = cow_make_private_existing(s, page, &leaf);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

void cow_restrict_commit(struct space *s, uint32_t first, uint32_t end, unsigned rights,
                         unsigned lost)
{
    frame_t leaf;
    for (uint32_t page = next_leaf(s, first, end, &leaf); page < end;) {
        uint32_t next = span_end(page, GROUP_SHIFT, end);
        unsigned index = page_leaf_index(page);
        if (is_strip(lost)) {
            for (unsigned i = 0; i < next - page; i++) {
                entry_restrict(leaf, index + i, rights);
            }
        } else if ((lost & MAP_W) != 0) {
            err_t error = kernel_table_protect(leaf, index, next - page);
            PAGER_ASSERT(error == ERR_OK);
        }
        page = next_leaf(s, next, end, &leaf);
    }
    flush_range(s, first, end, false);
}
