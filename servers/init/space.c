/* A space by hand; contract in space.h. */
#include "space.h"

#include <byre/boot_info.h>
#include <byre/table.h>

#include "panic.h"
#include "supply.h"

#define SPACE_NONE UINT64_MAX

enum { MIDDLE_SHIFT = 30 };

static uint64_t space_table(uint64_t level)
{
    uint64_t table = supply_table();

    init_check("table", byre_table_create(INIT_SLOT_MEMORY, table, level));
    return table;
}

void space_continue(struct space_builder *builder, uint64_t root)
{
    *builder =
        (struct space_builder){.root = root, .middle_index = SPACE_NONE, .leaf_index = SPACE_NONE};
}

void space_begin(struct space_builder *builder, cap_t space)
{
    space_continue(builder, space_table(TABLE_LEVEL_ROOT));
    init_check("root", byre_space_set_root(space, INIT_SLOT_MEMORY, builder->root));
}

static void space_use_middle(struct space_builder *builder, uint64_t address)
{
    uint64_t index = address >> MIDDLE_SHIFT;
    uint64_t replaced;

    if (index == builder->middle_index) {
        return;
    }
    builder->middle = space_table(TABLE_LEVEL_MIDDLE);
    builder->middle_index = index;
    init_check("middle table", byre_table_link(INIT_SLOT_MEMORY, builder->root, index,
                                               builder->middle, 0, &replaced));
}

static void space_use_leaf(struct space_builder *builder, uint64_t address)
{
    uint64_t index = address >> CHUNK_SHIFT;
    uint64_t replaced;

    space_use_middle(builder, address);
    if (index == builder->leaf_index) {
        return;
    }
    builder->leaf = space_table(TABLE_LEVEL_LEAF);
    builder->leaf_index = index;
    init_check("leaf table", byre_table_link(INIT_SLOT_MEMORY, builder->middle,
                                             index % TABLE_ENTRIES, builder->leaf, 0, &replaced));
}

void space_map(struct space_builder *builder, uint64_t address, uint64_t first_frame,
               uint64_t frames, uint64_t rights)
{
    while (frames > 0) {
        uint64_t index = address / PAGE_BYTES % TABLE_ENTRIES;
        uint64_t run = TABLE_ENTRIES - index < frames ? TABLE_ENTRIES - index : frames;
        uint64_t done;
        space_use_leaf(builder, address);
        init_check("map", byre_table_map_run(INIT_SLOT_MEMORY, builder->leaf, index, run,
                                             first_frame << MAP_FRAME_SHIFT | rights, &done));
        address += run * PAGE_BYTES;
        first_frame += run;
        frames -= run;
    }
}

void space_map_chunk(struct space_builder *builder, uint64_t address, uint64_t first_frame,
                     uint64_t rights)
{
    space_use_middle(builder, address);
    init_check("map chunk", byre_table_map_chunk(INIT_SLOT_MEMORY, builder->middle,
                                                 address >> CHUNK_SHIFT & (TABLE_ENTRIES - 1),
                                                 first_frame << MAP_FRAME_SHIFT | rights));
}
