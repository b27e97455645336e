/* test: MEM=64M TIMEOUT=120 BOOTARGS="testhooks" */
/* test: MEM=64M TIMEOUT=120 BOOTARGS="seed=2 preempt=5,200 asid_bits=1" */
/* test: MEM=64M TIMEOUT=120 BOOTARGS="seed=3 preempt=6,50" */
/* test: MEM=64M TIMEOUT=120 BOOTARGS="seed=4 testhooks" */
/* A hundred thousand calls with valid capabilities of every kind and hostile arguments, from a
 * program that owns a chunk of each kind, objects of each type and a capability table: the kernel
 * lives, all books agree, and all that was handed out comes back. The seed is printed. */
#include "support/audit.h"
#include "support/test.h"
#include "support/world.h"

enum { EPOCHS = 100, CALLS_AN_EPOCH = 1000, TABLE_SLOTS = 64, CHUNKS = 3 };

static uint64_t chunks[CHUNKS]; /* the hostile program's, at first USER, TABLE, OBJECT */
static uint64_t table;          /* its capability table */
static uint64_t area_space;
static volatile uint64_t epoch_wanted, epoch_done;

static uint64_t pick(const uint64_t *values, unsigned count)
{
    return values[random_next() % count];
}

static uint64_t a_frame(void)
{
    uint64_t chunk = chunks[random_next() % CHUNKS];
    return chunk + (random_next() % 4 == 0 ? random_next() % CHUNK_PAGES : random_next() % 12);
}

static uint64_t a_value(void)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     4,
                                     7,
                                     8,
                                     15,
                                     16,
                                     17,
                                     31,
                                     32,
                                     33,
                                     63,
                                     64,
                                     255,
                                     256,
                                     257,
                                     510,
                                     511,
                                     512,
                                     513,
                                     1024,
                                     4096,
                                     65536,
                                     ~0ul,
                                     ~0ul - 1,
                                     1ul << 63,
                                     1ul << 32,
                                     (1ul << 32) - 1,
                                     1ul << 26,
                                     AREA,
                                     0x4000000000,
                                     0xffffffc080000000};
    switch (random_next() % 8) {
    case 0:
    case 1:
        return random_next() % TABLE_SLOTS;
    case 2:
        return pick(edges, sizeof(edges) / sizeof(edges[0]));
    case 3:
    case 4:
        return a_frame();
    case 5:
        return a_frame() << MAP_FRAME_SHIFT | random_next() % 64;
    case 6:
        return (a_frame() << MAP_FRAME_SHIFT | random_next() % 64) << 32 |
               a_frame() << MAP_FRAME_SHIFT | random_next() % 8;
    default:
        return random_next() % 4 == 0 ? random_next() : random_next() % 9;
    }
}

static bool first_is_cap(unsigned number)
{
    return number != SYS_VERSION && number != SYS_YIELD;
}

/* Nothing may wait for ever, and the console is not a place for noise. */
static void tame(struct registers *r, unsigned number)
{
    uint64_t soon = random_next() % 4 == 0 ? time_now() + 100 : 0;
    if (number >= SYS_CALL && number <= SYS_SEND) {
        uint64_t descriptor = random_next() & 0x77;
        descriptor |=
            IPC_DEADLINE | (random_next() % TABLE_SLOTS) << 8 | (random_next() % TABLE_SLOTS) << 32;
        registers_set_argument(r, 6, descriptor);
        registers_set_argument(r, 12, soon);
        registers_set_argument(r, 11, random_next() % (TABLE_SLOTS + 2));
    }
    if (number == SYS_WAIT) {
        registers_set_argument(r, 1, soon);
    }
    if (number == SYS_MACHINE_LOG) {
        registers_set_argument(r, 1, 33 + random_next());
    }
    if (number == SYS_MACHINE_RESET) {
        registers_set_argument(r, 1, 2 + random_next() % 1000);
    }
}

static void one_call(struct worker *worker)
{
    struct registers before, after;
    unsigned number = (unsigned)(random_next() % (SYS_COUNT + 1));
    registers_prepare(&before);
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
        registers_set_argument(&before, i, a_value());
    }
    if (first_is_cap(number) && random_next() % 8 != 0) {
        registers_set_argument(&before, 0, random_next() % 24);
    }
    tame(&before, number);
    before.x[17] = number;
    after = before;
    system_call(&after);
    unsigned changed = registers_differ(number, &before, &after);
    if (changed != 0) {
        worker->result[2] = (uint64_t)number << 32 | changed;
        worker->result[3] = after.x[changed];
    }
    worker->result[0]++;
    worker->result[1] += after.x[10] == ERR_OK;
    if (after.x[10] >= 64) {
        worker->result[4] = (uint64_t)number << 32 | (after.x[10] & 0xffffffff);
    }
}

static void attack(struct worker *worker)
{
    for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        for (unsigned i = 0; i < CALLS_AN_EPOCH; i++) {
            one_call(worker);
        }
        epoch_done = epoch;
        while (epoch_wanted < epoch) {
            (void)SYS(YIELD);
        }
    }
    worker->finished = true;
    for (;;) {
        (void)SYS(YIELD);
    }
}

/* Fill the empty and the dead slots of its table again: objects of each type, memory of each
 * kind. */
static void supply(void)
{
    static const unsigned types[] = {OBJECT_ENDPOINT, OBJECT_REPLY,     OBJECT_NOTIFICATION,
                                     OBJECT_TIMER,    OBJECT_INTERRUPT, OBJECT_THREAD,
                                     OBJECT_SPACE,    OBJECT_CAPTABLE};
    for (unsigned slot = 1; slot < 20; slot++) {
        uint64_t out[CALL_RESULTS];
        err_t error = SYS_OUT(out, CAP_INFO, table, slot);
        if (error == ERR_OK && random_next() % 4 != 0) {
            continue;
        }
        if (error != ERR_CAP_EMPTY) {
            EXPECT_OK(SYS(CAP_DELETE, table, slot));
        }
        if (slot <= 6) {
            unsigned rights = slot % 2 == 0 ? RIGHTS_ALL : (unsigned)random_next() & RIGHTS_ALL;
            EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, chunks[slot % CHUNKS], CHUNK_PAGES, rights, table,
                          slot));
        } else if (slot == 7) {
            EXPECT_OK(SYS(CAP_COPY, SELF, MACHINE, table, slot, RIGHT_CALL | RIGHT_GRANT, 0));
        } else if (slot == 8) {
            EXPECT_OK(SYS(CAP_COPY, SELF, CONTROL, table, slot, RIGHTS_ALL, 0));
        } else if (slot == 9) {
            EXPECT_OK(
                SYS(MEMORY_DERIVE, INIT_SLOT_DEVICE_FIRST, 0x101, 1, RIGHTS_ALL, table, slot));
        } else if (slot == 10) {
            EXPECT_OK(SYS(CAP_COPY, SELF, table, table, slot, RIGHTS_ALL & ~RIGHT_DESTROY, 0));
        } else {
            /* In its own OBJECT memory, wherever there is a free place of the class. */
            unsigned type = types[slot - 11 < 8 ? slot - 11 : 0];
            uint64_t page = chunks[2] + 100 + type;
            for (unsigned at = 0; at < 4; at++) {
                if (SYS(OBJECT_CREATE, MEMORY, page, at, type, type == OBJECT_CAPTABLE ? 8 : 0,
                        table, slot) == ERR_OK) {
                    break;
                }
            }
        }
    }
}

static unsigned kind_of(uint64_t chunk)
{
    uint64_t out[CALL_RESULTS];
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, chunk));
    return (unsigned)out[0];
}

static void clean_objects(uint64_t chunk)
{
    for (unsigned pass = 0; pass < 4; pass++) {
        for (unsigned page = 2; page < CHUNK_PAGES; page++) {
            uint64_t out[CALL_RESULTS];
            if (SYS_OUT(out, OBJECT_INFO, MEMORY, chunk + page) != ERR_OK) {
                continue;
            }
            for (unsigned slot = 0; slot < 64; slot++) {
                if ((out[1] >> slot & 1) != 0) {
                    err_t error = SYS(OBJECT_DESTROY, MEMORY, chunk + page, slot);
                    EXPECT(error == ERR_OK || (error == ERR_BUSY && pass < 3));
                }
            }
        }
    }
}

static void clean_tables(uint64_t chunk)
{
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 1; i < CHUNK_PAGES; i++) {
            (void)SYS(TABLE_DROP, MEMORY, chunk + i, half * 256, 256);
        }
    }
    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        err_t error = SYS(TABLE_FREE, MEMORY, chunk + i);
        EXPECT(error == ERR_OK || error == ERR_EMPTY);
    }
}

static void audit_now(void)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (kind_of(chunks[i]) == KIND_TABLE) {
            window_open(chunks[i]);
        }
    }
    audit_tables();
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (kind_of(chunks[i]) == KIND_TABLE) {
            window_close(chunks[i]);
        }
    }
}

static void clean(void)
{
    for (unsigned slot = 1; slot < TABLE_SLOTS; slot++) {
        (void)SYS(CAP_DELETE, table, slot);
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (kind_of(chunks[i]) == KIND_OBJECT) {
            clean_objects(chunks[i]);
        }
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        if (kind_of(chunks[i]) == KIND_TABLE) {
            clean_tables(chunks[i]);
        }
    }
    for (unsigned i = 0; i < CHUNKS; i++) {
        uint64_t out[CALL_RESULTS];
        err_t error = SYS_OUT(out, MEMORY_RETYPE, MEMORY, chunks[i], KIND_USER);
        if (error != ERR_OK) {
            fail("chunk 0x%lx does not come back: %u, offender 0x%lx index %lu", chunks[i],
                 (unsigned)error, out[0], out[1]);
        }
    }
}

static void hundred_thousand(void)
{
    random_seed = argument_value("seed=", 1);
    say("# seed %lu (another: boot argument seed=)\n", random_seed);
    for (unsigned i = 0; i < CHUNKS; i++) {
        chunks[i] = chunk_new();
    }
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunks[1], KIND_TABLE));
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunks[2], KIND_OBJECT));
    table = object_new(OBJECT_CAPTABLE, TABLE_SLOTS);
    area_space = space_new().slot;
    struct worker *worker = worker_new(attack);
    EXPECT_OK(SYS(THREAD_CONFIGURE, worker->thread, area_space, table, 0, 0, WORKER_PRIORITY, 0));
    supply();
    worker_start_at(worker);
    uint64_t last = 0, since = time_now();
    while (!worker->finished) {
        pause_ticks(ticks_of_ms(2));
        if (epoch_done > last) {
            last = epoch_done;
            since = time_now();
            supply();
            if (last % 10 == 0) {
                audit_now();
            }
            epoch_wanted = last;
        } else if (time_now() - since > ticks_of_ms(20000)) {
            fail("no end of epoch %lu: thread state %lu after %lu calls", last + 1,
                 worker_state(worker), worker->result[0]);
            break;
        }
    }
    say("# %lu calls, %lu of them answered OK\n", worker->result[0], worker->result[1]);
    EXPECT_EQUAL(worker->result[0], EPOCHS * CALLS_AN_EPOCH);
    EXPECT(worker->result[1] > EPOCHS * CALLS_AN_EPOCH / 50);
    EXPECT_EQUAL(worker->result[2], 0); /* call << 32 | register that changed */
    EXPECT_EQUAL(worker->result[3], 0);
    EXPECT_EQUAL(worker->result[4], 0); /* call << 32 | an answer that is no error */
    object_destroy(worker->thread);
    clean();
}

TESTS(TEST(hundred_thousand, "100,000 hostile calls leave every book in order"));
