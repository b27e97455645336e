/* Inside of region maps: places in blocks, and what a region costs. For region*.c only. */
#ifndef PAGER_REGION_BLOCK_H
#define PAGER_REGION_BLOCK_H

#include "region.h"

struct region_place {
    uint32_t block;
    uint32_t at;
};

/* The last block that begins at or below the page (the first block when none does); the map has
 * one. */
uint32_t region_block_of(const struct region_map *map, uint32_t page);
/* The first region of the block that ends above the page, or count. */
uint32_t region_in_block(const struct region_block *block, uint32_t page);
/* The first region of the map that ends above the page; block == map->blocks: none. */
struct region_place region_place_of(const struct region_map *map, uint32_t page);
/* G4's part of a region after one that ends at `before` (0: none). */
uint32_t region_tables_beyond(uint32_t before, uint32_t first, uint32_t end);
/* G5's part of a region. */
uint64_t region_promise(const struct region *r);

#endif
