/* Changing region maps: copies where something is shared, splits at borders, then changes that
 * cannot fail. The contract is in region.h. */
#include <string.h>

#include "object.h"
#include "pool.h"
#include "region.h"
#include "region_block.h"

static struct pool maps;
static struct pool blocks;

void regions_start(void)
{
    pool_start(&maps, "region map", sizeof(struct region_map));
    pool_start(&blocks, "region block", sizeof(struct region_block));
}

/* ------------------------------------------------------------------------ owning, sharing */
static void region_ref_backing(const struct region *r)
{
    if (r->backing >= BACKING_OBJECT && r->backing != BACKING_DEVICE) {
        object_ref(object_at(r->backing - BACKING_OBJECT));
    }
}

static void region_unref_backing(const struct region *r)
{
    if (r->backing >= BACKING_OBJECT && r->backing != BACKING_DEVICE) {
        object_unref(object_at(r->backing - BACKING_OBJECT));
    }
}

static void block_release(struct region_block *block)
{
    if (--block->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < block->count; i++) {
        region_unref_backing(&block->regions[i]);
    }
    pool_free(&blocks, block);
}

err_t region_map_create(struct region_map **map_out)
{
    void *record;
    err_t error = pool_alloc(&maps, &record);
    if (error == ERR_OK) {
        *map_out = record;
        (*map_out)->refs = 1;
    }
    return error;
}

struct region_map *region_map_share(struct region_map *map)
{
    map->refs++;
    return map;
}

void region_map_release(struct region_map *map)
{
    if (--map->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < map->blocks; i++) {
        block_release(map->block[i]);
    }
    pool_free(&maps, map);
}

/* Make the map its holder's own; the blocks stay shared. */
static err_t own_map(struct region_map **map)
{
    struct region_map *old = *map;
    if (old->refs == 1) {
        return ERR_OK;
    }
    struct region_map *copy;
    err_t error = region_map_create(&copy);
    if (error != ERR_OK) {
        return error;
    }
    *copy = *old;
    copy->refs = 1;
    for (uint32_t i = 0; i < copy->blocks; i++) {
        copy->block[i]->refs++;
    }
    old->refs--;
    *map = copy;
    return ERR_OK;
}

/* G3, G6. The map is the caller's own. */
static err_t own_block(struct region_map *map, uint32_t index)
{
    struct region_block *old = map->block[index];
    if (old->refs == 1) {
        return ERR_OK;
    }
    void *record;
    err_t error = pool_alloc(&blocks, &record);
    if (error != ERR_OK) {
        return error;
    }
    struct region_block *copy = record;
    *copy = *old;
    copy->refs = 1;
    for (uint32_t i = 0; i < copy->count; i++) {
        region_ref_backing(&copy->regions[i]);
    }
    old->refs--;
    map->block[index] = copy;
    return ERR_OK;
}

/* ----------------------------------------------------------------- places for new regions */
static void map_insert_block(struct region_map *map, uint32_t index, struct region_block *block)
{
    memmove(&map->block[index + 1], &map->block[index],
            (map->blocks - index) * sizeof(map->block[0]));
    map->block[index] = block;
    map->blocks++;
}

static void map_remove_block(struct region_map *map, uint32_t index)
{
    map->blocks--;
    memmove(&map->block[index], &map->block[index + 1],
            (map->blocks - index) * sizeof(map->block[0]));
}

/* Give block `index`, which is the caller's own, room for one more region. Neutral. */
static err_t block_make_room(struct region_map *map, uint32_t index)
{
    struct region_block *block = map->block[index];
    if (block->count < REGION_BLOCK_REGIONS) {
        return ERR_OK;
    }
    if (map->blocks == REGION_MAP_BLOCKS) {
        return PAGER_ERR_NOMEM;
    }
    void *record;
    err_t error = pool_alloc(&blocks, &record);
    if (error != ERR_OK) {
        return error;
    }
    struct region_block *upper = record;
    uint32_t half = block->count / 2;
    upper->refs = 1;
    upper->count = block->count - half;
    memcpy(upper->regions, &block->regions[half], upper->count * sizeof(struct region));
    block->count = half;
    map_insert_block(map, index + 1, upper);
    return ERR_OK;
}

static void block_insert(struct region_block *block, uint32_t at, const struct region *region)
{
    memmove(&block->regions[at + 1], &block->regions[at],
            (block->count - at) * sizeof(struct region));
    block->regions[at] = *region;
    block->count++;
}

/* The place where a region that begins at `page` goes: in the block of what stands before it. */
static struct region_place place_for(const struct region_map *map, uint32_t page)
{
    uint32_t block = region_block_of(map, page);
    return (struct region_place){block, region_in_block(map->block[block], page)};
}

/* ---------------------------------------------------------------------------------- adding */
/* Does what backs `b` go on where that of `a` ends, as if region_cut had parted them? */
static bool backing_continues(const struct region *a, const struct region *b)
{
    if (a->backing != b->backing) {
        return false;
    }
    if (a->backing == BACKING_ZERO) {
        return true;
    }
    bool file_goes_on = b->file_pages == 0 || (a->file_pages == a->pages && a->file_tail == 0);
    return b->offset_pages == a->offset_pages + a->pages && file_goes_on;
}

/* May `b`, which begins where `a` ends, become one region with it? */
static bool region_continues(const struct region *a, const struct region *b)
{
    return region_end(a) == b->first_page && a->rights == b->rights &&
           a->max_rights == b->max_rights && a->flags == b->flags && backing_continues(a, b) &&
           (a->flags & (REGION_STACK | REGION_HEAP)) == 0;
}

static void region_join(struct region *a, const struct region *b)
{
    a->file_tail = b->file_pages > 0 ? b->file_tail : a->file_tail;
    a->file_pages += b->file_pages;
    a->pages += b->pages;
}

static err_t add_first_block(struct region_map *map, const struct region *region)
{
    void *record;
    err_t error = pool_alloc(&blocks, &record);
    if (error != ERR_OK) {
        return error;
    }
    struct region_block *block = record;
    block->refs = 1;
    block_insert(block, 0, region);
    map_insert_block(map, 0, block);
    map->regions++;
    return ERR_OK;
}

static err_t add_to_block(struct region_map *map, const struct region *region)
{
    struct region_place place = place_for(map, region->first_page);
    err_t error = own_block(map, place.block);
    if (error != ERR_OK) {
        return error;
    }
    if (place.at > 0) {
        struct region *before = &map->block[place.block]->regions[place.at - 1];
        if (region->backing == BACKING_ZERO && region_continues(before, region)) {
            region_join(before, region);
            return ERR_OK;
        }
    }
    error = block_make_room(map, place.block);
    if (error != ERR_OK) {
        return error;
    }
    place = place_for(map, region->first_page);
    block_insert(map->block[place.block], place.at, region);
    map->regions++;
    return ERR_OK;
}

err_t region_map_add(struct region_map **map, const struct region *region)
{
    err_t error = own_map(map);
    if (error != ERR_OK) {
        return error;
    }
    uint32_t tables = region_tables_added(*map, region->first_page, region_end(region));
    error = (*map)->blocks == 0 ? add_first_block(*map, region) : add_to_block(*map, region);
    if (error == ERR_OK) {
        (*map)->tables += tables;
        (*map)->promised += region_promise(region);
    }
    return error;
}

/* --------------------------------------------------------------------- isolate and change */
/* Cut `r` at `page`: it keeps what is below, and what is above comes out. */
static struct region region_cut(struct region *r, uint32_t page)
{
    struct region upper = *r;
    uint32_t low = page - r->first_page;
    upper.first_page = page;
    upper.pages = r->pages - low;
    upper.offset_pages = r->offset_pages + low;
    r->pages = low;
    if (r->file_pages <= low) { /* the file ends below: the tail stays with it */
        upper.file_pages = 0;
        upper.file_tail = 0;
    } else {
        upper.file_pages = r->file_pages - low;
        r->file_pages = low;
        r->file_tail = 0;
    }
    return upper;
}

/* Let no region reach across the page. */
static err_t split_at(struct region_map *map, uint32_t page)
{
    if (map->blocks == 0) {
        return ERR_OK;
    }
    struct region_place place = region_place_of(map, page);
    if (place.block == map->blocks) {
        return ERR_OK;
    }
    err_t error = own_block(map, place.block);
    if (error != ERR_OK) {
        return error;
    }
    if (map->block[place.block]->regions[place.at].first_page >= page) {
        return ERR_OK;
    }
    error = block_make_room(map, place.block);
    if (error != ERR_OK) {
        return error;
    }
    place = region_place_of(map, page);
    struct region_block *block = map->block[place.block];
    struct region *lower = &block->regions[place.at];
    map->promised -= region_promise(lower);
    struct region upper = region_cut(lower, page);
    map->promised += region_promise(lower) + region_promise(&upper);
    region_ref_backing(&upper);
    block_insert(block, place.at + 1, &upper);
    map->regions++;
    return ERR_OK;
}

err_t region_map_isolate(struct region_map **map, uint32_t first, uint32_t end)
{
    err_t error = own_map(map);
    if (error != ERR_OK) {
        return error;
    }
    error = split_at(*map, first);
    if (error != ERR_OK) {
        return error;
    }
    error = split_at(*map, end);
    if (error != ERR_OK) {
        return error;
    }
    struct region_place place = region_place_of(*map, first);
    for (uint32_t b = place.block; b < (*map)->blocks; b++) {
        if ((*map)->block[b]->regions[0].first_page >= end) {
            break;
        }
        error = own_block(*map, b);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

/* Join a block with the next when both are nearly empty, so that blocks do not run out. */
static void blocks_join(struct region_map *map, uint32_t index)
{
    if (index + 1 >= map->blocks) {
        return;
    }
    struct region_block *low = map->block[index];
    struct region_block *high = map->block[index + 1];
    if (low->refs > 1 || high->refs > 1 || low->count + high->count > REGION_BLOCK_REGIONS / 2) {
        return;
    }
    memcpy(&low->regions[low->count], high->regions, high->count * sizeof(struct region));
    low->count += high->count;
    map_remove_block(map, index + 1);
    pool_free(&blocks, high);
}

/* Drop regions [at, at + n) of a block that is the map's own. */
static void block_remove(struct region_map *map, uint32_t index, uint32_t at, uint32_t n)
{
    struct region_block *block = map->block[index];
    for (uint32_t i = at; i < at + n; i++) {
        map->promised -= region_promise(&block->regions[i]);
        region_unref_backing(&block->regions[i]);
    }
    memmove(&block->regions[at], &block->regions[at + n],
            (block->count - at - n) * sizeof(struct region));
    block->count -= n;
    map->regions -= n;
}

/* G4 of what stands in [first, end), and of what follows it after something that ends at before. */
static uint32_t tables_between(const struct region_map *map, uint32_t before, uint32_t first,
                               uint32_t end)
{
    uint32_t tables = 0;
    struct region_place place = region_place_of(map, first);
    while (place.block < map->blocks) {
        const struct region *r = &map->block[place.block]->regions[place.at];
        tables += region_tables_beyond(before, r->first_page, region_end(r));
        before = region_end(r);
        if (r->first_page >= end) {
            break;
        }
        if (++place.at == map->block[place.block]->count) {
            place = (struct region_place){place.block + 1, 0};
        }
    }
    return tables;
}

void region_map_remove(struct region_map *map, uint32_t first, uint32_t end)
{
    const struct region *previous = region_find_before(map, first);
    uint32_t before = previous != NULL ? region_end(previous) : 0;
    map->tables -= tables_between(map, before, first, end);
    struct region_place place = region_place_of(map, first);
    uint32_t start_block = place.block;
    while (place.block < map->blocks) {
        struct region_block *block = map->block[place.block];
        uint32_t n = 0;
        while (place.at + n < block->count && block->regions[place.at + n].first_page < end) {
            n++;
        }
        if (n == 0) {
            break;
        }
        PAGER_ASSERT(block->refs == 1);
        block_remove(map, place.block, place.at, n);
        if (block->count == 0) {
            map_remove_block(map, place.block);
            pool_free(&blocks, block);
        } else {
            place.block++;
        }
        place.at = 0;
    }
    map->tables += tables_between(map, before, first, first);
    blocks_join(map, start_block > 0 ? start_block - 1 : 0);
}

/* Join the region that begins at the page with the one before it in its block, where it continues
 * that: what is protected piece by piece does not stay in pieces. */
static void join_before(struct region_map *map, uint32_t page)
{
    struct region_place place = region_place_of(map, page);
    if (place.block == map->blocks || place.at == 0) {
        return;
    }
    struct region_block *block = map->block[place.block];
    struct region *b = &block->regions[place.at];
    struct region *a = b - 1;
    if (block->refs > 1 || b->first_page != page || !region_continues(a, b)) {
        return;
    }
    map->promised -= region_promise(a) + region_promise(b);
    region_join(a, b);
    map->promised += region_promise(a);
    region_unref_backing(b);
    memmove(b, b + 1, (block->count - place.at - 1) * sizeof(struct region));
    block->count--;
    map->regions--;
}

void region_map_change(struct region_map *map, uint32_t first, uint32_t end, unsigned rights,
                       unsigned flags)
{
    struct region_place place = region_place_of(map, first);
    while (place.block < map->blocks) {
        struct region_block *block = map->block[place.block];
        struct region *r = &block->regions[place.at];
        if (r->first_page >= end) {
            break;
        }
        PAGER_ASSERT(map->refs == 1 && block->refs == 1);
        map->promised -= region_promise(r);
        r->rights = (uint8_t)rights;
        r->flags |= (uint16_t)flags;
        map->promised += region_promise(r);
        if (++place.at == block->count) {
            place = (struct region_place){place.block + 1, 0};
        }
    }
    join_before(map, end);
    join_before(map, first);
}
