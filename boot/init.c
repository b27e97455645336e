/* The first address space: see init.h. */
#include "init.h"

#include "boot.h"
#include "riscv/paging.h"

enum { STACK_PAGES = 16 };

#define PAGE ((uint64_t)PAGE_BYTES)

static uint64_t pages_of(uint64_t start, uint64_t bytes)
{
    return ((start % PAGE) + bytes + PAGE - 1) / PAGE;
}

static bool segment_is_copied(const struct elf_segment *segment)
{
    return (segment->rights & ELF_W) != 0 || segment->memory_bytes != segment->file_bytes;
}

uint64_t init_pages(const struct init *init)
{
    uint64_t pages = 1 + STACK_PAGES + pages_of(0, init->tree.used_bytes);
    for (unsigned i = 0; i < init->elf.segment_count; i++) {
        const struct elf_segment *segment = &init->elf.segments[i];
        if (segment_is_copied(segment)) {
            pages += pages_of(segment->address, segment->memory_bytes);
        }
    }
    return pages;
}

/* ---------------------------------------------------------------------- tables */
static struct table_record *record_of(const struct init *init, uint64_t table)
{
    struct table_record *records = boot_pointer(init->table_chunk);
    return &records[(table - init->table_chunk) / PAGE];
}

static uint64_t table_make(struct init *init, unsigned level)
{
    if (init->tables + 1 == CHUNK_PAGES) { /* frame 0 holds the records */
        boot_fail("the boot archive is too large to map for init");
    }
    uint64_t table = init->table_chunk + ++init->tables * PAGE;
    *record_of(init, table) = (struct table_record){
        .count = 1,
        .state = (uint8_t)(level + 1),
        .space = level == TABLE_LEVEL_ROOT,
    };
    return table;
}

/* T4: an entry that is written marks its group. */
static void entry_write(const struct init *init, uint64_t table, unsigned index, uint64_t entry)
{
    uint64_t *entries = boot_pointer(table);
    entries[index] = entry;
    struct table_record *record = record_of(init, table);
    record->groups = (uint16_t)(record->groups | 1u << index / TABLE_GROUP_ENTRIES);
}

/* The table of one level less that translates the address; made if it is missing. */
static uint64_t table_below(struct init *init, uint64_t table, uint64_t address, unsigned level)
{
    uint64_t *entries = boot_pointer(table);
    unsigned index = table_index(address, level);
    if (entries[index] == 0) {
        uint64_t child = table_make(init, level - 1);
        entry_write(init, table, index, child >> PAGE_SHIFT << PTE_FRAME_SHIFT | PTE_V);
        return child;
    }
    return entries[index] >> PTE_FRAME_SHIFT << PAGE_SHIFT;
}

static uint64_t rights_bits(uint32_t rights)
{
    uint64_t bits = PTE_V | PTE_U | PTE_A | PTE_R;
    if ((rights & ELF_W) != 0) {
        bits |= PTE_W | PTE_D;
    } else if ((rights & ELF_X) != 0) {
        bits |= PTE_X;
    }
    return bits;
}

static void map_pages(struct init *init, uint64_t address, uint64_t physical, uint64_t pages,
                      uint32_t rights)
{
    for (; pages > 0; pages--, address += PAGE, physical += PAGE) {
        uint64_t middle = table_below(init, init->root, address, TABLE_LEVEL_ROOT);
        uint64_t leaf = table_below(init, middle, address, TABLE_LEVEL_MIDDLE);
        entry_write(init, leaf, table_index(address, TABLE_LEVEL_LEAF),
                    physical >> PAGE_SHIFT << PTE_FRAME_SHIFT | rights_bits(rights));
    }
}

/* -------------------------------------------------------------------- contents */
/* Some of init's own frames, zero, mapped at the address. They are taken from the start. */
static uint64_t map_own(struct init *init, uint64_t address, uint64_t pages, uint32_t rights)
{
    uint64_t start = init->start;
    boot_zero(start, pages * PAGE);
    init->start += pages * PAGE;
    map_pages(init, address, start, pages, rights);
    return start;
}

static void map_segment(struct init *init, const struct elf_segment *segment)
{
    uint64_t file = init->image + segment->file_offset;
    uint64_t address = segment->address - segment->address % PAGE;
    uint64_t pages = pages_of(segment->address, segment->memory_bytes);
    if (!segment_is_copied(segment)) {
        map_pages(init, address, file - file % PAGE, pages, segment->rights);
        return;
    }
    uint64_t start = map_own(init, address, pages, segment->rights);
    __builtin_memcpy(boot_pointer(start + segment->address % PAGE), boot_pointer(file),
                     segment->file_bytes);
}

static struct boot_range frames_of(uint64_t start, uint64_t end)
{
    return (struct boot_range){start >> PAGE_SHIFT, pages_of(start, end - start)};
}

static void map_tree(struct init *init)
{
    enum { HEADER_TOTAL = 4 };
    const struct fdt *tree = &init->tree;
    uint64_t start = map_own(init, INIT_TREE, pages_of(0, tree->used_bytes), ELF_R);
    uint32_t total = __builtin_bswap32(tree->used_bytes);
    __builtin_memcpy(boot_pointer(start), tree->base, tree->used_bytes);
    __builtin_memcpy(boot_pointer(start + HEADER_TOTAL), &total, sizeof total);
    init->info->tree = frames_of(start, start + tree->used_bytes);
    init->info->tree_bytes = tree->used_bytes;
}

void init_build(struct init *init)
{
    uint64_t first = init->start;
    init->root = table_make(init, TABLE_LEVEL_ROOT);
    struct boot_info *info = boot_pointer(map_own(init, INIT_BOOT_INFO, 1, ELF_R));
    init->info = info;
    (void)map_own(init, INIT_STACK_TOP - STACK_PAGES * PAGE, STACK_PAGES, ELF_R | ELF_W);
    for (unsigned i = 0; i < init->elf.segment_count; i++) {
        map_segment(init, &init->elf.segments[i]);
    }
    info->init_frames = frames_of(first, init->start);
    map_tree(init);
    info->archive = frames_of(init->archive.start, init->archive.end);
    info->archive_bytes = init->archive.end - init->archive.start;
    map_pages(init, INIT_ARCHIVE, init->archive.start, info->archive.frames, ELF_R);
    info->root_frame = init->root >> PAGE_SHIFT;
    info->table_chunk_frame = init->table_chunk >> PAGE_SHIFT;
    info->table_next_frame = info->table_chunk_frame + 1 + init->tables;
}
