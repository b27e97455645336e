/* Harts with a TLB and a page-walk cache. See machine.h. */
#include "machine.h"

#include <string.h>

#include "fake_kernel.h"
#include "model.h"

enum { LEAVES_MAX = 64, POINTERS_MAX = 16, VIRTUAL_BITS = 39 };

struct leaf {
    bool used;
    unsigned space;
    uint64_t page;
    uint64_t entry; /* composed for this page; V = 0: known not to be there (M3) */
};

struct pointer {
    bool used;
    unsigned space;
    unsigned level;  /* of the table it names: 1 or 0 */
    uint64_t prefix; /* of the page number */
    uint64_t table;
};

static struct {
    struct leaf leaves[LEAVES_MAX];
    struct pointer pointers[POINTERS_MAX];
} harts[MACHINE_HARTS];

static struct {
    unsigned leaves;
    unsigned pointers;
    bool caches_absence;
} habits;

void machine_start(void)
{
    memset(harts, 0, sizeof(harts));
    habits.leaves = 8u << dice_below(4);
    habits.pointers = 2u << dice_below(4);
    habits.caches_absence = dice_chance(2);
}

static unsigned prefix_shift(unsigned level)
{
    return 9 * (level + 1);
}

static unsigned slot_of(unsigned space, uint64_t number, unsigned slots)
{
    uint64_t mix = (number ^ number >> 9 ^ (uint64_t)space * 0x9e37) * 0x9e3779b97f4a7c15ull;
    return (unsigned)((mix >> 32) & (slots - 1));
}

static struct leaf *leaf_slot(unsigned hart, unsigned space, uint64_t page)
{
    return &harts[hart].leaves[slot_of(space, page, habits.leaves)];
}

static struct pointer *pointer_slot(unsigned hart, unsigned space, unsigned level, uint64_t prefix)
{
    return &harts[hart].pointers[slot_of(space, prefix * 2 + level, habits.pointers)];
}

static bool is_canonical(uint64_t address)
{
    int64_t top = (int64_t)address >> (VIRTUAL_BITS - 1);
    return top == 0 || top == -1;
}

/* One step down: the entry of `table` at `level` for the page. */
static uint64_t entry_of(uint64_t table, unsigned level, uint64_t page)
{
    return fake_entries(table)[(page >> (9 * level)) & (TABLE_ENTRIES - 1)];
}

static bool is_leaf(uint64_t entry)
{
    return (entry & PTE_V) && (entry & (PTE_R | PTE_W | PTE_X));
}

static uint64_t leaf_for_page(uint64_t entry, unsigned level, uint64_t page)
{
    uint64_t low = page & ((1ull << (9 * level)) - 1);
    return entry | low << PTE_FRAME_SHIFT;
}

static uint64_t walk_from(unsigned hart, bool cache, unsigned space, uint64_t table, unsigned level,
                          uint64_t page)
{
    for (;;) {
        if (!fake_is_ram(table)) {
            return 0;
        }
        uint64_t entry = entry_of(table, level, page);
        if (!(entry & PTE_V)) {
            return 0;
        }
        if (is_leaf(entry)) {
            return leaf_for_page(entry, level, page);
        }
        if (level == 0) {
            return 0;
        }
        table = fake_entry_frame(entry);
        level--;
        if (cache) {
            uint64_t prefix = page >> prefix_shift(level);
            *pointer_slot(hart, space, level, prefix) =
                (struct pointer){true, space, level, prefix, table};
        }
    }
}

uint64_t machine_walk(unsigned space, uint64_t address)
{
    uint64_t root = fake_space_root(space);
    if (root == 0 || address >> (VIRTUAL_BITS - 1) != 0) {
        return 0;
    }
    return walk_from(0, false, space, root, TABLE_LEVEL_ROOT, address >> PAGE_SHIFT);
}

/* A hardware walk: may start from any cached pointer (M2). */
static uint64_t hardware_walk(unsigned hart, unsigned space, uint64_t page)
{
    for (unsigned level = 0; level < TABLE_LEVEL_ROOT; level++) {
        uint64_t prefix = page >> prefix_shift(level);
        const struct pointer *pointer = pointer_slot(hart, space, level, prefix);
        if (pointer->used && pointer->space == space && pointer->level == level &&
            pointer->prefix == prefix && !dice_chance(4)) {
            return walk_from(hart, true, space, pointer->table, level, page);
        }
    }
    uint64_t root = fake_space_root(space);
    return root == 0 ? 0 : walk_from(hart, true, space, root, TABLE_LEVEL_ROOT, page);
}

static bool allows(uint64_t entry, enum machine_access access)
{
    if (!(entry & PTE_V) || !(entry & PTE_U) || !(entry & PTE_A)) {
        return false; /* M4 */
    }
    switch (access) {
    case ACCESS_LOAD:
        return (entry & PTE_R) != 0;
    case ACCESS_STORE:
    case ACCESS_AMO:
        return (entry & PTE_W) && (entry & PTE_D); /* M4 */
    case ACCESS_FETCH:
        return (entry & PTE_X) != 0;
    }
    return false;
}

static unsigned fault_of(enum machine_access access)
{
    switch (access) {
    case ACCESS_LOAD:
        return FAULT_PAGE_READ;
    case ACCESS_STORE:
    case ACCESS_AMO:
        return FAULT_PAGE_WRITE;
    case ACCESS_FETCH:
        return FAULT_PAGE_EXECUTE;
    }
    return FAULT_ACCESS;
}

unsigned machine_translate(unsigned hart, unsigned space, uint64_t address,
                           enum machine_access access, uint64_t *frame_out)
{
    uint64_t page = address >> PAGE_SHIFT;
    if (!is_canonical(address) || address >> (VIRTUAL_BITS - 1) != 0) {
        return fault_of(access);
    }
    struct leaf *leaf = leaf_slot(hart, space, page);
    if (!leaf->used || leaf->space != space || leaf->page != page) {
        uint64_t entry = hardware_walk(hart, space, page);
        if (entry == 0 && !habits.caches_absence) {
            return fault_of(access);
        }
        *leaf = (struct leaf){true, space, page, entry};
    }
    if (!allows(leaf->entry, access)) {
        return fault_of(access);
    }
    *frame_out = fake_entry_frame(leaf->entry);
    return 0;
}

void machine_speculate(unsigned hart, unsigned space, uint64_t address)
{
    uint64_t frame = 0;
    if (dice_chance(4)) {
        harts[hart].leaves[dice_below(habits.leaves)].used = false;
    }
    if (dice_chance(8)) {
        harts[hart].pointers[dice_below(habits.pointers)].used = false;
    }
    (void)machine_translate(hart, space, address, ACCESS_LOAD, &frame);
}

void machine_flush(unsigned space, uint64_t address, uint64_t pages)
{
    uint64_t first = address >> PAGE_SHIFT;
    for (unsigned hart = 0; hart < MACHINE_HARTS; hart++) {
        for (unsigned i = 0; i < habits.leaves; i++) {
            struct leaf *leaf = &harts[hart].leaves[i];
            if (leaf->space == space && (pages == 0 || leaf->page - first < pages)) {
                leaf->used = false;
            }
        }
        for (unsigned i = 0; i < habits.pointers && pages == 0; i++) { /* M2 */
            if (harts[hart].pointers[i].space == space) {
                harts[hart].pointers[i].used = false;
            }
        }
    }
}

static uint64_t pointer_now(unsigned space, unsigned level, uint64_t prefix)
{
    uint64_t table = fake_space_root(space);
    uint64_t page = prefix << prefix_shift(level);
    for (unsigned l = TABLE_LEVEL_ROOT; table != 0 && l > level; l--) {
        uint64_t entry = entry_of(table, l, page);
        table = (entry & PTE_V) && !is_leaf(entry) ? fake_entry_frame(entry) : 0;
    }
    return table;
}

const char *machine_breach(unsigned space, uint64_t *address_out)
{
    const uint64_t rights = PTE_R | PTE_W | PTE_X | PTE_D;
    for (unsigned hart = 0; hart < MACHINE_HARTS; hart++) {
        for (unsigned i = 0; i < habits.leaves; i++) {
            const struct leaf *leaf = &harts[hart].leaves[i];
            if (!leaf->used || leaf->space != space || leaf->entry == 0) {
                continue;
            }
            *address_out = leaf->page << PAGE_SHIFT;
            uint64_t now = machine_walk(space, *address_out);
            if (now == 0) {
                return "a cached translation of a page that is not mapped";
            }
            if (fake_entry_frame(now) != fake_entry_frame(leaf->entry)) {
                return "a cached translation to another frame";
            }
            if (leaf->entry & ~now & rights) {
                return "a cached translation with more rights than the entry";
            }
        }
        for (unsigned i = 0; i < habits.pointers; i++) {
            const struct pointer *pointer = &harts[hart].pointers[i];
            if (pointer->used && pointer->space == space &&
                pointer_now(space, pointer->level, pointer->prefix) != pointer->table) {
                *address_out = pointer->prefix << (prefix_shift(pointer->level) + PAGE_SHIFT);
                return "a cached pointer to a table that is not there";
            }
        }
    }
    return NULL;
}

bool machine_walks_through(uint64_t table_frame)
{
    for (unsigned hart = 0; hart < MACHINE_HARTS; hart++) {
        for (unsigned i = 0; i < habits.pointers; i++) {
            const struct pointer *pointer = &harts[hart].pointers[i];
            if (pointer->used && pointer->table == table_frame && fake_space_live(pointer->space)) {
                return true;
            }
        }
    }
    return false;
}
