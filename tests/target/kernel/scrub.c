/* test: MEM=64M BOOTARGS="testhooks" */
/* test: MEM=64M BOOTARGS="testhooks preempt=3,100" */
/* A chunk changes its kind only when nothing refers to it, and says what does. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

static uint64_t kind_of(uint64_t chunk)
{
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, chunk));
    return out[0];
}

/* The change is refused, names the offender, and leaves the kind. */
static void expect_busy(uint64_t chunk, unsigned to, uint64_t offender, const char *what)
{
    uint64_t before = kind_of(chunk);
    err_t error = SYS_OUT(out, MEMORY_RETYPE, MEMORY, chunk, to);
    if (error != ERR_BUSY || (offender != 0 && out[0] != offender)) {
        fail("%s: retype answers %u, offender 0x%lx index %lu; expected BUSY by 0x%lx", what,
             (unsigned)error, out[0], out[1], offender);
    }
    EXPECT_EQUAL(kind_of(chunk), before);
}

static void round_trip(void)
{
    static const unsigned path[] = {KIND_TABLE,  KIND_OBJECT, KIND_TABLE, KIND_USER,
                                    KIND_OBJECT, KIND_USER,   KIND_USER};
    uint64_t chunk = chunk_new();
    for (unsigned i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, path[i]));
        EXPECT_EQUAL(kind_of(chunk), path[i]);
        EXPECT_EQUAL(out[1], 0);
        bool is_table = path[i] == KIND_TABLE;
        EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, chunk + 1, is_table ? 3 : 0),
                     is_table ? ERR_ARGUMENT : ERR_KIND);
    }
}

static void refused(void)
{
    uint64_t chunk = chunk_new();
    static const uint64_t bad[] = {KIND_FIRMWARE, KIND_KERNEL, KIND_CLOSING, 6, ~0ul};
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, chunk, bad[i]), ERR_ARGUMENT);
    }
    EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, chunk + 1, KIND_TABLE), ERR_ALIGN);
    EXPECT_ERROR(SYS(MEMORY_INFO, MEMORY, chunk + 1), ERR_ALIGN);
    EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, 0, KIND_TABLE), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, 1ul << 40, KIND_TABLE), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, chunk_of_kind(KIND_KERNEL), KIND_USER), ERR_KIND);
    if (chunk_of_kind(KIND_FIRMWARE) != 0) {
        EXPECT_ERROR(SYS(MEMORY_RETYPE, MEMORY, chunk_of_kind(KIND_FIRMWARE), KIND_USER), ERR_KIND);
    }
    uint64_t half = slot_new();
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, chunk, CHUNK_PAGES / 2, RIGHTS_ALL, SELF, half));
    EXPECT_ERROR(SYS(MEMORY_RETYPE, half, chunk, KIND_TABLE), ERR_RANGE);
    EXPECT_EQUAL(kind_of(chunk), KIND_USER);
}

static void user_references(void)
{
    uint64_t chunk = chunk_new();
    uint64_t leaf = table_new(0), middle = table_new(1);
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, leaf, 300, 1, map_word(chunk + 511, MAP_R)));
    uint64_t entry = (leaf << PAGE_SHIFT) + 300 * 8;
    expect_busy(chunk, KIND_TABLE, entry, "a leaf entry of a table that nothing names");
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 0, leaf, 1));
    expect_busy(chunk, KIND_OBJECT, entry, "a leaf entry under a lazy one");
    EXPECT_OK(
        SYS(TABLE_MAP, MEMORY, leaf, 301, 1, map_word(chunk, MAP_R | MAP_W))); /* still usable */
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, leaf, 300, 2));
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 511, map_word(chunk, MAP_R)));
    expect_busy(chunk, KIND_TABLE, (middle << PAGE_SHIFT) + 511 * 8, "a 2 MiB leaf");
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, middle, 511, 1));
    EXPECT_OK(
        SYS(TABLE_MARK, MEMORY, leaf, 5, chunk << PTE_FRAME_SHIFT)); /* the pager's own: none */
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_TABLE));
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, leaf, 300, 1, map_word(chunk + 511, MAP_R | MAP_W)),
                 ERR_ARGUMENT);
}

static void table_references(void)
{
    uint64_t chunk = chunk_new(), leaf = table_new(0), middle = table_new(1);
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_TABLE));
    EXPECT_OK(SYS(TABLE_CREATE, MEMORY, chunk + 9, 0));
    expect_busy(chunk, KIND_USER, 0, "a live table that nothing names");
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 7, chunk + 9, 0));
    expect_busy(chunk, KIND_USER, 0, "a live table that a table names");
    EXPECT_OK(SYS(TABLE_LAZY, MEMORY, middle, 7, 1));
    expect_busy(chunk, KIND_OBJECT, 0, "a live table that a lazy entry names");
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, middle, 7, 1));
    EXPECT_OK(SYS(TABLE_FREE, MEMORY, chunk + 9));
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, leaf, 8, 1, map_word(chunk + 200, MAP_R)));
    expect_busy(chunk, KIND_USER, (leaf << PAGE_SHIFT) + 8 * 8,
                "a read-only view of a table frame");
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, leaf, 8, 1));
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 9, map_word(chunk, MAP_R)));
    expect_busy(chunk, KIND_USER, (middle << PAGE_SHIFT) + 9 * 8, "a 2 MiB view of tables");
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, middle, 9, 1));
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER));
    uint64_t root_chunk = chunk_new();
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, root_chunk, KIND_TABLE));
    EXPECT_OK(SYS(TABLE_CREATE, MEMORY, root_chunk + 1, 2));
    uint64_t space = object_new(OBJECT_SPACE, 0);
    EXPECT_OK(SYS(SPACE_SET_ROOT, space, MEMORY, root_chunk + 1));
    expect_busy(root_chunk, KIND_USER, 0, "a space's root");
    object_destroy(space);
    expect_busy(root_chunk, KIND_USER, 0, "a root that no space has");
    EXPECT_OK(SYS(TABLE_FREE, MEMORY, root_chunk + 1));
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, root_chunk, KIND_USER));
}

static void object_references(void)
{
    uint64_t chunk = chunk_new(), slot = slot_new(), copy = slot_new();
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_OBJECT));
    EXPECT_OK(SYS(OBJECT_CREATE, MEMORY, chunk + 77, 5, OBJECT_ENDPOINT, 0, SELF, slot));
    EXPECT_OK(SYS(CAP_COPY, SELF, slot, SELF, copy, RIGHTS_ALL, 0));
    expect_busy(chunk, KIND_USER, 0, "a live object");
    EXPECT_OK(SYS(CAP_DESTROY, SELF, slot));
    /* What is left is a dead capability: the scrub empties its slot, or names it. */
    err_t error = SYS_OUT(out, MEMORY_RETYPE, MEMORY, chunk, KIND_USER);
    if (error == ERR_BUSY) {
        EXPECT(out[0] != 0);
        EXPECT_OK(SYS(CAP_DELETE, SELF, copy));
        error = SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER);
    }
    EXPECT_OK(error);
    error = SYS(SIGNAL, copy);
    EXPECT(error == ERR_CAP_EMPTY || error == ERR_CAP_DEAD);
}

/* A capability must not come alive again when its object's memory becomes another's. */
static void no_capability_rises(void)
{
    uint64_t chunk = chunk_new();
    uint64_t slots[8];
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_OBJECT));
    for (unsigned i = 0; i < 8; i++) {
        slots[i] = slot_new();
        EXPECT_OK(SYS(OBJECT_CREATE, MEMORY, chunk + 2, i, OBJECT_NOTIFICATION, 0, SELF, slots[i]));
        EXPECT_OK(SYS(OBJECT_DESTROY, MEMORY, chunk + 2, i));
    }
    for (unsigned round = 0; round < 3; round++) {
        err_t error = SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER);
        if (error == ERR_BUSY) {
            for (unsigned i = 0; i < 8; i++) {
                EXPECT_OK(SYS(CAP_DELETE, SELF, slots[i]));
            }
            error = SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER);
        }
        EXPECT_OK(error);
        EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_OBJECT));
        uint64_t fresh = slot_new();
        EXPECT_OK(SYS(OBJECT_CREATE, MEMORY, chunk + 2, 0, OBJECT_NOTIFICATION, 0, SELF, fresh));
        for (unsigned i = 0; i < 8; i++) {
            EXPECT(SYS(SIGNAL, slots[i]) != ERR_OK);
        }
        EXPECT_OK(SYS(CAP_DESTROY, SELF, fresh));
        EXPECT_OK(SYS(CAP_DELETE, SELF, slot_copy(pause_notification, RIGHTS_ALL, 0)));
    }
    (void)SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER);
}

static void zeroed(void)
{
    uint64_t chunk = chunk_new();
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_OBJECT));
    for (unsigned i = 0; i < 4; i++) {
        uint64_t slot = slot_new();
        EXPECT_OK(SYS(OBJECT_CREATE, MEMORY, chunk + 2 + i, 0, OBJECT_THREAD, 0, SELF, slot));
        EXPECT_OK(SYS(CAP_DESTROY, SELF, slot));
    }
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER));
    struct space area = own_area();
    EXPECT_OK(SYS(TABLE_MAP_RUN, MEMORY, area.leaf, 0, 510, map_word(chunk, MAP_R)));
    const uint64_t *words = (const void *)AREA;
    for (unsigned i = 0; i < 510 * PAGE_BYTES / 8; i++) {
        if (words[i] != 0) {
            fail("word %u of memory that was OBJECT is 0x%lx", i, words[i]);
            break;
        }
    }
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, area.leaf, 0, 510));
    EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, 0, 0));
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_TABLE));
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_USER));
}

/* Somebody maps the chunk's frames all the while: each side wins or loses, never half. */
static void map_meanwhile(struct worker *worker)
{
    while (worker->argument[3] == 0) {
        err_t error = SYS(TABLE_MAP, MEMORY, worker->argument[0], 0, 1,
                          map_word(worker->argument[1] + 3, MAP_R));
        worker->result[error == ERR_OK ? 0 : 1]++;
        if (error != ERR_OK && error != ERR_KIND) {
            worker->result[2] = error;
        }
        (void)SYS(TABLE_DROP, MEMORY, worker->argument[0], 0, 1);
        (void)SYS(YIELD);
    }
}

static void race(void)
{
    uint64_t chunk = chunk_new();
    struct worker *worker = worker_new(map_meanwhile);
    worker->argument[0] = table_new(0), worker->argument[1] = chunk;
    worker_go(worker, 0, RUNNER_PRIORITY);
    unsigned won = 0, lost = 0;
    for (unsigned i = 0; i < 40; i++) {
        err_t error = SYS(MEMORY_RETYPE, MEMORY, chunk, i % 2 == 0 ? KIND_OBJECT : KIND_USER);
        EXPECT(error == ERR_OK || error == ERR_BUSY);
        won += error == ERR_OK;
        lost += error != ERR_OK;
        (void)SYS(YIELD);
    }
    *(volatile uint64_t *)&worker->argument[3] = 1;
    REQUIRE(worker_join(worker));
    say("# retypes: %u done, %u refused; maps: %lu done, %lu refused\n", won, lost,
        worker->result[0], worker->result[1]);
    EXPECT_EQUAL(worker->result[2], 0);
    EXPECT(won > 0);
}

TESTS(TEST(round_trip, "an unreferenced chunk takes each kind"),
      TEST(refused, "firmware, the kernel and parts of chunks keep their kind"),
      TEST(user_references, "a USER chunk with a mapping stays, and the entry is named"),
      TEST(table_references, "a TABLE chunk with a table or a view of one stays"),
      TEST(object_references, "an OBJECT chunk with an object stays"),
      TEST(no_capability_rises, "no dead capability comes alive through a scrub"),
      TEST(zeroed, "memory that was OBJECT is zero when it becomes USER"),
      TEST(race, "a scrub and mappings of the same chunk exclude each other"));
