/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="asid_bits=0" */
/* test: MEM=64M BOOTARGS="asid_bits=2 preempt=81,80" */
/* Translations belong to their space: many spaces on few ASIDs, spaces that go, entries that change
 * under a running thread. */
#include "support/test.h"
#include "support/world.h"

enum { SPACES = 24 };

static void read_often(struct worker *worker)
{
    for (unsigned i = 0; i < 60; i++) {
        worker->result[0] += *(volatile uint64_t *)AREA != worker->argument[0];
        worker->result[0] += *(volatile uint64_t *)(AREA + PAGE_BYTES) != ~worker->argument[0];
        (void)SYS(YIELD);
    }
}

static void value_map(const struct space *space, unsigned page, uint64_t value)
{
    uint64_t frame = frame_new();
    *(uint64_t *)frame_pointer(frame) = value;
    area_map(space, page, frame, MAP_R | MAP_W);
}

static void many_spaces(void)
{
    struct worker *workers[SPACES];
    for (unsigned i = 0; i < SPACES; i++) {
        struct space space = space_new();
        value_map(&space, 0, i + 1);
        value_map(&space, 1, ~(i + 1ul));
        workers[i] = worker_new(read_often);
        workers[i]->argument[0] = i + 1;
        worker_configure(workers[i], space.slot, WORKER_PRIORITY, 0);
    }
    for (unsigned i = 0; i < SPACES; i++) {
        worker_start_at(workers[i]);
    }
    for (unsigned i = 0; i < SPACES; i++) {
        REQUIRE(worker_join(workers[i]));
        EXPECT_EQUAL(workers[i]->result[0], 0);
    }
}

static void read_once(struct worker *worker)
{
    worker->result[0] = *(volatile uint64_t *)AREA;
}

/* A space that is gone leaves no translation to the next with its ASID. */
static void spaces_that_go(void)
{
    for (uint64_t i = 0; i < 80; i++) {
        struct space space = space_new();
        value_map(&space, 0, i);
        struct worker *worker = worker_new(read_once);
        worker_go(worker, space.slot, WORKER_PRIORITY);
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], i);
        object_destroy(worker->thread);
        object_destroy(space.slot);
        struct space empty = space_new();
        struct worker *second = worker_new(read_once);
        struct fault fault;
        if (i % 8 == 0) { /* nothing is mapped there: it faults */
            REQUIRE(fault_catch(second, empty.slot, &fault));
            EXPECT_EQUAL(fault.address, AREA);
            object_destroy(second->thread);
        }
        object_destroy(empty.slot);
        if (i % 16 == 15) { /* pools are finite: begin again */
            world_undo();
        }
    }
}

static void watch(struct worker *worker)
{
    while (*(volatile uint64_t *)&worker->argument[0] == 0) {
        worker->result[0] = *(volatile uint64_t *)AREA;
    }
}

static void changes_show(void)
{
    struct space space = space_new();
    uint64_t frames[2] = {frame_new(), frame_new()};
    *(uint64_t *)frame_pointer(frames[0]) = 100;
    *(uint64_t *)frame_pointer(frames[1]) = 101;
    area_map(&space, 0, frames[0], MAP_R);
    struct worker *worker = worker_new(watch);
    worker_go(worker, space.slot, WORKER_PRIORITY);
    for (unsigned i = 0; i < 40; i++) {
        EXPECT_OK(SYS(TABLE_MAP, MEMORY, space.leaf, 0, 1, map_word(frames[i % 2], MAP_R)));
        EXPECT_OK(SYS(SPACE_FLUSH, space.slot, i % 4 < 2 ? AREA : 0, i % 4 < 2));
        pause_ticks(ticks_of_ms(1));
        EXPECT_EQUAL(worker->result[0], 100 + i % 2);
    }
    *(volatile uint64_t *)&worker->argument[0] = 1;
    REQUIRE(worker_join(worker));
}

/* A table swapped for another: a flush of the whole space forgets the walk, not only the pages. */
static void swapped_tables_show(void)
{
    struct space space = space_new();
    uint64_t leaves[2] = {space.leaf, table_new(0)};
    for (unsigned i = 0; i < 2; i++) {
        uint64_t frame = frame_new();
        *(uint64_t *)frame_pointer(frame) = 200 + i;
        EXPECT_OK(SYS(TABLE_MAP, MEMORY, leaves[i], 0, 1, map_word(frame, MAP_R)));
    }
    struct worker *worker = worker_new(watch);
    worker_go(worker, space.slot, WORKER_PRIORITY);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t out[CALL_RESULTS];
        EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, space.middle, 0, leaves[i % 2], 0));
        EXPECT(out[0] == leaves[0] || out[0] == leaves[1]);
        EXPECT_OK(SYS(SPACE_FLUSH, space.slot, 0, 0));
        pause_ticks(ticks_of_ms(1));
        EXPECT_EQUAL(worker->result[0], 200 + i % 2);
    }
    *(volatile uint64_t *)&worker->argument[0] = 1;
    REQUIRE(worker_join(worker));
}

/* In one space, with no switch between: only the fence makes a change show. */
static void fences_alone(void)
{
    struct space area = own_area();
    volatile uint64_t *word = (void *)(AREA + 40 * PAGE_BYTES);
    uint64_t frames[2] = {frame_new(), frame_new()};
    for (uint64_t i = 0; i < 2; i++) {
        *(uint64_t *)frame_pointer(frames[i]) = 300 + i;
    }
    area_map(&area, 40, frames[1], MAP_R);
    for (uint64_t i = 0; i < 20; i++) {
        EXPECT_EQUAL(*word, 300 + (i + 1) % 2);
        EXPECT_OK(SYS(TABLE_MAP, MEMORY, area.leaf, 40, 1, map_word(frames[i % 2], MAP_R)));
        bool whole = i % 4 >= 2;
        uint64_t start = whole ? 0 : AREA + (30 + i / 4) * PAGE_BYTES;
        EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, start, whole ? 0 : 16));
        EXPECT_EQUAL(*word, 300 + i % 2);
    }
    uint64_t other = table_new(0);
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, other, 40, 1, map_word(frames[0], MAP_R)));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, area.middle, 0, other, 0)); /* instead of area.leaf */
    EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, 0, 0));
    EXPECT_EQUAL(*word, 300);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, area.middle, 0, area.leaf, 0));
    EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, 0, 0));
    EXPECT_EQUAL(*word, 301);
}

TESTS(TEST(many_spaces, "24 spaces read their own frames, whatever the ASIDs"),
      TEST(spaces_that_go, "a space that is gone leaves nothing to the next"),
      TEST(fences_alone, "within a space a flush, of a page, of sixteen, of all, shows the change"),
      TEST(changes_show, "a changed entry shows after its flush"),
      TEST(swapped_tables_show, "a swapped table shows after a flush of the space"));
