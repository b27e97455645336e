/* The first address space: see init.h. */
#include "init.h"

#include <stdbool.h>

#include <byre/table.h>

#include "boot.h"
#include "riscv/paging.h"

enum { STACK_PAGES = 16 };

#define PAGE ((uint64_t)PAGE_BYTES)

/* The space while it is built. */
struct builder {
    uint64_t table_chunk;
    uint64_t table_next; /* index of the next free frame in it */
    uint64_t root;
    uint64_t frame_next; /* address of the next of init's own frames */
};

static uint64_t pages_of(uint64_t start, uint64_t bytes)
{
    return ((start % PAGE) + bytes + PAGE - 1) / PAGE;
}

static bool segment_is_copied(const struct elf_segment *segment)
{
    return (segment->rights & ELF_W) != 0 || segment->memory_bytes != segment->file_bytes;
}

uint64_t init_pages(const struct elf *elf, const struct fdt *tree)
{
    uint64_t pages = 1 + STACK_PAGES + pages_of(0, tree->used_bytes);
    for (unsigned i = 0; i < elf->segment_count; i++) {
        if (segment_is_copied(&elf->segments[i])) {
            pages += pages_of(elf->segments[i].address, elf->segments[i].memory_bytes);
        }
    }
    return pages;
}

/* ---------------------------------------------------------------------- tables */
static struct table_record *record_of(const struct builder *builder, uint64_t table)
{
    struct table_record *records = boot_pointer(builder->table_chunk);
    return &records[(table - builder->table_chunk) / PAGE];
}

static uint64_t table_make(struct builder *builder, unsigned level)
{
    if (builder->table_next == CHUNK_PAGES) {
        boot_fail("the boot archive is too large to map for init");
    }
    uint64_t table = builder->table_chunk + builder->table_next++ * PAGE;
    *record_of(builder, table) = (struct table_record){
        .count = 1,
        .state = (uint8_t)(level + 1),
        .space = level == TABLE_LEVEL_ROOT,
    };
    return table;
}

/* T4: an entry that is written marks its group. */
static void entry_write(const struct builder *builder, uint64_t table, unsigned index,
                        uint64_t entry)
{
    uint64_t *entries = boot_pointer(table);
    entries[index] = entry;
    struct table_record *record = record_of(builder, table);
    record->groups = (uint16_t)(record->groups | 1u << index / TABLE_GROUP_ENTRIES);
}

/* The table of one level less that translates the address; made if it is missing. */
static uint64_t table_below(struct builder *builder, uint64_t table, uint64_t address,
                            unsigned level)
{
    uint64_t *entries = boot_pointer(table);
    unsigned index = table_index(address, level);
    if (entries[index] == 0) {
        uint64_t child = table_make(builder, level - 1);
        entry_write(builder, table, index, child >> PAGE_SHIFT << PTE_FRAME_SHIFT | PTE_V);
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

static void map_pages(struct builder *builder, uint64_t address, uint64_t physical, uint64_t pages,
                      uint32_t rights)
{
    for (; pages > 0; pages--, address += PAGE, physical += PAGE) {
        uint64_t middle = table_below(builder, builder->root, address, TABLE_LEVEL_ROOT);
        uint64_t leaf = table_below(builder, middle, address, TABLE_LEVEL_MIDDLE);
        entry_write(builder, leaf, table_index(address, TABLE_LEVEL_LEAF),
                    physical >> PAGE_SHIFT << PTE_FRAME_SHIFT | rights_bits(rights));
    }
}

/* -------------------------------------------------------------------- contents */
/* The next frames of init's own, zero, mapped at the address. */
static uint64_t map_own(struct builder *builder, uint64_t address, uint64_t pages, uint32_t rights)
{
    uint64_t start = builder->frame_next;
    boot_zero(start, pages * PAGE);
    builder->frame_next += pages * PAGE;
    map_pages(builder, address, start, pages, rights);
    return start;
}

static void map_segment(struct builder *builder, const struct init_request *request,
                        const struct elf_segment *segment)
{
    uint64_t file = request->image + segment->file_offset;
    uint64_t address = segment->address - segment->address % PAGE;
    uint64_t pages = pages_of(segment->address, segment->memory_bytes);
    if (!segment_is_copied(segment)) {
        map_pages(builder, address, file - file % PAGE, pages, segment->rights);
        return;
    }
    uint64_t start = map_own(builder, address, pages, segment->rights);
    __builtin_memcpy(boot_pointer(start + segment->address % PAGE), boot_pointer(file),
                     segment->file_bytes);
}

static struct boot_range frames_of(uint64_t start, uint64_t end)
{
    return (struct boot_range){start >> PAGE_SHIFT, pages_of(start, end - start)};
}

static void map_tree(struct builder *builder, const struct fdt *tree, struct boot_info *info)
{
    enum { HEADER_TOTAL = 4 };
    uint64_t start = map_own(builder, INIT_TREE, pages_of(0, tree->used_bytes), ELF_R);
    uint32_t total = __builtin_bswap32(tree->used_bytes);
    __builtin_memcpy(boot_pointer(start), tree->base, tree->used_bytes);
    __builtin_memcpy(boot_pointer(start + HEADER_TOTAL), &total, sizeof total);
    info->tree = frames_of(start, start + tree->used_bytes);
    info->tree_bytes = tree->used_bytes;
}

void init_build(const struct init_request *request, struct init_result *result_out)
{
    struct builder builder = {
        .table_chunk = request->table_chunk,
        .table_next = 1, /* frame 0 holds the records */
        .frame_next = request->start,
    };
    builder.root = table_make(&builder, TABLE_LEVEL_ROOT);
    struct boot_info *info = boot_pointer(map_own(&builder, INIT_BOOT_INFO, 1, ELF_R));
    (void)map_own(&builder, INIT_STACK_TOP - STACK_PAGES * PAGE, STACK_PAGES, ELF_R | ELF_W);
    for (unsigned i = 0; i < request->elf.segment_count; i++) {
        map_segment(&builder, request, &request->elf.segments[i]);
    }
    info->init_frames = frames_of(request->start, builder.frame_next);
    map_tree(&builder, &request->tree, info);
    info->archive = frames_of(request->archive.start, request->archive.end);
    info->archive_bytes = request->archive.end - request->archive.start;
    map_pages(&builder, INIT_ARCHIVE, request->archive.start, info->archive.frames, ELF_R);
    info->root_frame = builder.root >> PAGE_SHIFT;
    info->table_chunk_frame = request->table_chunk >> PAGE_SHIFT;
    info->table_next_frame = info->table_chunk_frame + builder.table_next;
    *result_out = (struct init_result){info, builder.root, builder.table_next - 1};
}
