/* Tables, made and buried, and memory taken while teardown may still give some back; the contract
 * is in table.h. */
#include "table.h"

#include "beside.h"
#include "chunk.h"
#include "frame.h"
#include "hook.h"
#include "image.h"
#include "kernel.h"
#include "object.h"
#include "promise.h"
#include "space.h"

enum {
    SLICE_GROUPS = 8,    /* of 32 entries: what one slice of burying visits */
    SLICE_CHUNKS = 16,   /* after so many changes of chunk it ends with the group: each costs as
                          * much as six frames that are neighbours */
    TABLES_KEPT_MAX = 8, /* of each level */
};

uint32_t tables_dead(void)
{
    return pager_state.dead_count;
}

/* Bits that are set of 16: the base instructions have none for it. */
static unsigned bits_set(unsigned bits)
{
    bits -= bits >> 1 & 0x5555;
    bits = (bits & 0x3333) + (bits >> 2 & 0x3333);
    bits = (bits + (bits >> 4)) & 0x0f0f;
    return (bits + (bits >> 8)) & 0x1f;
}

unsigned table_groups_used(frame_t table)
{
    return bits_set(table_record(table)->groups);
}

unsigned teardown_next_groups(void)
{
    if (pager_state.dead.number != 0) {
        unsigned used = table_groups_used(pager_state.dead);
        return 1 + (used < SLICE_GROUPS ? used : SLICE_GROUPS);
    }
    return pager_state.dead_objects != NULL ? OBJECT_INDEX_ENTRIES / TABLE_GROUP_ENTRIES : 0;
}

bool teardown_step(void)
{
    return table_sweep() || object_sweep();
}

bool teardown_slice(void)
{
    return teardown_step() || chunk_change_finish() || memory_release_kept() ||
           image_release_kept(true) || beside_settle();
}

err_t memory_take_frame(frame_t *frame_out)
{
    if (hook_fails(PAGER_HOOK_FAIL_FRAME)) {
        return PAGER_ERR_NOMEM;
    }
    err_t error = frame_alloc(frame_out);
    while (__builtin_expect(error != ERR_OK, 0) && teardown_slice()) {
        error = frame_alloc(frame_out);
    }
    return error;
}

/* A TABLE frame: of those there are, of those teardown gives, or of a new chunk when nothing was
 * promised to begin with. */
static err_t take_table_frame(frame_t *frame_out)
{
    if (hook_fails(PAGER_HOOK_FAIL_TABLE)) {
        return PAGER_ERR_NOMEM;
    }
    err_t error = frame_alloc_table(frame_out);
    while (__builtin_expect(error != ERR_OK, 0) && teardown_slice()) {
        error = frame_alloc_table(frame_out);
    }
    frame_t chunk;
    if (error != ERR_OK && promises.overcommit && chunk_convert(KIND_TABLE, &chunk) == ERR_OK) {
        error = frame_alloc_table(frame_out);
    }
    return error;
}

/* ------------------------------------------------------------------------------ kept ones */
static void table_free(frame_t table)
{
    err_t error = kernel_table_free(table);
    PAGER_ASSERT(error == ERR_OK);
    frame_free_table(table);
}

uint32_t tables_kept(void)
{
    uint32_t kept = 0;
    for (unsigned level = 0; level < TABLE_LEVELS; level++) {
        kept += pager_state.kept_count[level];
    }
    return kept;
}

static bool take_kept(unsigned level, frame_t *table_out)
{
    frame_t table = pager_state.kept[level];
    if (table.number == 0) {
        return false;
    }
    pager_state.kept[level].number = frame_record(table)->count;
    pager_state.kept_count[level]--;
    *table_out = table;
    return true;
}

static bool table_release_kept(void)
{
    frame_t table;
    for (unsigned level = 0; level < TABLE_LEVELS; level++) {
        if (take_kept(level, &table)) {
            table_free(table);
            return true;
        }
    }
    return false;
}

bool memory_release_kept(void)
{
    return space_release_kept() || table_release_kept();
}

/* A4 */
static void keep(unsigned level, frame_t table)
{
    frame_record(table)->count = pager_state.kept[level].number;
    pager_state.kept[level] = table;
    pager_state.kept_count[level]++;
}

err_t table_make(unsigned level, frame_t *table_out)
{
    if (hooks.fail[PAGER_HOOK_FAIL_TABLE] == 0 && take_kept(level, table_out)) {
        return ERR_OK;
    }
    err_t error = take_table_frame(table_out);
    if (error != ERR_OK) {
        return error;
    }
    error = kernel_table_create(*table_out, level);
    PAGER_ASSERT(error == ERR_OK);
    return ERR_OK;
}

void table_unmake(frame_t table)
{
    PAGER_ASSERT(table_count(table) == 0 && table_record(table)->groups == 0);
    unsigned level = table_record(table)->state - 1u;
    if (pager_state.kept_count[level] < TABLES_KEPT_MAX) {
        keep(level, table);
    } else {
        table_free(table);
    }
}

void table_bury(frame_t table)
{
    frame_record(table)->count = pager_state.dead.number;
    pager_state.dead = table;
    pager_state.dead_count++;
}

/* Let go of every frame that entries up to `end` of a leaf table name, or fewer groups of them when
 * their frames lie in many chunks. Returns where it ended. */
static unsigned leaf_release_frames(frame_t leaf, unsigned end)
{
    const volatile uint64_t *entries = table_entries(leaf);
    unsigned groups = table_record(leaf)->groups;
    struct frame_batch batch = frame_batch_begin();
    unsigned base = 0;
    for (; base < end && batch.chunks < SLICE_CHUNKS; base += TABLE_GROUP_ENTRIES, groups >>= 1) {
        if ((groups & 1) == 0) {
            continue;
        }
        const volatile uint64_t *stop = entries + base + TABLE_GROUP_ENTRIES;
        for (const volatile uint64_t *at = entries + base; at != stop; at += ENTRIES_A_RUN) {
            uint64_t first = *at;
            if (frame_batch_holds_run(&batch, first >> PTE_FRAME_SHIFT) &&
                table_entries_are_a_run(at, first)) {
                frame_unref_run(&batch.records[first >> PTE_FRAME_SHIFT]);
                continue;
            }
            for (unsigned i = 0; i < ENTRIES_A_RUN; i++) {
                uint64_t e = at[i];
                if (e != 0) {
                    frame_batch_unref(&batch, e >> PTE_FRAME_SHIFT);
                }
            }
        }
    }
    return base;
}

/* The children in entries [first, end) of a dead table whose only reference is its own follow it. */
static void bury_children(frame_t table, unsigned first, unsigned end)
{
    const volatile uint64_t *entries = table_entries(table);
    unsigned groups = table_record(table)->groups >> first / TABLE_GROUP_ENTRIES;
    for (unsigned base = first; base < end; base += TABLE_GROUP_ENTRIES, groups >>= 1) {
        if ((groups & 1) == 0) {
            continue;
        }
        const volatile uint64_t *stop = entries + base + TABLE_GROUP_ENTRIES;
        for (const volatile uint64_t *at = entries + base; at != stop; at++) {
            uint64_t e = *at;
            if (e != 0 && entry_is_table(e) && table_count_of_entry(e) == 1) {
                table_bury(entry_frame(e));
            }
        }
    }
}

/* How far a slice goes in a dead table: SLICE_GROUPS used groups. */
static unsigned slice_end(frame_t table, unsigned entries)
{
    unsigned groups = table_record(table)->groups;
    unsigned used = 0;
    unsigned end = 0;
    if (bits_set(groups) <= SLICE_GROUPS) {
        return entries;
    }
    while (end < entries && used < SLICE_GROUPS) {
        used += groups >> end / TABLE_GROUP_ENTRIES & 1;
        end += TABLE_GROUP_ENTRIES;
    }
    return end;
}

/* A slice takes the dead table at the head of the list as it is: what an earlier slice did is gone
 * from it. The last one keeps or frees it. */
bool table_sweep(void)
{
    frame_t table = pager_state.dead;
    if (table.number == 0) {
        return false;
    }
    unsigned state = table_record(table)->state;
    unsigned entries = state == TABLE_LEVEL_ROOT + 1 ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
    bool is_leaf = state == TABLE_LEVEL_LEAF + 1;
    unsigned end = slice_end(table, entries);
    if (is_leaf) {
        end = leaf_release_frames(table, end);
    }
    bool last = (table_record(table)->groups & ~((1u << end / TABLE_GROUP_ENTRIES) - 1) &
                 ((1u << entries / TABLE_GROUP_ENTRIES) - 1)) == 0;
    if (last) {
        pager_state.dead.number = frame_record(table)->count;
        pager_state.dead_count--;
    }
    if (!is_leaf) {
        bury_children(table, 0, end); /* they go before what is at the head of the list */
    }
    if (end > 0) {
        err_t error = kernel_table_drop(table, 0, end);
        PAGER_ASSERT(error == ERR_OK);
    }
    if (last) {
        table_unmake(table);
    }
    return true;
}
