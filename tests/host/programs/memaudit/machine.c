/* The hand-made machine; see machine.h. */
#include "machine.h"

#include <stdlib.h>

#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>
#include <byre/pager_boot.h>

static uint8_t *memory;
struct audit *audit;
uint64_t object_live;
uint64_t small_live;

void *frame(uint64_t number)
{
    return memory + ((number - FIRST) << PAGE_SHIFT);
}

static uint64_t address(uint64_t number) /* in the pager's space */
{
    return PAGER_WINDOW + (number << PAGE_SHIFT);
}

uint64_t *entry(uint64_t table, unsigned index)
{
    return (uint64_t *)frame(table) + index;
}

struct table_record *record(uint64_t table)
{
    return (struct table_record *)frame(TABLE_CHUNK) + (table - TABLE_CHUNK);
}

struct pager_frame_record *counted(uint64_t number)
{
    return (struct pager_frame_record *)frame(FRAME_RECORDS) + (number - FIRST);
}

void set(uint64_t table, unsigned index, uint64_t target, unsigned bits)
{
    *entry(table, index) = target << PTE_FRAME_SHIFT | bits;
    record(table)->groups |= (uint16_t)(1 << index / TABLE_GROUP_ENTRIES);
}

static void table(uint64_t number, unsigned level, uint32_t count, uint8_t space)
{
    *record(number) =
        (struct table_record){.count = count, .state = (uint8_t)(level + 1), .space = space};
}

static struct pager_records *header(void)
{
    return frame(DIRECTORIES);
}

struct pager_chunk_record *chunk(unsigned index)
{
    return (struct pager_chunk_record *)((uint8_t *)frame(DIRECTORIES) + 256) + index;
}

uint64_t *space_directory(void)
{
    return (uint64_t *)((uint8_t *)frame(DIRECTORIES) + 512);
}

struct pager_space *space(unsigned index)
{
    return (struct pager_space *)((uint8_t *)frame(SPACE_RECORDS) + 256 * (index - 1));
}

static struct pager_region_map *map(void)
{
    return (struct pager_region_map *)((uint8_t *)frame(SPACE_RECORDS) + 512);
}

struct pager_region_block *block(void)
{
    return (struct pager_region_block *)((uint8_t *)frame(SPACE_RECORDS) + 2048);
}

static struct pager_object *object(void)
{
    return (struct pager_object *)((uint8_t *)frame(DIRECTORIES) + 1536);
}

struct object_book *book(void)
{
    return (struct object_book *)((uint8_t *)frame(DIRECTORIES) + 2304);
}

struct object_place *place(unsigned index)
{
    return (struct object_place *)((uint8_t *)frame(DIRECTORIES) + 2560) + index;
}

static void build_book(uint64_t base)
{
    header()->books[0] = (struct pager_book){PAGER_BOOK_OF_PAGER, base + 2304};
    *(uint32_t *)((uint8_t *)frame(DIRECTORIES) + 2816) = 2;
    *book() = (struct object_book){
        .server = "pager",
        .lists = 1,
        .list = {{.name = "own object",
                  .first = base + 2560,
                  .count_at = base + 2816,
                  .record_bytes = sizeof(struct object_place)}},
    };
    *place(0) = (struct object_place){.page = SMALL_PAGE, .slot = 3};
    *place(1) = (struct object_place){0};
}

static void build_records(void)
{
    uint64_t base = address(DIRECTORIES);
    *header() = (struct pager_records){.version = PAGER_RECORDS_VERSION,
                                       .root_frame = PAGER_ROOT,
                                       .first_frame = FIRST,
                                       .chunk_count = CHUNKS,
                                       .zero_frame = ZERO,
                                       .spaces_max = SPACES_MAX,
                                       .objects_max = 1,
                                       .frame_records = address(FRAME_RECORDS),
                                       .chunk_records = base + 256,
                                       .spaces = base + 512,
                                       .space_object_pages = base + 1024,
                                       .objects = base + 1032,
                                       .dead_objects = base + 1040};
    *chunk(0) = (struct pager_chunk_record){
        .kind = KIND_USER, .used = USER_BUMP - FIRST, .bump = USER_BUMP - FIRST};
    *chunk(1) = (struct pager_chunk_record){.kind = KIND_TABLE};
    *chunk(2) = (struct pager_chunk_record){.kind = KIND_OBJECT};
    for (unsigned i = 1; i <= 2; i++) {
        space_directory()[i] = address(SPACE_RECORDS) + 256 * (i - 1);
        *space(i) = (struct pager_space){.index = i,
                                         .generation = 7,
                                         .live = 1,
                                         .root = i == 1 ? ROOT_1 : ROOT_2,
                                         .map = address(SPACE_RECORDS) + 512};
    }
    *(uint32_t *)((uint8_t *)frame(DIRECTORIES) + 1024) = SPACE_PAGE;
    build_book(base);
    *(uint64_t *)((uint8_t *)frame(DIRECTORIES) + 1032) = base + 1536;
    *object() = (struct pager_object){.refs = 1, .pages = 1, .leaf = {OBJECT_INDEX}};
    *(uint32_t *)frame(OBJECT_INDEX) = CACHED;
    map()->blocks = 1;
    map()->regions = 4;
    map()->block[0] = address(SPACE_RECORDS) + 2048;
    block()->count = 4;
    block()->regions[0] =
        (struct pager_region){.first_page = 512, .pages = 2, .rights = MAP_R | MAP_X};
    block()->regions[1] =
        (struct pager_region){.first_page = 514, .pages = 8, .rights = MAP_R | MAP_W};
    block()->regions[2] = (struct pager_region){
        .first_page = 1 << 18, .pages = 4, .rights = MAP_R | MAP_W, .flags = REGION_SHARED};
    block()->regions[3] =
        (struct pager_region){.first_page = 2 << 18, .pages = 4, .rights = MAP_R | MAP_W};
}

static void build_counts(void)
{
    for (uint64_t f = USER_CHUNK; f < OBJECT_INDEX + 1; f++) {
        *counted(f) = (struct pager_frame_record){.count = 1, .flags = PAGER_FRAME_SYSTEM};
    }
    *counted(ZERO) = (struct pager_frame_record){.count = 2, .flags = PAGER_FRAME_FIXED};
    *counted(TEXT) = (struct pager_frame_record){.count = 2, .flags = PAGER_FRAME_FIXED};
    counted(SHARED)->count = 1; /* one leaf table names it, and that is shared */
    counted(PRIVATE)->count = 1;
    counted(CACHED)->count = 2; /* slot and entry */
}

static void build_tables(void)
{
    table(PAGER_ROOT, TABLE_LEVEL_ROOT, 1, 1);
    table(PAGER_MIDDLE, TABLE_LEVEL_MIDDLE, 1, 0);
    table(INIT_ROOT, TABLE_LEVEL_ROOT, 1, 1);
    table(ROOT_1, TABLE_LEVEL_ROOT, 1, 1);
    table(ROOT_2, TABLE_LEVEL_ROOT, 1, 1);
    table(MIDDLE, TABLE_LEVEL_MIDDLE, 2, 0);
    table(LEAF, TABLE_LEVEL_LEAF, 1, 0);
    table(MIDDLE_2, TABLE_LEVEL_MIDDLE, 1, 0);
    table(LEAF_2, TABLE_LEVEL_LEAF, 1, 0);
    table(MIDDLE_1, TABLE_LEVEL_MIDDLE, 1, 0);
    table(LEAF_1, TABLE_LEVEL_LEAF, 1, 0);

    uint64_t window = address(FIRST);
    set(PAGER_ROOT, window >> 30 & 511, PAGER_MIDDLE, PTE_V);
    set(PAGER_MIDDLE, window >> 21 & 511, USER_CHUNK, LEAF_RW);
    set(PAGER_MIDDLE, (window >> 21 & 511) + 1, TABLE_CHUNK, LEAF_R);

    set(ROOT_1, 0, MIDDLE, PTE_LAZY);
    set(ROOT_2, 0, MIDDLE, PTE_LAZY);
    set(MIDDLE, 1, LEAF, PTE_LAZY);
    set(LEAF, 0, TEXT, LEAF_RX);
    set(LEAF, 2, SHARED, LEAF_RW); /* out of reach until thawed */
    set(LEAF, 3, ZERO, LEAF_R);
    set(ROOT_2, 1, MIDDLE_2, PTE_V);
    set(MIDDLE_2, 0, LEAF_2, PTE_V);
    set(LEAF_2, 0, CACHED, LEAF_RW);
    set(ROOT_1, 2, MIDDLE_1, PTE_V);
    set(MIDDLE_1, 0, LEAF_1, PTE_V);
    set(LEAF_1, 1, PRIVATE, LEAF_RW);
    for (uint64_t t = PAGER_ROOT; t < TABLE_END; t++) {
        if (record(t)->space != 0) {
            *entry(t, 300) = 0x1234; /* the kernel's half, the same in all */
        }
    }
}

int machine_build(void **state)
{
    (void)state;
    memory = calloc(FRAMES, PAGE_BYTES);
    audit = calloc(1, sizeof(*audit));
    audit->window = memory - ((uint64_t)FIRST << PAGE_SHIFT);
    audit->records = header();
    audit->first_frame = FIRST;
    audit->frame_count = FRAMES;
    audit->chunks = calloc(CHUNKS, sizeof(struct chunk_view));
    audit->references = calloc(FRAMES, sizeof(uint32_t));
    audit->valid_references = calloc(FRAMES, sizeof(uint32_t));
    audit->owners = calloc(FRAMES, sizeof(uint8_t));
    audit->chunks[0] = (struct chunk_view){.kind = KIND_USER};
    audit->chunks[1] = (struct chunk_view){.kind = KIND_TABLE, .used = TABLE_END - PAGER_ROOT};
    audit->chunks[2] = (struct chunk_view){.kind = KIND_OBJECT, .used = 1};
    audit->pages = calloc(CHUNK_PAGES, sizeof(struct object_page));
    object_live = 1 << 1 | 1 << 2;
    small_live = 1 << 3;
    build_records();
    build_counts();
    build_tables();
    return 0;
}

int machine_free(void **state)
{
    (void)state;
    free(memory);
    free(audit->chunks);
    free(audit->references);
    free(audit->valid_references);
    free(audit->owners);
    free(audit->pages);
    free(audit);
    return 0;
}
