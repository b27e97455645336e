/* Region maps; the contract is in region.h. Finding and checking are here, changing is in
 * region_change.c. */
#include "region.h"

#include "region_block.h"

uint32_t region_block_of(const struct region_map *map, uint32_t page)
{
    uint32_t low = 0;
    uint32_t high = map->blocks;
    while (high - low > 1) { /* the last block that begins at or below the page is in [low, high) */
        uint32_t middle = (low + high) / 2;
        if (map->block[middle]->regions[0].first_page <= page) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t region_in_block(const struct region_block *block, uint32_t page)
{
    uint32_t low = 0;
    uint32_t high = block->count;
    while (low < high) { /* the first region that ends above the page */
        uint32_t middle = (low + high) / 2;
        if (region_end(&block->regions[middle]) > page) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

struct region_place region_place_of(const struct region_map *map, uint32_t page)
{
    if (map->blocks == 0) {
        return (struct region_place){0, 0};
    }
    uint32_t block = region_block_of(map, page);
    uint32_t at = region_in_block(map->block[block], page);
    if (at == map->block[block]->count) {
        return (struct region_place){block + 1, 0};
    }
    return (struct region_place){block, at};
}

const struct region *region_find_next(const struct region_map *map, uint32_t page)
{
    struct region_place place = region_place_of(map, page);
    return place.block < map->blocks ? &map->block[place.block]->regions[place.at] : NULL;
}

const struct region *region_find(const struct region_map *map, uint32_t page)
{
    const struct region *r = region_find_next(map, page);
    return r != NULL && region_holds(r, page) ? r : NULL;
}

const struct region *region_find_before(const struct region_map *map, uint32_t page)
{
    if (map->blocks == 0) {
        return NULL;
    }
    uint32_t block = region_block_of(map, page);
    const struct region_block *b = map->block[block];
    uint32_t at = b->count;
    while (at > 0 && b->regions[at - 1].first_page >= page) { /* at most a block's regions */
        at--;
    }
    if (at > 0) {
        return &b->regions[at - 1];
    }
    return block > 0 ? &map->block[block - 1]->regions[map->block[block - 1]->count - 1] : NULL;
}

/* Tables of `level_shift` pages each that [first, end) needs beyond those that something ending at
 * `before` needs already. */
static uint32_t spans_beyond(uint32_t before, uint32_t first, uint32_t end, unsigned level_shift)
{
    uint32_t low = first >> level_shift;
    uint32_t high = (end - 1) >> level_shift;
    if (before != 0 && (before - 1) >> level_shift == low) {
        low++;
    }
    return high + 1 - low;
}

uint32_t region_tables_beyond(uint32_t before, uint32_t first, uint32_t end)
{
    return spans_beyond(before, first, end, GROUP_SHIFT) +
           spans_beyond(before, first, end, GIANT_SHIFT);
}

uint32_t region_tables_added(const struct region_map *map, uint32_t first, uint32_t end)
{
    const struct region *previous = region_find_before(map, first);
    const struct region *next = region_find_next(map, end);
    uint32_t before = previous != NULL ? region_end(previous) : 0;
    uint32_t added = region_tables_beyond(before, first, end);
    if (next != NULL) {
        added += region_tables_beyond(end, next->first_page, region_end(next)) -
                 region_tables_beyond(before, next->first_page, region_end(next));
    }
    return added;
}

uint64_t region_promise(const struct region *r)
{
    if ((r->flags & REGION_PROMISED) != 0) {
        return (r->flags & (REGION_STACK | REGION_SHARED)) != 0 ? 0 : r->pages;
    }
    return r->file_tail != 0 ? 1 : 0; /* the last page of a file is a copy of its own */
}

bool region_map_check(const struct region_map *map)
{
    uint32_t before = 0;
    uint32_t regions = 0;
    uint32_t tables = 0;
    uint64_t promised = 0;
    bool before_shared = false;
    for (uint32_t b = 0; b < map->blocks; b++) {
        const struct region_block *block = map->block[b];
        if (block->count == 0 || block->refs == 0 || block->count > REGION_BLOCK_REGIONS) {
            return false;
        }
        for (uint32_t i = 0; i < block->count; i++) {
            const struct region *r = &block->regions[i];
            bool same_group =
                before != 0 && (before - 1) >> GROUP_SHIFT == r->first_page >> GROUP_SHIFT;
            if (r->pages == 0 || r->first_page < before || region_end(r) > USER_PAGES ||
                (r->rights & ~r->max_rights) != 0 ||
                (r->rights & (MAP_W | MAP_X)) == (MAP_W | MAP_X) ||
                (same_group && before_shared != region_is_shared(r))) {
                return false;
            }
            tables += region_tables_beyond(before, r->first_page, region_end(r));
            promised += region_promise(r);
            before = region_end(r);
            before_shared = region_is_shared(r);
            regions++;
        }
    }
    return regions == map->regions && tables == map->tables && promised == map->promised;
}
