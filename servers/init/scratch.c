/* init's window; contract in scratch.h. */
#include "scratch.h"

#include <stddef.h>

#include <byre/table.h>

#include "panic.h"
#include "supply.h"

static uint64_t scratch_leaf;
static uint64_t scratch_kept = SCRATCH_KEPT_FIRST;

void scratch_init(uint64_t root_frame)
{
    uint64_t middle = supply_table();
    uint64_t replaced;

    scratch_leaf = supply_table();
    init_check("scratch table", byre_table_create(INIT_SLOT_MEMORY, middle, TABLE_LEVEL_MIDDLE));
    init_check("scratch table",
               byre_table_create(INIT_SLOT_MEMORY, scratch_leaf, TABLE_LEVEL_LEAF));
    init_check("scratch link", byre_table_link(INIT_SLOT_MEMORY, middle, SCRATCH_BASE >> 21 & 511,
                                               scratch_leaf, 0, &replaced));
    init_check("scratch link", byre_table_link(INIT_SLOT_MEMORY, root_frame, SCRATCH_BASE >> 30,
                                               middle, 0, &replaced));
}

static void *scratch_at(uint64_t index)
{
    return (void *)(uintptr_t)(SCRATCH_BASE + index * PAGE_BYTES);
}

void *scratch_map(uint64_t first_frame, uint64_t frames)
{
    uint64_t done;

    init_check("scratch map",
               byre_table_map_run(INIT_SLOT_MEMORY, scratch_leaf, 0, frames,
                                  first_frame << MAP_FRAME_SHIFT | MAP_R | MAP_W, &done));
    init_check("scratch flush", byre_space_flush(INIT_SLOT_SPACE, SCRATCH_BASE, 0));
    return scratch_at(0);
}

void *scratch_keep(uint64_t first_frame, uint64_t frames, bool writable)
{
    uint64_t rights = writable ? MAP_R | MAP_W : MAP_R;
    uint64_t index = scratch_kept;
    uint64_t done;

    init_check("scratch map", byre_table_map_run(INIT_SLOT_MEMORY, scratch_leaf, index, frames,
                                                 first_frame << MAP_FRAME_SHIFT | rights, &done));
    scratch_kept += frames;
    return scratch_at(index);
}

volatile void *scratch_keep_device(cap_t device, uint64_t frame)
{
    uint64_t index = scratch_kept;

    if (byre_table_map_device(INIT_SLOT_MEMORY, scratch_leaf, index, 1, device, frame,
                              MAP_R | MAP_W) != ERR_OK) {
        return NULL;
    }
    scratch_kept++;
    return scratch_at(index);
}
