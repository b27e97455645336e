/* Spaces from their roots: every page that a space can reach, now or after a thaw, has a region
 * that allows what its entry allows, and no page that others count on can be written. Roots that
 * no space of the pager names belong to init and the pager itself. */
#include <stddef.h>

#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>

#include "audit.h"

enum {
    SYSTEM_ROOTS = 2, /* init's and the pager's own */
    GROUP_PAGES = TABLE_ENTRIES,
    GIANT_PAGES = TABLE_ENTRIES * TABLE_ENTRIES,
};

struct walk {
    struct audit *audit;
    const struct pager_space *space;
    const struct pager_region_map *map;
    const struct pager_region_block *block; /* the block and region where the last page was */
    uint32_t block_index;
    uint32_t at;
};

static uint64_t space_id(const struct pager_space *space)
{
    return space->index | (uint64_t)space->generation << 32;
}

static const struct pager_region_block *block_at(const struct walk *w, uint32_t index)
{
    return audit_pager_memory(w->audit, w->map->block[index], sizeof(struct pager_region_block));
}

/* The region that holds the page; pages come in ascending order, so the search only goes on. */
static const struct pager_region *region_of(struct walk *w, uint64_t page)
{
    while (w->block_index < w->map->blocks) {
        if (w->block == NULL) {
            w->block = block_at(w, w->block_index);
            w->at = 0;
        }
        if (w->block == NULL) {
            return NULL;
        }
        for (; w->at < w->block->count; w->at++) {
            const struct pager_region *region = &w->block->regions[w->at];
            if (page < (uint64_t)region->first_page + region->pages) {
                return page >= region->first_page ? region : NULL;
            }
        }
        w->block = NULL;
        w->block_index++;
    }
    return NULL;
}

static void page_find(const struct walk *w, uint64_t page, uint64_t entry, const char *what)
{
    audit_find(w->audit, "space 0x%lx address 0x%lx entry 0x%lx: %s", space_id(w->space),
               page << PAGE_SHIFT, entry, what);
}

/* private_path: every table above is this space's alone, so its W counts at once. */
static void check_page(struct walk *w, uint64_t page, uint64_t entry, bool private_path)
{
    const struct pager_region *region = region_of(w, page);
    w->audit->totals.pages_checked++;
    if (region == NULL) {
        page_find(w, page, entry, "mapped where there is no region");
        return;
    }
    if ((entry & PTE_V) == 0) {
        return; /* hidden by the pager: no rights at all */
    }
    unsigned rights = region->rights;
    if ((entry & PTE_R) != 0 && (rights & MAP_R) == 0) {
        page_find(w, page, entry, "readable, the region is not");
    }
    if ((entry & PTE_W) != 0 && (rights & MAP_W) == 0) {
        page_find(w, page, entry, "writable, the region is not");
    }
    if ((entry & PTE_X) != 0 && (rights & MAP_X) == 0) {
        page_find(w, page, entry, "executable, the region is not");
    }
    uint64_t frame = audit_entry_frame(entry);
    bool counted = audit_kind(w->audit, frame) == KIND_USER;
    if (private_path && counted && (entry & PTE_W) != 0 && (region->flags & REGION_SHARED) == 0 &&
        w->audit->references[frame - w->audit->first_frame] > 1) {
        page_find(w, page, entry, "writable, and others refer to the private page");
    }
}

static bool is_alone(const struct walk *w, uint64_t table)
{
    return audit_table_record(w->audit, table)->count == 1;
}

static void walk_leaf(struct walk *w, uint64_t first_page, uint64_t leaf, bool private_path)
{
    const uint64_t *entries = audit_frame(w->audit, leaf);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (entries[i] != 0) {
            check_page(w, first_page + i, entries[i], private_path && is_alone(w, leaf));
        }
    }
}

static void walk_middle(struct walk *w, uint64_t first_page, uint64_t middle)
{
    const uint64_t *entries = audit_frame(w->audit, middle);
    for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t leaf = audit_child(w->audit, entries[i], TABLE_LEVEL_LEAF);
        if (leaf != 0) {
            walk_leaf(w, first_page + i * GROUP_PAGES, leaf, is_alone(w, middle));
        }
    }
}

static void walk_space(struct walk *w, uint64_t root)
{
    const uint64_t *entries = audit_frame(w->audit, root);
    for (uint64_t i = 0; i < ROOT_USER_ENTRIES; i++) {
        uint64_t middle = audit_child(w->audit, entries[i], TABLE_LEVEL_MIDDLE);
        if (middle != 0) {
            walk_middle(w, i * GIANT_PAGES, middle);
        }
    }
}

static void check_space(struct audit *audit, const struct pager_space *space, uint32_t index)
{
    audit->totals.spaces++;
    if (space->index != index || space->live == 0) {
        audit_find(audit, "space record %u: says index %u, live %u", index, space->index,
                   space->live);
        return;
    }
    if (audit_kind(audit, space->root) != KIND_TABLE ||
        audit_table_record(audit, space->root)->state != TABLE_LEVEL_ROOT + 1 ||
        audit_table_record(audit, space->root)->space == 0) {
        audit_find(audit, "space 0x%lx: its root 0x%x is no bound root table", space_id(space),
                   space->root);
        return;
    }
    struct walk w = {.audit = audit, .space = space};
    w.map = audit_pager_memory(audit, space->map, sizeof(struct pager_region_map));
    if (w.map == NULL || w.map->blocks > PAGER_REGION_MAP_BLOCKS) {
        audit_find(audit, "space 0x%lx: its regions are out of reach", space_id(space));
        return;
    }
    audit->totals.regions += w.map->regions;
    walk_space(&w, space->root);
}

void audit_spaces(struct audit *audit)
{
    for (uint32_t i = 0; i < audit->records->spaces_max; i++) {
        const struct pager_space *space = audit_space(audit, i);
        if (space != NULL) {
            check_space(audit, space, i);
        }
    }
    if (audit->totals.system_roots != SYSTEM_ROOTS) {
        audit_find(audit,
                   "%lu bound roots belong to no space of the pager; init and the pager "
                   "itself have %u",
                   audit->totals.system_roots, SYSTEM_ROOTS);
    }
}
