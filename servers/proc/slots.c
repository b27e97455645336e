/* Slots of proc's capability table; contract in slots.h. */
#include "slots.h"

#include <byre/server.h>
#include <libsys/bits.h>

_Static_assert((int)PROC_CAPTABLE_SLOTS <= (int)BITS_MAX, "one set holds all slots");

static struct bits slots_free;
static uint64_t slots_fail;

void slots_init(void)
{
    for (uint32_t slot = SERVER_SLOT_FREE; slot < PROC_CAPTABLE_SLOTS; slot++) {
        bits_add(&slots_free, slot);
    }
}

cap_t slot_take(void)
{
    if (slots_fail != 0 && --slots_fail == 0) {
        return 0;
    }
    uint32_t slot = bits_next(&slots_free, SERVER_SLOT_FREE);
    if (slot == BITS_NONE) {
        return 0;
    }
    bits_remove(&slots_free, slot);
    return slot;
}

void slot_give(cap_t slot)
{
    bits_add(&slots_free, slot);
}

void slot_drop(cap_t slot)
{
    if (slot != 0) {
        (void)byre_cap_delete(0, slot);
        slot_give(slot);
    }
}

uint64_t slots_fail_after(uint64_t takes)
{
    uint64_t left = slots_fail;

    slots_fail = takes;
    return left;
}
