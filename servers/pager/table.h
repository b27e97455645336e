/* Tables: page-table frames as the pager makes, finds and buries them.
 *
 *   A1  A table made here has count 0 until it is linked or bound.
 *   A2  A table whose count has come to 0 is linked, or on the list of the dead, or freed at once.
 *   A3  Nothing reaches a dead table any more: translations through it were flushed, or are before
 *       the request that killed it is answered.
 *   A4  An emptied table is kept for the next of its level, if few are: count 0, no group used, on
 *       a list of its own. Whoever is short, counts or audits lets those go first. */
#ifndef PAGER_TABLE_H
#define PAGER_TABLE_H

#include "types.h"
#include "window.h"

/* An entry as the pager reads it. */
static inline bool entry_is_table(uint64_t e) /* valid or lazy non-leaf */
{
    return (e & (PTE_V | PTE_LAZY)) == PTE_LAZY || (e & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V;
}

static inline bool entry_is_valid(uint64_t e)
{
    return (e & PTE_V) != 0;
}

static inline frame_t entry_frame(uint64_t e)
{
    return (frame_t){(uint32_t)(e >> PTE_FRAME_SHIFT)};
}

/* The pager's own entries: a page that is there but may not be reached (rights none). */
enum { MARK_HIDDEN = 1 << 2 };

static inline uint64_t mark_hidden(frame_t f)
{
    return (uint64_t)f.number << PTE_FRAME_SHIFT | MARK_HIDDEN;
}

static inline bool entry_is_hidden(uint64_t e)
{
    return (e & (PTE_V | PTE_LAZY | MARK_HIDDEN)) == MARK_HIDDEN;
}

/* An empty table of a level. NOMEM, when teardown has nothing more to give. */
[[nodiscard]] err_t table_make(unsigned level, frame_t *table_out GIVES);
/* A table that was made and never linked goes back. */
void table_unmake(frame_t table TAKES);
/* Count 0: bury it (A2). Its level is in its record. */
void table_bury(frame_t table TAKES);
/* Tables that are kept by themselves (A4). */
uint32_t tables_kept(void);
/* Let one thing go that is kept for reuse, a table or what a space left. False: there is none. */
bool memory_release_kept(void);
/* How many groups of 32 entries are in use. */
unsigned table_groups_used(frame_t table LENT);
/* One slice of burying: a leaf's frames, or a middle's or root's children. False: nothing to do. */
bool table_sweep(void);
uint32_t tables_dead(void);
/* What the next slice will cost, in groups of 32 entries to visit; 0: nothing waits. */
unsigned teardown_next_groups(void);

/* A USER frame; runs teardown while memory is short. NOMEM. */
[[nodiscard]] err_t memory_take_frame(frame_t *frame_out GIVES);
/* One slice of teardown. False: nothing waits. */
bool teardown_step(void);
/* One slice of what was put off, whatever it is, for whoever cannot wait: teardown, the chunk that
 * is changing, what is kept for reuse. False: nothing is left. */
bool teardown_slice(void);

#endif
