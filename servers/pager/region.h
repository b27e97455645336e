/* Regions: what a space may do where. A map is sorted, by blocks of regions; maps and blocks are
 * shared by count between fork relatives and copied when one of them changes.
 *
 *   G1  Regions of a map are sorted, do not overlap, and none is empty; nor is a block.
 *   G2  rights is a subset of max_rights; never W with X; W implies R.
 *   G3  A map or block with refs > 1 is never changed.
 *   G4  map.tables == leaf and middle tables that the regions could need, the root not counted.
 *   G5  map.promised == pages of regions that are REGION_PROMISED (a stack's are the space's own).
 *   G6  Each region of each block that names an object holds one reference to it.
 *   G7  A 2 MiB group holds shared regions or private ones, never both.
 *
 * Changes are made in two steps: isolate, which may fail and changes nothing that can be seen, and
 * then remove or change, which cannot fail. */
#ifndef PAGER_REGION_H
#define PAGER_REGION_H

#include "types.h"

static inline uint32_t region_end(const struct region *r)
{
    return r->first_page + r->pages;
}

static inline bool region_holds(const struct region *r, uint32_t page)
{
    return page - r->first_page < r->pages;
}

static inline bool region_is_shared(const struct region *r)
{
    return (r->flags & REGION_SHARED) != 0;
}

void regions_start(void);

/* An empty map with one reference. NOMEM. */
[[nodiscard]] err_t region_map_create(struct region_map **map_out GIVES);
struct region_map *region_map_share(struct region_map *map LENT);
void region_map_release(struct region_map *map TAKES);

/* The region that holds the page, or NULL. Good until the map changes. O(log n). */
const struct region *region_find(const struct region_map *map, uint32_t page);
/* The first region that ends above the page, or NULL. */
const struct region *region_find_next(const struct region_map *map, uint32_t page);
/* The last region that begins below the page, or NULL. */
const struct region *region_find_before(const struct region_map *map, uint32_t page);

/* Add a region where there is none; joined with a neighbour that continues it. NOMEM. TAKES the
 * region's reference to its object on success. */
[[nodiscard]] err_t region_map_add(struct region_map **map, const struct region *region);

/* Make the map and its blocks around [first, end) this space's own, and let no region reach across
 * either border. NOMEM. */
[[nodiscard]] err_t region_map_isolate(struct region_map **map, uint32_t first, uint32_t end);
/* After isolate: drop all regions in [first, end). */
void region_map_remove(struct region_map *map, uint32_t first, uint32_t end);
/* After isolate: set the rights of all regions in [first, end), and flags beside those they
 * have. */
void region_map_change(struct region_map *map, uint32_t first, uint32_t end, unsigned rights,
                       unsigned flags);

/* Tables that regions [first, end) alone would need between neighbours that end at `before` and
 * begin at `after` (0 and USER_PAGES: none): what adding it adds to G4. */
uint32_t region_tables_added(const struct region_map *map, uint32_t first, uint32_t end);

/* Recount G1..G5; true when they hold. For tests. */
bool region_map_check(const struct region_map *map);

#endif
