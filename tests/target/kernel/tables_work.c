/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=11,150 asid_bits=0" */
/* The table primitives do what they say: entries, records and counts as the header of table.h has
 * them, seen through the read-only window, and as the machine translates by them. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

/* The entry that the kernel must compose for a leaf with these rights. */
static uint64_t leaf(uint64_t frame, unsigned rights)
{
    uint64_t entry = frame << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | PTE_R;
    entry |= (rights & MAP_W) != 0 ? PTE_W | PTE_D : 0;
    entry |= (rights & MAP_X) != 0 ? PTE_X : 0;
    entry |= (rights & MAP_SOFT0) != 0 ? PTE_SOFT0 : 0;
    return entry | ((rights & MAP_SOFT1) != 0 ? PTE_SOFT1 : 0);
}

static uint64_t valid_link(uint64_t child)
{
    return child << PTE_FRAME_SHIFT | PTE_V;
}

static uint64_t lazy_link(uint64_t child)
{
    return child << PTE_FRAME_SHIFT | PTE_LAZY;
}

static uint64_t pair(uint64_t low, uint64_t high)
{
    return low | high << 32;
}

static void create(void)
{
    for (unsigned level = 0; level <= TABLE_LEVEL_ROOT; level++) {
        uint64_t before = 0;
        EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, own_table_chunk()));
        before = out[1];
        uint64_t table = table_new(level);
        EXPECT_EQUAL(table_record(table)->state, level + 1);
        EXPECT_EQUAL(table_record(table)->count, 0);
        EXPECT_EQUAL(table_record(table)->space, 0);
        EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, own_table_chunk()));
        EXPECT_EQUAL(out[0], KIND_TABLE);
        EXPECT_EQUAL(out[1], before + 1);
        EXPECT_OK(SYS(TABLE_FREE, MEMORY, table));
        EXPECT_EQUAL(table_record(table)->state, 0);
        EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, own_table_chunk()));
        EXPECT_EQUAL(out[1], before);
    }
}

static void compose(void)
{
    static const unsigned rights[] = {MAP_R,
                                      MAP_R | MAP_W,
                                      MAP_R | MAP_X,
                                      MAP_R | MAP_SOFT0,
                                      MAP_R | MAP_W | MAP_SOFT0 | MAP_SOFT1,
                                      MAP_R | MAP_X | MAP_SOFT1};
    uint64_t table = table_new(0);
    uint64_t frame = frame_new();
    for (unsigned i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        EXPECT_OK(SYS_OUT(out, TABLE_MAP, MEMORY, table, 77 * i, 1, map_word(frame, rights[i])));
        EXPECT_EQUAL(out[0], 1);
        EXPECT_EQUAL(table_pointer(table)[77 * i], leaf(frame, rights[i]));
    }
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, table, 511, 1, map_word(table, MAP_R)));
    EXPECT_EQUAL(table_pointer(table)[511], leaf(table, MAP_R)); /* a TABLE frame, read-only */
}

static void batch(void)
{
    uint64_t table = table_new(0);
    uint64_t first = frame_new();
    uint64_t words[8];
    for (unsigned i = 0; i < 8; i++) {
        words[i] = pair(map_word(first, MAP_R), map_word(first, MAP_R | MAP_W));
    }
    EXPECT_OK(SYS_OUT(out, TABLE_MAP, MEMORY, table, 496, 16, words[0], words[1], words[2],
                      words[3], words[4], words[5], words[6], words[7]));
    EXPECT_EQUAL(out[0], 16);
    for (unsigned i = 0; i < 16; i++) {
        EXPECT_EQUAL(table_pointer(table)[496 + i],
                     leaf(first, i % 2 == 0 ? MAP_R : MAP_R | MAP_W));
    }
    /* The fourth is refused: three are written, and `done` says so. */
    words[1] = pair(map_word(first, MAP_R), map_word(first, MAP_W));
    err_t error = SYS_OUT(out, TABLE_MAP, MEMORY, table, 100, 6, words[0], words[1], words[2]);
    EXPECT_ERROR(error, ERR_ARGUMENT);
    for (unsigned i = 0; i < 6; i++) {
        EXPECT_EQUAL(table_pointer(table)[100 + i] != 0, i < out[0]);
    }
    EXPECT_EQUAL(out[0], 3);
}

static void run_of_frames(void)
{
    uint64_t chunk = chunk_new();
    uint64_t table = table_new(0);
    EXPECT_OK(SYS_OUT(out, TABLE_MAP_RUN, MEMORY, table, 0, TABLE_ENTRIES,
                      map_word(chunk, MAP_R | MAP_W)));
    EXPECT_EQUAL(out[0], TABLE_ENTRIES);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        EXPECT_EQUAL(table_pointer(table)[i], leaf(chunk + i, MAP_R | MAP_W));
    }
    EXPECT_OK(SYS_OUT(out, TABLE_PROTECT, MEMORY, table, 1, 510));
    EXPECT_EQUAL(out[0], 510);
    EXPECT_OK(SYS_OUT(out, TABLE_PROTECT, MEMORY, table, 1, 510));
    EXPECT_EQUAL(out[0], 0);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        bool kept = i == 0 || i == 511;
        EXPECT_EQUAL(table_pointer(table)[i], leaf(chunk + i, kept ? MAP_R | MAP_W : MAP_R));
    }
    EXPECT_OK(SYS_OUT(out, TABLE_DROP, MEMORY, table, 0, 256));
    EXPECT_EQUAL(out[0], 256);
    EXPECT_OK(SYS_OUT(out, TABLE_DROP, MEMORY, table, 0, 257));
    EXPECT_EQUAL(out[0], 1);
    EXPECT_EQUAL(table_pointer(table)[256], 0);
}

static void whole_chunk(void)
{
    uint64_t middle = table_new(1);
    uint64_t chunk = chunk_new();
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 5, map_word(chunk, MAP_R | MAP_W)));
    EXPECT_EQUAL(table_pointer(middle)[5], leaf(chunk, MAP_R | MAP_W));
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 6, map_word(own_table_chunk(), MAP_R)));
    EXPECT_EQUAL(table_pointer(middle)[6], leaf(own_table_chunk(), MAP_R));
    EXPECT_OK(SYS_OUT(out, TABLE_DROP, MEMORY, middle, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 2);
}

static void devices(void)
{
    uint64_t table = table_new(0);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, INIT_SLOT_DEVICE_FIRST));
    uint64_t frame = out[3];
    EXPECT_OK(
        SYS(TABLE_MAP_DEVICE, MEMORY, table, 9, 1, INIT_SLOT_DEVICE_FIRST, frame, MAP_R | MAP_W));
    EXPECT_EQUAL(table_pointer(table)[9], leaf(frame, MAP_R | MAP_W));
}

static void links(void)
{
    uint64_t root = table_new(2), middle = table_new(1), other = table_new(1);
    EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, root, 3, middle, 0));
    EXPECT_EQUAL(out[0], 0);
    EXPECT_EQUAL(table_pointer(root)[3], valid_link(middle));
    EXPECT_EQUAL(table_record(middle)->count, 1);
    EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, root, 4, middle, 1));
    EXPECT_EQUAL(table_pointer(root)[4], lazy_link(middle));
    EXPECT_EQUAL(table_record(middle)->count, 2);
    EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, root, 3, other, 0));
    EXPECT_EQUAL(out[0], middle);
    EXPECT_EQUAL(table_record(middle)->count, 1);
    EXPECT_EQUAL(table_record(other)->count, 1);
    EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, root, 3, other, 1)); /* itself: valid becomes lazy */
    EXPECT_EQUAL(table_record(other)->count, 1);
    EXPECT_EQUAL(table_pointer(root)[3], lazy_link(other));
    EXPECT_OK(SYS_OUT(out, TABLE_DROP, MEMORY, root, 0, ROOT_USER_ENTRIES));
    EXPECT_EQUAL(out[0], 2);
    EXPECT_EQUAL(table_record(middle)->count, 0);
    EXPECT_EQUAL(table_record(other)->count, 0);
}

static void lazy_and_thaw(void)
{
    uint64_t middle = table_new(1), other = table_new(1);
    uint64_t once = table_new(0), twice = table_new(0);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 0, once, 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 1, twice, 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, other, 1, twice, 1));
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, middle, 2, 0xabcd0));
    EXPECT_OK(SYS_OUT(out, TABLE_LAZY, MEMORY, middle, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 2);
    EXPECT_EQUAL(table_pointer(middle)[0], lazy_link(once));
    EXPECT_EQUAL(table_pointer(middle)[1], lazy_link(twice));
    EXPECT_EQUAL(table_pointer(middle)[2], 0xabcd0);
    EXPECT_EQUAL(table_record(once)->count, 1);
    EXPECT_EQUAL(table_record(twice)->count, 2);
    EXPECT_OK(SYS_OUT(out, TABLE_THAW, MEMORY, middle, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 1);
    EXPECT_EQUAL(table_pointer(middle)[0], valid_link(once));
    EXPECT_EQUAL(table_pointer(middle)[1], lazy_link(twice));
    EXPECT_EQUAL(table_pointer(middle)[2], 0xabcd0);
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, other, 1, 1));
    EXPECT_OK(SYS_OUT(out, TABLE_THAW, MEMORY, middle, 1, 1));
    EXPECT_EQUAL(out[0], 1);
    EXPECT_EQUAL(table_pointer(middle)[1], valid_link(twice));
}

static void copy_of_tables(void)
{
    uint64_t source = table_new(1), target = table_new(1);
    uint64_t children[3] = {table_new(0), table_new(0), table_new(0)};
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, source, 0, children[0], 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, source, 200, children[1], 1));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, source, 511, children[2], 0));
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, source, 300, 0x1230));
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, target, source, 0));
    EXPECT_EQUAL(out[0], 4);
    static const unsigned indices[] = {0, 200, 511};
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_EQUAL(table_pointer(source)[indices[i]], lazy_link(children[i]));
        EXPECT_EQUAL(table_pointer(target)[indices[i]], lazy_link(children[i]));
        EXPECT_EQUAL(table_record(children[i])->count, 2);
    }
    EXPECT_EQUAL(table_pointer(target)[300], 0x1230);
}

static void copy_of_roots(void)
{
    uint64_t source = table_new(2), target = table_new(2), child = table_new(1);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, source, 255, child, 0));
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, target, source, 0));
    EXPECT_EQUAL(out[0], 1);
    EXPECT_EQUAL(table_pointer(source)[255], lazy_link(child));
    EXPECT_EQUAL(table_pointer(target)[255], lazy_link(child));
    EXPECT_EQUAL(table_record(child)->count, 2);
}

static void copy_of_leaves(void)
{
    uint64_t source = table_new(0), target = table_new(0);
    uint64_t chunk = chunk_new();
    for (unsigned i = 0; i < TABLE_ENTRIES; i += 3) {
        unsigned rights = i % 2 == 0 ? MAP_R | MAP_W | MAP_SOFT0 : MAP_R | MAP_X;
        EXPECT_OK(SYS(TABLE_MAP, MEMORY, source, i, 1, map_word(chunk + i, rights)));
    }
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, source, 1, 0x40));
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, target, source, 0));
    EXPECT_EQUAL(out[0], 171 + 1);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        uint64_t wanted =
            i % 3 != 0 ? 0 : leaf(chunk + i, i % 2 == 0 ? MAP_R | MAP_SOFT0 : MAP_R | MAP_X);
        wanted = i == 1 ? 0x40 : wanted;
        EXPECT_EQUAL(table_pointer(source)[i], wanted);
        EXPECT_EQUAL(table_pointer(target)[i], wanted);
    }
}

static void copy_of_pairs(void)
{
    uint64_t roots[2] = {table_new(2), table_new(2)}, middles[2] = {table_new(1), table_new(1)};
    uint64_t leaves[2] = {table_new(0), table_new(0)}, child = table_new(0), frame = frame_new();
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, roots[1], 3, middles[1], 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middles[1], 511, child, 0));
    EXPECT_OK(SYS(TABLE_MAP_RUN, MEMORY, leaves[1], 62, 4, map_word(frame, MAP_R | MAP_W)));
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, leaves[0], leaves[1], middles[0], middles[1],
                      roots[0], roots[1], 0));
    EXPECT_EQUAL(out[0], 4 + 1 + 1);
    EXPECT_EQUAL(table_pointer(leaves[0])[65], leaf(frame + 3, MAP_R));
    EXPECT_EQUAL(table_pointer(middles[0])[511], lazy_link(child));
    EXPECT_EQUAL(table_pointer(roots[0])[3], lazy_link(middles[1]));
    /* A pair that is refused ends it; what was before it is done. */
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, leaves[1], 0, 1, map_word(frame, MAP_R)));
    EXPECT_ERROR(SYS_OUT(out, TABLE_COPY, MEMORY, leaves[0], leaves[1], roots[0], middles[1],
                         middles[0], middles[1], 0),
                 ERR_LEVEL);
    EXPECT_EQUAL(out[0], 1);
    EXPECT_EQUAL(table_pointer(leaves[0])[0], leaf(frame, MAP_R));
    EXPECT_EQUAL(table_record(child)->count, 2);
}

static uint64_t fences(void)
{
    uint64_t all = 0;
    EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, COUNTER_FENCES_ASID));
    all += out[0];
    EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, COUNTER_FENCES_ALL));
    return all + out[0];
}

/* A right to flush it is needed, and then it is. */
static void copy_that_flushes(void)
{
    uint64_t t[6] = {table_new(0), table_new(0), table_new(1),
                     table_new(1), table_new(2), table_new(2)};
    uint64_t space = slot_copy(INIT_SLOT_SPACE, RIGHT_MANAGE, 0);
    uint64_t weak = slot_copy(INIT_SLOT_SPACE, RIGHTS_ALL & ~RIGHT_MANAGE, 0);
    uint64_t bad[][2] = {{weak, ERR_RIGHTS},
                         {MEMORY, ERR_CAP_TYPE},
                         {slot_dead(), ERR_CAP_DEAD},
                         {slot_empty(), ERR_CAP_EMPTY},
                         {1ul << 40, ERR_CAP_RANGE}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        EXPECT_ERROR(SYS(TABLE_COPY, MEMORY, t[0], t[1], t[2], t[3], t[4], t[5], bad[i][0]),
                     bad[i][1]);
    }
    uint64_t before = fences();
    EXPECT_OK(SYS(TABLE_COPY, MEMORY, t[0], t[1], t[2], t[3], t[4], t[5], 0));
    EXPECT_EQUAL(fences(), before);
    EXPECT_OK(SYS(TABLE_COPY, MEMORY, t[0], t[1], t[2], t[3], t[4], t[5], space));
    EXPECT_EQUAL(fences(), before + 1);
}

static void marks(void)
{
    uint64_t table = table_new(0);
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, table, 7, 1ul << 63 | 4));
    EXPECT_EQUAL(table_pointer(table)[7], 1ul << 63 | 4);
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, table, 7, 8));
    EXPECT_EQUAL(table_pointer(table)[7], 8);
    uint64_t frame = frame_new();
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, table, 7, 1, map_word(frame, MAP_R))); /* replaces it */
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, table, 7, 12)); /* and is replaced by one */
    EXPECT_EQUAL(table_pointer(table)[7], 12);
    EXPECT_OK(SYS_OUT(out, TABLE_PROTECT, MEMORY, table, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 0);
    EXPECT_EQUAL(table_pointer(table)[7], 12);
    EXPECT_OK(SYS_OUT(out, TABLE_DROP, MEMORY, table, 7, 1));
    EXPECT_EQUAL(out[0], 1);
}

static void free_zeroes(void)
{
    uint64_t chunk = chunk_new();
    uint64_t table = table_new(0);
    EXPECT_OK(SYS(TABLE_MAP_RUN, MEMORY, table, 0, TABLE_ENTRIES, map_word(chunk, MAP_R)));
    EXPECT_OK(SYS(TABLE_FREE, MEMORY, table));
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        EXPECT_EQUAL(table_pointer(table)[i], 0);
    }
}

/* ------------------------------------------------------ the machine follows the entries */
static void store(struct worker *worker)
{
    volatile uint64_t *word = (void *)(AREA + worker->argument[0]);
    worker->result[0] = *word;
    *word = worker->argument[1];
}

static void translation(void)
{
    struct space space = space_new();
    uint64_t frame = frame_new();
    uint64_t *word = frame_pointer(frame);
    *word = 0x77;
    area_map(&space, 3, frame, MAP_R | MAP_W);
    struct worker *worker = worker_new(store);
    worker->argument[0] = 3 * PAGE_BYTES, worker->argument[1] = 0x88;
    worker_go(worker, space.slot, WORKER_PRIORITY);
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], 0x77);
    EXPECT_EQUAL(*word, 0x88);

    EXPECT_OK(SYS(TABLE_PROTECT, MEMORY, space.leaf, 0, TABLE_ENTRIES));
    EXPECT_OK(SYS(SPACE_FLUSH, space.slot, 0, 0));
    struct worker *second = worker_new(store);
    second->argument[0] = 3 * PAGE_BYTES, second->argument[1] = 0x99;
    struct fault fault;
    REQUIRE(fault_catch(second, space.slot, &fault));
    EXPECT_EQUAL(fault.kind, FAULT_PAGE_WRITE);
    EXPECT_EQUAL(fault.address, AREA + 3 * PAGE_BYTES);
    EXPECT_EQUAL(second->result[0], 0x88);
    EXPECT_EQUAL(*word, 0x88);

    EXPECT_OK(SYS(TABLE_LAZY, MEMORY, space.root, AREA_ROOT_INDEX, 1));
    EXPECT_OK(SYS(SPACE_FLUSH, space.slot, 0, 0));
    struct worker *third = worker_new(store);
    third->argument[0] = 3 * PAGE_BYTES;
    REQUIRE(fault_catch(third, space.slot, &fault));
    EXPECT_EQUAL(fault.kind, FAULT_PAGE_READ);
}

/* A store seen through one entry is seen through another: one frame, two spaces, one flush each. */
static void sharing(void)
{
    struct space one = space_new(), two = space_new();
    uint64_t frame = frame_new();
    uint64_t *word = frame_pointer(frame);
    *word = 1;
    area_map(&one, 0, frame, MAP_R | MAP_W);
    area_map(&two, 0, frame, MAP_R | MAP_W);
    for (uint64_t turn = 1; turn <= 8; turn++) {
        struct worker *worker = worker_new(store);
        worker->argument[1] = turn + 1;
        worker_go(worker, turn % 2 == 0 ? one.slot : two.slot, WORKER_PRIORITY);
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], turn);
    }
    EXPECT_EQUAL(*word, 9);
}

TESTS(TEST(create, "a new table is empty with count 0, a freed one is gone from the books"),
      TEST(compose, "the kernel composes V U A R, D exactly with W, X and the software bits"),
      TEST(batch, "up to sixteen entries in one call, and done counts those before an error"),
      TEST(run_of_frames, "a run maps, protects and drops 512 frames"),
      TEST(whole_chunk, "a level-1 table takes 2 MiB leaves of USER and TABLE chunks"),
      TEST(devices, "device frames are mapped, never executable"),
      TEST(links, "links count their child up and the replaced one down"),
      TEST(lazy_and_thaw, "lazy keeps the count; thaw makes valid exactly those with count 1"),
      TEST(copy_of_tables,
           "a copied level-1 table is lazy in both, and its children count one more"),
      TEST(copy_of_roots, "the user half of a root is copied as lazy"),
      TEST(copy_of_leaves, "a copied leaf table has no W in both, and all else as it was"),
      TEST(copy_of_pairs, "three pairs of tables are copied in one call, up to the one refused"),
      TEST(copy_that_flushes, "and with a space that may be flushed, it is"),
      TEST(marks, "the pager's own entries stay what they are until replaced"),
      TEST(free_zeroes, "a freed leaf table is all zero"),
      TEST(translation, "stores follow W, and a lazy entry translates nothing"),
      TEST(sharing, "one frame in two spaces is one memory"));
