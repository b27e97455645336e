/* test: MEM=64M */
/* test: MEM=64M FILLED=1 BOOTARGS="asid_bits=0" */
/* test: MEM=512M BOOTARGS="asid_bits=1" */
/* test: MEM=64M SMP=4 */
/* test: MEM=3G */
/* test: MEM=100M FILLED=1 QEMU="-cpu sifive-u54" */
/* What init finds at its first instruction: the boot facts, its capabilities, its memory. */
#include "support/test.h"
#include "support/world.h"

static void facts_hold(void)
{
    const struct boot_info *info = boot_info();
    uint64_t out[CALL_RESULTS];
    EXPECT_OK(SYS_OUT(out, VERSION));
    EXPECT_EQUAL(out[0], KERNEL_ABI_VERSION);
    EXPECT_EQUAL(info->abi_version, KERNEL_ABI_VERSION);
    EXPECT_EQUAL(info->timebase_hz, 10000000);
    EXPECT(info->hart_count >= 1);
    EXPECT(info->memory_count >= 1);
    EXPECT(info->boot_ticks < time_now());
    EXPECT(info->archive_bytes > 0 && info->archive_bytes <= info->archive.frames << PAGE_SHIFT);
    EXPECT(*(const uint32_t *)INIT_TREE == 0xedfe0dd0); /* the device tree's magic, big endian */
    struct space own = own_area();
    area_map(&own, 0, info->archive.first_frame, MAP_R);
    EXPECT(*(const volatile uint32_t *)AREA == 0x37303730); /* "0707" of newc */
}

static void slots_hold(void)
{
    static const struct {
        uint64_t slot, type;
    } expected[] = {
        {INIT_SLOT_CAPTABLE, OBJECT_CAPTABLE},   {INIT_SLOT_THREAD, OBJECT_THREAD},
        {INIT_SLOT_SPACE, OBJECT_SPACE},         {INIT_SLOT_MEMORY, OBJECT_MEMORY},
        {CONTROL, OBJECT_INTERRUPT_CONTROL},     {INIT_SLOT_MACHINE, OBJECT_MACHINE},
        {INIT_SLOT_DEVICE_FIRST, OBJECT_DEVICE},
    };
    uint64_t out[CALL_RESULTS];
    for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, expected[i].slot));
        EXPECT_EQUAL(out[0], expected[i].type);
        EXPECT_EQUAL(out[1], RIGHTS_ALL);
        EXPECT_EQUAL(out[2], 0);
    }
    EXPECT_ERROR(SYS(CAP_INFO, SELF, 0), ERR_CAP_RANGE); /* index 0 is never valid */
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, INIT_SLOT_CAPTABLE));
    EXPECT_EQUAL(out[3], INIT_CAPTABLE_SLOTS);
}

/* Every RAM chunk has a kind; init's books in USER, the rest of the kinds where boot said. */
static void memory_is_told(void)
{
    const struct boot_info *info = boot_info();
    uint64_t chunks[KIND_CLOSING + 1] = {0};
    for (unsigned i = 0; i < info->memory_count; i++) {
        EXPECT_EQUAL(info->memory[i].first_frame % CHUNK_PAGES, 0);
        EXPECT_EQUAL(info->memory[i].frames % CHUNK_PAGES, 0);
        for (uint64_t f = 0; f < info->memory[i].frames; f += CHUNK_PAGES) {
            uint64_t out[CALL_RESULTS];
            EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, info->memory[i].first_frame + f));
            EXPECT(out[0] <= KIND_OBJECT);
            chunks[out[0] <= KIND_OBJECT ? out[0] : 0]++;
        }
    }
    say("# chunks: firmware %lu, kernel %lu, user %lu, table %lu, object %lu\n",
        chunks[KIND_FIRMWARE], chunks[KIND_KERNEL], chunks[KIND_USER], chunks[KIND_TABLE],
        chunks[KIND_OBJECT]);
    EXPECT(chunks[KIND_KERNEL] >= 1);
    EXPECT(chunks[KIND_TABLE] >= 2 && chunks[KIND_OBJECT] >= 2); /* boot's and the tests' */
    uint64_t out[CALL_RESULTS];
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, info->object_chunk_frame));
    EXPECT_EQUAL(out[0], KIND_OBJECT);
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, info->table_chunk_frame));
    EXPECT_EQUAL(out[0], KIND_TABLE);
}

/* Every register that is no argument is zero when a thread begins, whatever ran before. */
static void nothing(struct worker *worker)
{
    (void)worker;
}

static void threads_start_clean(void)
{
    struct worker *worker = worker_new(nothing);
    worker_go(worker, 0, WORKER_PRIORITY);
    REQUIRE(worker_join(worker));
    for (unsigned n = 1; n < 32; n++) {
        bool argument = n == 2 || n == 4 || n == 10 || n == 11 || n == 5 || n == 8;
        if (!argument && worker->found[n] != 0) {
            fail("x%u is 0x%lx at the first instruction", n, worker->found[n]);
        }
    }
    EXPECT_EQUAL(worker->found[4], 0x7ea);
    EXPECT_EQUAL(worker->found[11], 0xa1);
}

/* Two spaces with the same code see different frames at one address. */
static void look(struct worker *worker)
{
    worker->result[0] = *(volatile uint64_t *)AREA;
}

static void spaces_are_apart(void)
{
    struct space first = space_new();
    struct space second = space_new();
    uint64_t frames[2] = {frame_new(), frame_new()};
    *(uint64_t *)frame_pointer(frames[0]) = 0x1111;
    *(uint64_t *)frame_pointer(frames[1]) = 0x2222;
    area_map(&first, 0, frames[0], MAP_R);
    area_map(&second, 0, frames[1], MAP_R);
    for (unsigned round = 0; round < 6; round++) {
        struct worker *worker = worker_new(look);
        worker_go(worker, round % 2 == 0 ? first.slot : second.slot, WORKER_PRIORITY);
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], round % 2 == 0 ? 0x1111 : 0x2222);
    }
}

TESTS(TEST(facts_hold, "boot facts are complete and true"),
      TEST(slots_hold, "init holds the capabilities that boot_info.h names, with all rights"),
      TEST(memory_is_told, "each chunk of RAM has a kind"),
      TEST(threads_start_clean, "a new thread finds zero in every register but its arguments"),
      TEST(spaces_are_apart, "two spaces see their own frame at one address"));
