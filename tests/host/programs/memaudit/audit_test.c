/* memaudit's walker on a small hand-made machine: silent when the books agree, and naming the very
 * frame, table, page or object when one thing is wrong.
 * sources: programs/memaudit/view.c programs/memaudit/tables.c programs/memaudit/counts.c
 * sources: programs/memaudit/spaces.c programs/memaudit/objects.c libsys/core/format.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>
#include <byre/pager_boot.h>
#include <programs/memaudit/audit.h>

/* One USER, one TABLE and one OBJECT chunk. */
enum {
    FIRST = 0x80000,
    USER_CHUNK = FIRST,
    TABLE_CHUNK = FIRST + CHUNK_PAGES,
    OBJECT_CHUNK = FIRST + 2 * CHUNK_PAGES,
    FRAMES = 3 * CHUNK_PAGES,
    CHUNKS = 3,

    /* USER frames */
    DIRECTORIES = USER_CHUNK, /* header and small arrays */
    FRAME_RECORDS,            /* three pages: 8 bytes a frame */
    FRAME_RECORDS_END = FRAME_RECORDS + 3,
    SPACE_RECORDS = FRAME_RECORDS_END, /* spaces, maps, blocks */
    OBJECT_INDEX,
    ZERO,
    TEXT,
    SHARED,  /* by two spaces, copy-on-write */
    PRIVATE, /* of space 1 */
    CACHED,  /* of a shared object, mapped by space 2 */
    USER_BUMP,

    /* TABLE frames; a pager and an init of their own, two clients that share a middle and a leaf */
    PAGER_ROOT = TABLE_CHUNK + 1,
    PAGER_MIDDLE,
    INIT_ROOT,
    ROOT_1,
    ROOT_2,
    MIDDLE,
    LEAF,
    MIDDLE_2, /* of space 2: shared memory */
    LEAF_2,
    MIDDLE_1,
    LEAF_1, /* of space 1 alone */
    TABLE_END,

    SPACES_MAX = 32,
    SPACE_PAGE = OBJECT_CHUNK + 2,
};

enum {
    LEAF_R = PTE_V | PTE_R | PTE_U | PTE_A,
    LEAF_RX = LEAF_R | PTE_X,
    LEAF_RW = LEAF_R | PTE_W | PTE_D,
};

static uint8_t *memory;
static struct audit *audit;
static uint64_t object_live;

static void *frame(uint64_t number)
{
    return memory + ((number - FIRST) << PAGE_SHIFT);
}

static uint64_t address(uint64_t number) /* in the pager's space */
{
    return PAGER_WINDOW + (number << PAGE_SHIFT);
}

static uint64_t *entry(uint64_t table, unsigned index)
{
    return (uint64_t *)frame(table) + index;
}

static struct table_record *record(uint64_t table)
{
    return (struct table_record *)frame(TABLE_CHUNK) + (table - TABLE_CHUNK);
}

static struct pager_frame_record *counted(uint64_t number)
{
    return (struct pager_frame_record *)frame(FRAME_RECORDS) + (number - FIRST);
}

static void set(uint64_t table, unsigned index, uint64_t target, unsigned bits)
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

static struct pager_chunk_record *chunk(unsigned index)
{
    return (struct pager_chunk_record *)((uint8_t *)frame(DIRECTORIES) + 256) + index;
}

static uint64_t *space_directory(void)
{
    return (uint64_t *)((uint8_t *)frame(DIRECTORIES) + 512);
}

static struct pager_space *space(unsigned index)
{
    return (struct pager_space *)((uint8_t *)frame(SPACE_RECORDS) + 256 * (index - 1));
}

static struct pager_region_map *map(void)
{
    return (struct pager_region_map *)((uint8_t *)frame(SPACE_RECORDS) + 512);
}

static struct pager_region_block *block(void)
{
    return (struct pager_region_block *)((uint8_t *)frame(SPACE_RECORDS) + 2048);
}

static struct pager_object *object(void)
{
    return (struct pager_object *)((uint8_t *)frame(DIRECTORIES) + 1536);
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

static int build(void **state)
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
    object_live = 1 << 1 | 1 << 2;
    build_records();
    build_counts();
    build_tables();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(memory);
    free(audit->chunks);
    free(audit->references);
    free(audit->valid_references);
    free(audit->owners);
    free(audit);
    return 0;
}

static bool query(void *context, uint64_t page, uint64_t *class_bytes, uint64_t *live)
{
    (void)context;
    *class_bytes = page == SPACE_PAGE ? OBJECT_BYTES_SPACE : 0;
    *live = page == SPACE_PAGE ? object_live : 0;
    return true;
}

static void recount(void)
{
    audit_owners(audit);
    audit_tables(audit);
    audit_slots(audit);
    audit_counts(audit);
    audit_spaces(audit);
    audit_objects(audit, query, NULL);
}

/* Some finding has both words. */
static void expect(const char *where, const char *what)
{
    recount();
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        if (strstr(audit->finding[i], where) != NULL && strstr(audit->finding[i], what) != NULL) {
            return;
        }
    }
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        print_message("found: %s\n", audit->finding[i]);
    }
    fail_msg("nothing found about %s: %s", where, what);
}

static char *hex(uint64_t value)
{
    static char text[32];
    snprintf(text, sizeof(text), "0x%lx", value);
    return text;
}

static void agreeing_books_are_silent(void **state)
{
    (void)state;
    recount();
    for (unsigned i = 0; i < audit->findings && i < FINDINGS_MAX; i++) {
        print_message("found: %s\n", audit->finding[i]);
    }
    assert_int_equal(audit->findings, 0);
    assert_int_equal(audit->totals.spaces, 2);
    assert_int_equal(audit->totals.system_roots, 2);
    assert_int_equal(audit->totals.entries_leaf, 5);
    assert_int_equal(audit->totals.slots, 1);
    assert_int_equal(audit->totals.objects, 2);
    assert_int_equal(audit->totals.tables[TABLE_LEVEL_LEAF], 3);
    assert_int_equal(audit->totals.entries_lazy, 3);
}

static void a_wrong_frame_count_names_the_frame(void **state)
{
    (void)state;
    counted(PRIVATE)->count++;
    expect(hex(PRIVATE), "the pager counts 2, there are 1");
}

static void a_free_frame_that_is_mapped_is_named(void **state)
{
    (void)state;
    counted(PRIVATE)->count = 0;
    chunk(0)->used--;
    expect(hex(PRIVATE), "the pager counts 0, there are 1");
}

static void an_entry_behind_the_books_back_is_named(void **state)
{
    (void)state;
    *entry(LEAF, 3) = 0;
    expect(hex(ZERO), "the pager counts 2, there are 1");
}

static void a_wrong_table_count_names_the_table(void **state)
{
    (void)state;
    record(LEAF)->count = 2;
    expect(hex(LEAF), "the kernel counts 2, there are 1");
}

static void a_shared_middle_table_named_valid_is_found(void **state)
{
    (void)state;
    *entry(ROOT_1, 0) = *entry(ROOT_1, 0) ^ PTE_LAZY ^ PTE_V;
    expect(hex(MIDDLE), "valid entries name it");
}

static void presets_of_a_and_d_are_checked(void **state)
{
    (void)state;
    *entry(LEAF, 0) &= ~(uint64_t)PTE_A;
    *entry(LEAF_1, 1) &= ~(uint64_t)PTE_D;
    expect(hex(LEAF), "A is not preset");
    expect(hex(LEAF_1), "D does not go with W");
}

static void writable_text_is_found(void **state)
{
    (void)state;
    *entry(LEAF, 0) |= PTE_W | PTE_D;
    expect("address 0x200000", "writable, the region is not");
    expect(hex(LEAF), "writable and executable");
}

static void a_user_bit_above_a_table_is_found(void **state)
{
    (void)state;
    *entry(MIDDLE_1, 0) |= PTE_A;
    expect(hex(MIDDLE_1), "in an entry that names a table");
}

static void a_pointer_to_a_wrong_level_is_found(void **state)
{
    (void)state;
    set(ROOT_2, 5, LEAF_2, PTE_V);
    expect(hex(ROOT_2), "wrong level");
}

static void a_mapped_kernel_object_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, OBJECT_CHUNK + 2, LEAF_RW);
    expect(hex(LEAF_1), "neither USER nor TABLE");
}

static void a_writable_page_table_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, ROOT_1, LEAF_RW);
    expect(hex(LEAF_1), "a page table with more than R");
}

static void a_page_without_region_is_found(void **state)
{
    (void)state;
    block()->regions[3].pages = 1;
    expect("address 0x80001000", "no region");
}

static void a_private_page_that_two_can_write_is_found(void **state)
{
    (void)state;
    set(LEAF_1, 2, PRIVATE, LEAF_R);
    counted(PRIVATE)->count = 2;
    expect("address 0x80001000", "others refer to the private page");
}

static void an_unrecorded_group_is_found(void **state)
{
    (void)state;
    record(LEAF_1)->groups = 0;
    expect(hex(LEAF_1), "recorded as empty");
}

static void a_dirty_free_table_is_found(void **state)
{
    (void)state;
    *entry(TABLE_END, 77) = 1;
    expect(hex(TABLE_END), "word 77");
}

static void an_object_without_owner_is_found(void **state)
{
    (void)state;
    object_live |= 1 << 5;
    expect(hex(SPACE_PAGE), "slot 5: a live object that no space owns");
}

static void a_space_without_object_is_found(void **state)
{
    (void)state;
    object_live = 1 << 1;
    expect(hex(SPACE_PAGE), "slot 2: no object");
}

static void a_root_without_space_is_found(void **state)
{
    (void)state;
    space_directory()[2] = 0;
    object_live = 1 << 1;
    expect("3 bound roots", "init and the pager");
}

static void a_changed_kernel_half_is_found(void **state)
{
    (void)state;
    *entry(ROOT_2, 400) = 1;
    expect(hex(ROOT_2), "kernel's half");
}

static void a_kind_that_the_pager_has_wrong_is_found(void **state)
{
    (void)state;
    chunk(0)->kind = KIND_TABLE;
    expect(hex(USER_CHUNK), "USER to the kernel");
}

static void a_lost_slot_of_shared_memory_is_found(void **state)
{
    (void)state;
    *(uint32_t *)frame(OBJECT_INDEX) = 0;
    expect(hex(CACHED), "the pager counts 2, there are 1");
}

static void records_out_of_reach_do_no_harm(void **state)
{
    (void)state;
    space(1)->map = 0x123456789000;
    expect("space 0x700000001", "out of reach");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, build, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(agreeing_books_are_silent),
        CASE(a_wrong_frame_count_names_the_frame),
        CASE(a_free_frame_that_is_mapped_is_named),
        CASE(an_entry_behind_the_books_back_is_named),
        CASE(a_wrong_table_count_names_the_table),
        CASE(a_shared_middle_table_named_valid_is_found),
        CASE(presets_of_a_and_d_are_checked),
        CASE(writable_text_is_found),
        CASE(a_user_bit_above_a_table_is_found),
        CASE(a_pointer_to_a_wrong_level_is_found),
        CASE(a_mapped_kernel_object_is_found),
        CASE(a_writable_page_table_is_found),
        CASE(a_page_without_region_is_found),
        CASE(a_private_page_that_two_can_write_is_found),
        CASE(an_unrecorded_group_is_found),
        CASE(a_dirty_free_table_is_found),
        CASE(an_object_without_owner_is_found),
        CASE(a_space_without_object_is_found),
        CASE(a_root_without_space_is_found),
        CASE(a_changed_kernel_half_is_found),
        CASE(a_kind_that_the_pager_has_wrong_is_found),
        CASE(a_lost_slot_of_shared_memory_is_found),
        CASE(records_out_of_reach_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
