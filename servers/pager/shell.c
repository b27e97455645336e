/* What ended spaces leave for the next ones; the contract is in shell.h. */
#include "shell.h"

#include "cow.h"
#include "frame.h"
#include "kernel.h"
#include "table.h"

/* A path with more used groups than this is buried like any other tables, slice by slice. */
enum { PATH_MIDDLE_GROUPS = 2, PATH_LEAF_GROUPS = 4 };

static void drop(frame_t table, unsigned first, unsigned end)
{
    err_t error = kernel_table_drop(table, first, end - first);
    PAGER_ASSERT(error == ERR_OK);
}

/* What the entries of a table name. */
enum named { NAMES_FRAMES, NAMES_TABLES };

/* Drop entries [first, end) of a table: frames are let go, tables that nobody else names are
 * buried. */
static inline __attribute__((always_inline)) void clear(frame_t table, unsigned first, unsigned end,
                                                        enum named names)
{
    const volatile uint64_t *entries = table_entries(table);
    unsigned groups = table_record(table)->groups >> first / TABLE_GROUP_ENTRIES;
    struct frame_batch batch = frame_batch_begin();
    unsigned used_end = 0;
    for (unsigned from = first, next; groups != 0 && from < end; groups >>= 1, from = next) {
        next = (from | (TABLE_GROUP_ENTRIES - 1)) + 1;
        if ((groups & 1) == 0) {
            continue;
        }
        const volatile uint64_t *at = entries + from;
        const volatile uint64_t *stop = entries + (next < end ? next : end);
        bool is_used = stop - at == TABLE_GROUP_ENTRIES; /* T4: then it is no longer */
#pragma GCC unroll 4
        for (; at != stop; at++) {
            uint64_t e = *at;
            if (e == 0) {
                continue;
            }
            is_used = true;
            if (names == NAMES_FRAMES) {
                frame_batch_unref(&batch, e >> PTE_FRAME_SHIFT);
            } else if (entry_is_table(e) && table_count_of_entry(e) == 1) {
                table_bury(entry_frame(e));
            }
        }
        used_end = is_used ? (unsigned)(stop - entries) : used_end;
    }
    if (used_end != 0) {
        drop(table, first, used_end);
    }
}

/* All of them but one (kept == entries: all). */
static inline __attribute__((always_inline)) void clear_but(frame_t table, unsigned entries,
                                                            unsigned kept, enum named names)
{
    unsigned first = 0;
    unsigned end = kept;
    for (;;) {
        clear(table, first, end, names);
        if (end == entries) {
            break;
        }
        first = kept + 1;
        end = entries;
    }
}

/* Is there nothing else in the table? Entries are of 54 bits: their sum says. */
static bool names_only(frame_t table, unsigned kept)
{
    unsigned group = kept / TABLE_GROUP_ENTRIES;
    const volatile uint64_t *entries = table_entries(table);
    const volatile uint64_t *at = entries + group * TABLE_GROUP_ENTRIES;
    uint64_t sum = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < TABLE_GROUP_ENTRIES; i++) {
        sum += at[i];
    }
    return table_record(table)->groups == 1u << group && sum == entries[kept];
}

static __attribute__((noinline)) void clear_tables_but(frame_t table, unsigned entries,
                                                       unsigned kept)
{
    clear_but(table, entries, kept, NAMES_TABLES);
}

/* Is the page's frame the space's alone? Then it may be the next one's. */
static bool page_is_spare(uint64_t e)
{
    return (e & (PTE_V | PTE_W)) == (PTE_V | PTE_W) && frame_is_counted(entry_frame(e)) &&
           !frame_is_shared(entry_frame(e));
}

static bool uses_at_most(frame_t table, unsigned count)
{
    unsigned groups = table_record(table)->groups;
    for (; count > 0; count--) {
        groups &= groups - 1; /* one bit less, if there is one */
    }
    return groups == 0;
}

static bool path_is_small(frame_t middle, frame_t leaf)
{
    return uses_at_most(middle, PATH_MIDDLE_GROUPS) && uses_at_most(leaf, PATH_LEAF_GROUPS);
}

bool shell_has_room(void)
{
    return pager_state.shells < SHELLS_MAX;
}

void shell_keep(const struct space *s)
{
    uint32_t page = s->written_first;
    struct shell shell = {.index = s->index, .root = s->root, .page = page};
    if (page != 0 && cow_path_is_private(s, page, &shell.leaf)) {
        shell.middle = entry_frame(table_entries(s->root)[page_root_index(page)]);
    }
    if (shell.middle.number != 0 && path_is_small(shell.middle, shell.leaf)) {
        unsigned index = page_leaf_index(page);
        bool spare = page_is_spare(table_entries(shell.leaf)[index]);
        clear_but(shell.leaf, TABLE_ENTRIES, spare ? index : TABLE_ENTRIES, NAMES_FRAMES);
        if (!names_only(shell.middle, page_middle_index(page))) {
            clear_tables_but(shell.middle, TABLE_ENTRIES, page_middle_index(page));
        }
        if (!names_only(shell.root, page_root_index(page))) {
            clear_tables_but(shell.root, ROOT_USER_ENTRIES, page_root_index(page));
        }
    } else {
        shell.middle = FRAME_NONE;
        clear_tables_but(shell.root, ROOT_USER_ENTRIES, ROOT_USER_ENTRIES);
    }
    pager_state.shell[pager_state.shells++] = shell;
}

static void drop_page(const struct shell *shell)
{
    unsigned index = page_leaf_index(shell->page);
    uint64_t e = table_entries(shell->leaf)[index];
    if (e != 0) {
        drop(shell->leaf, index, index + 1);
        frame_unref(entry_frame(e));
    }
}

void shell_drop_path(struct shell *shell)
{
    if (shell->middle.number == 0) {
        return;
    }
    drop_page(shell);
    drop(shell->root, 0, ROOT_USER_ENTRIES);
    drop(shell->middle, 0, TABLE_ENTRIES);
    drop(shell->leaf, 0, TABLE_ENTRIES);
    table_unmake(shell->middle);
    table_unmake(shell->leaf);
    shell->middle = FRAME_NONE;
}

bool shell_take(uint32_t page, bool with_frame, struct shell *shell_out)
{
    if (pager_state.shells == 0) {
        return false;
    }
    *shell_out = pager_state.shell[--pager_state.shells];
    if (page == 0 || page >> GROUP_SHIFT != shell_out->page >> GROUP_SHIFT) {
        shell_drop_path(shell_out);
    } else if (shell_out->middle.number != 0 && !(with_frame && page == shell_out->page)) {
        drop_page(shell_out);
    }
    return true;
}
