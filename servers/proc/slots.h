/* The slots of proc's own capability table: which are free.
 *
 *   C1  A slot is taken before a capability goes into it and given back when it is empty again.
 *   C2  O(1); 0 = none left (or the test hook struck).
 */
#ifndef PROC_SLOTS_H
#define PROC_SLOTS_H

#include <stdint.h>

#include <libsys/ipc.h>

void slots_init(void);
cap_t slot_take(void);
void slot_give(cap_t slot);                /* the slot is empty */
void slot_drop(cap_t slot);                /* delete what it holds, then give; 0 is ignored */
uint64_t slots_fail_after(uint64_t takes); /* tests */

/* A copy of what the slot holds, as a word of byre_cap_copies. */
static inline uint64_t slot_copy_word(cap_t slot, uint64_t target_slot, uint64_t rights)
{
    return slot | target_slot << 16 | rights << 32;
}

#endif
