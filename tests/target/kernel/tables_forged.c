/* test: MEM=64M */
/* Each way to forge a table that the design names, and each refusal of the table calls. After each
 * test the recount (T1..T5) must still hold, so a forgery that got through shows twice. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

/* The calls that take (memory, table, index, entries...). */
static const unsigned on_tables[] = {SYS_TABLE_MAP,       SYS_TABLE_MAP_RUN, SYS_TABLE_MAP_DEVICE,
                                     SYS_TABLE_MAP_CHUNK, SYS_TABLE_LINK,    SYS_TABLE_LAZY,
                                     SYS_TABLE_THAW,      SYS_TABLE_COPY,    SYS_TABLE_PROTECT,
                                     SYS_TABLE_DROP,      SYS_TABLE_MARK,    SYS_TABLE_FREE};
enum { ON_TABLES = sizeof(on_tables) / sizeof(on_tables[0]) };

static unsigned level_wanted(unsigned number)
{
    bool middle = number == SYS_TABLE_MAP_CHUNK || number == SYS_TABLE_LINK ||
                  number == SYS_TABLE_LAZY || number == SYS_TABLE_THAW || number == SYS_TABLE_COPY;
    return middle ? TABLE_LEVEL_MIDDLE : TABLE_LEVEL_LEAF;
}

/* A call that would succeed on a table of the wanted level at that index. */
static err_t on_table(unsigned number, uint64_t memory, uint64_t table, uint64_t index,
                      uint64_t entries)
{
    uint64_t frame = frame_new();
    switch (number) {
    case SYS_TABLE_MAP:
    case SYS_TABLE_MAP_RUN:
        return call_kernel(number, ARGUMENTS(memory, table, index, entries, map_word(frame, MAP_R)),
                           out);
    case SYS_TABLE_MAP_DEVICE:
        (void)SYS_OUT(out, CAP_INFO, SELF, INIT_SLOT_DEVICE_FIRST);
        return call_kernel(
            number, ARGUMENTS(memory, table, index, entries, INIT_SLOT_DEVICE_FIRST, out[3], MAP_R),
            out);
    case SYS_TABLE_MAP_CHUNK:
        return SYS(TABLE_MAP_CHUNK, memory, table, index,
                   map_word(frame / CHUNK_PAGES * CHUNK_PAGES, MAP_R));
    case SYS_TABLE_LINK:
        return SYS(TABLE_LINK, memory, table, index, table_new(0), 0);
    case SYS_TABLE_COPY:
        return SYS(TABLE_COPY, memory, table, table_new(1), 0);
    case SYS_TABLE_MARK:
        return SYS(TABLE_MARK, memory, table, index, 0x1000);
    case SYS_TABLE_FREE:
        return SYS(TABLE_FREE, memory, table);
    default:
        return call_kernel(number, ARGUMENTS(memory, table, index, entries), out);
    }
}

static void expect_on(unsigned number, uint64_t memory, uint64_t table, uint64_t index,
                      uint64_t entries, err_t wanted)
{
    err_t got = on_table(number, memory, table, index, entries);
    if (got != wanted) {
        fail("call %u on table 0x%lx, index %lu, entries %lu answers %u, not %u", number, table,
             index, entries, (unsigned)got, (unsigned)wanted);
    }
}

static void outside_the_range(void)
{
    uint64_t table = table_new(0), middle = table_new(1);
    uint64_t narrow = slot_new();
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, frame_new(), 1, RIGHTS_ALL, SELF, narrow));
    for (unsigned i = 0; i < ON_TABLES; i++) {
        uint64_t good = level_wanted(on_tables[i]) == 0 ? table : middle;
        expect_on(on_tables[i], narrow, good, 0, 1, ERR_RANGE);
        expect_on(on_tables[i], MEMORY, 1, 0, 1, ERR_RANGE);
        expect_on(on_tables[i], MEMORY, 1ul << 26, 0, 1, ERR_RANGE);
        expect_on(on_tables[i], MEMORY, 1ul << 52 | good, 0, 1, ERR_RANGE);
        expect_on(on_tables[i], MEMORY, ~0ul, 0, 1, ERR_RANGE);
    }
    EXPECT_ERROR(SYS(TABLE_CREATE, narrow, table_frame_new(), 0), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, ~0ul, 0), ERR_RANGE);
    /* The frame to be mapped, or the child, outside. */
    uint64_t tables = slot_new();
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, own_table_chunk(), CHUNK_PAGES, RIGHTS_ALL, SELF, tables));
    EXPECT_ERROR(SYS(TABLE_MAP, tables, table, 0, 1, map_word(frame_new(), MAP_R)), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_MAP_RUN, tables, table, 0, 2, map_word(frame_new(), MAP_R)), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, tables, middle, 0, map_word(chunk_new(), MAP_R)), ERR_RANGE);
    uint64_t few = slot_new();
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, table, 1, RIGHTS_ALL, SELF, few));
    EXPECT_ERROR(SYS(TABLE_COPY, few, table, table_new(0), 0), ERR_RANGE);
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, middle, 1, RIGHTS_ALL, SELF, slot_new()));
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, 1, 0), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, ~0ul, 0), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(1, MAP_R)), ERR_RANGE);
    EXPECT_EQUAL(table_pointer(table)[0], 0);
}

static void index_out_of_range(void)
{
    static const uint64_t cases[][2] = {{512, 1}, {511, 2}, {~0ul, 1}, {1, ~0ul}, {1ul << 63, 1}};
    uint64_t table = table_new(0), middle = table_new(1);
    for (unsigned i = 0; i < ON_TABLES; i++) {
        for (unsigned c = 0; c < 5 && on_tables[i] != SYS_TABLE_FREE; c++) {
            if (on_tables[i] == SYS_TABLE_COPY) { /* all of a table */
                continue;
            }
            bool one = on_tables[i] == SYS_TABLE_LINK || on_tables[i] == SYS_TABLE_MARK ||
                       on_tables[i] == SYS_TABLE_MAP_CHUNK;
            if ((one && cases[c][0] < 512) || (on_tables[i] == SYS_TABLE_MAP && cases[c][1] > 16)) {
                continue;
            }
            uint64_t good = level_wanted(on_tables[i]) == 0 ? table : middle;
            expect_on(on_tables[i], MEMORY, good, cases[c][0], cases[c][1], ERR_RANGE);
        }
    }
}

static void other_kinds(void)
{
    const uint64_t frames[] = {frame_new(), own_object_chunk() + 2, chunk_of_kind(KIND_KERNEL),
                               chunk_of_kind(KIND_KERNEL) + 1};
    for (unsigned i = 0; i < ON_TABLES; i++) {
        for (unsigned f = 0; f < 4; f++) {
            expect_on(on_tables[i], MEMORY, frames[f], 0, 1, ERR_KIND);
        }
    }
    for (unsigned f = 0; f < 4; f++) {
        EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, frames[f], 0), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, table_new(1), 0, frames[f], 0), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, table_new(1), 0, frames[f], 1), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_COPY, MEMORY, table_new(1), frames[f], 0), ERR_KIND);
    }
}

static void other_levels(void)
{
    uint64_t free_frame = table_frame_new();
    uint64_t records = own_table_chunk();
    for (unsigned i = 0; i < ON_TABLES; i++) {
        if (on_tables[i] == SYS_TABLE_FREE) {
            EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, free_frame), ERR_EMPTY);
            EXPECT(SYS(TABLE_FREE, MEMORY, records) != ERR_OK);
            continue;
        }
        expect_on(on_tables[i], MEMORY, free_frame, 0, 1, ERR_LEVEL);
        EXPECT(on_table(on_tables[i], MEMORY, records, 0, 1) != ERR_OK);
        unsigned wanted = level_wanted(on_tables[i]);
        if (on_tables[i] != SYS_TABLE_DROP && on_tables[i] != SYS_TABLE_MARK) {
            expect_on(on_tables[i], MEMORY, table_new(1 - wanted), 0, 1, ERR_LEVEL);
        }
        if (wanted == 0 && on_tables[i] != SYS_TABLE_DROP && on_tables[i] != SYS_TABLE_MARK) {
            expect_on(on_tables[i], MEMORY, table_new(2), 0, 1, ERR_LEVEL);
        }
    }
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, table_new(2), 0, map_word(chunk_new(), MAP_R)),
                 ERR_LEVEL);
    EXPECT(SYS(TABLE_CREATE, MEMORY, records, 0) != ERR_OK);
    EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, free_frame, 3), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, free_frame, ~0ul), ERR_ARGUMENT);
    EXPECT_OK(SYS(TABLE_CREATE, MEMORY, free_frame, 0));
    EXPECT_ERROR(SYS(TABLE_CREATE, MEMORY, free_frame, 0), ERR_OCCUPIED);
}

static void rights_forged(void)
{
    uint64_t table = table_new(0), middle = table_new(1), frame = frame_new();
    static const unsigned bad[] = {
        0, MAP_W, MAP_X, MAP_W | MAP_X, MAP_R | MAP_W | MAP_X, MAP_SOFT0, MAP_SOFT0 | MAP_SOFT1};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bad[i] != MAP_X) { /* X alone is a leaf; T3 wants R with it: refused or given R */
            EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, i, 1, map_word(frame, bad[i])),
                         ERR_ARGUMENT);
            EXPECT_ERROR(SYS(TABLE_MAP_RUN, MEMORY, table, i, 1, map_word(frame, bad[i])),
                         ERR_ARGUMENT);
            EXPECT_EQUAL(table_pointer(table)[i], 0);
        } else {
            (void)SYS(TABLE_MAP, MEMORY, table, i, 1, map_word(frame, bad[i]));
        }
        uint64_t chunk = frame / CHUNK_PAGES * CHUNK_PAGES;
        EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, i, map_word(chunk, bad[i])),
                     ERR_ARGUMENT);
        EXPECT_EQUAL(table_pointer(middle)[i], 0);
    }
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 0, map_word(frame, MAP_R)), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 17, map_word(frame, MAP_R)), ERR_ARGUMENT);
    uint64_t weak = slot_copy(MEMORY, RIGHTS_ALL & ~RIGHT_WRITE, 0);
    EXPECT_ERROR(SYS(TABLE_MAP, weak, table, 9, 1, map_word(frame, MAP_R | MAP_W)), ERR_RIGHTS);
    EXPECT_ERROR(SYS(TABLE_MAP_RUN, weak, table, 9, 1, map_word(frame, MAP_R | MAP_W)), ERR_RIGHTS);
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, weak, middle, 9,
                     map_word(frame / CHUNK_PAGES * CHUNK_PAGES, MAP_R | MAP_W)),
                 ERR_RIGHTS);
    EXPECT_OK(SYS(TABLE_MAP, weak, table, 9, 1, map_word(frame, MAP_R)));
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 0, map_word(frame | 1, MAP_R)), ERR_ALIGN);
}

static void frames_forged(void)
{
    uint64_t table = table_new(0), middle = table_new(1);
    uint64_t kernel = chunk_of_kind(KIND_KERNEL), object = own_object_chunk();
    for (unsigned i = 0; i < CHUNK_PAGES; i += 37) {
        EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(kernel + i, MAP_R)), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(object + i, MAP_R)), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_MAP_RUN, MEMORY, table, 0, 1, map_word(object + i, MAP_R | MAP_W)),
                     ERR_KIND);
    }
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 0, map_word(kernel, MAP_R)), ERR_KIND);
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 0, map_word(object, MAP_R)), ERR_KIND);
    uint64_t firmware = chunk_of_kind(KIND_FIRMWARE);
    if (firmware != 0) {
        EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(firmware, MAP_R)), ERR_KIND);
        EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 0, map_word(firmware, MAP_R)), ERR_KIND);
    }
    /* A table frame: to be read only, whoever asks. */
    EXPECT(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(table, MAP_R | MAP_W)) != ERR_OK);
    EXPECT(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(table, MAP_R | MAP_X)) != ERR_OK);
    EXPECT(SYS(TABLE_MAP_RUN, MEMORY, table, 0, 1, map_word(table, MAP_R | MAP_W)) != ERR_OK);
    EXPECT(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 0, map_word(own_table_chunk(), MAP_R | MAP_W)) !=
           ERR_OK);
    /* A run that begins in USER and ends in another kind. */
    uint64_t chunk = chunk_new();
    uint64_t last = chunk + CHUNK_PAGES - 1;
    EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, chunk, KIND_OBJECT));
    uint64_t before = chunk_of_kind(KIND_USER);
    (void)before;
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(last, MAP_R)), ERR_KIND);
    EXPECT_EQUAL(table_pointer(table)[0], 0);
    EXPECT_EQUAL(table_pointer(middle)[0], 0);
}

static void devices_forged(void)
{
    static const uint64_t barred[] = {0x2000, 0x200f, 0xc000, 0xc200,
                                      0xc5ff}; /* CLINT, PLIC of virt */
    uint64_t table = table_new(0);
    unsigned count = boot_info()->device_count;
    for (unsigned d = 0; d < count; d++) {
        uint64_t slot = INIT_SLOT_DEVICE_FIRST + d;
        for (unsigned i = 0; i < 5; i++) {
            EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, barred[i], MAP_R),
                         ERR_RANGE);
        }
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, frame_new(), MAP_R),
                     ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, own_object_chunk(), MAP_R),
                     ERR_RANGE);
        EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, slot));
        uint64_t first = out[3], frames = out[4];
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 2, slot, first + frames - 1, MAP_R),
                     ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, first - 1, MAP_R), ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, first, 0), ERR_ARGUMENT);
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, first, MAP_W), ERR_ARGUMENT);
        EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, slot, first, MAP_R | MAP_X),
                     ERR_ARGUMENT);
    }
    uint64_t weak = slot_copy(INIT_SLOT_DEVICE_FIRST, RIGHTS_ALL & ~RIGHT_WRITE, 0);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, weak));
    EXPECT_ERROR(SYS(TABLE_MAP_DEVICE, MEMORY, table, 0, 1, weak, out[3], MAP_R | MAP_W),
                 ERR_RIGHTS);
    EXPECT_EQUAL(table_pointer(table)[0], 0);
}

static void links_forged(void)
{
    uint64_t root = table_new(2), middle = table_new(1), table = table_new(0);
    uint64_t free_frame = table_frame_new();
    for (unsigned lazy = 0; lazy < 2; lazy++) {
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, root, 0, root, lazy), ERR_LEVEL); /* itself */
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, middle, lazy), ERR_LEVEL);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, table, 0, table, lazy), ERR_LEVEL);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, root, lazy), ERR_LEVEL); /* its parent */
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, root, 0, table, lazy), ERR_LEVEL);  /* one skipped */
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, table, 0, middle, lazy), ERR_LEVEL);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, free_frame, lazy), ERR_LEVEL);
        EXPECT(SYS(TABLE_LINK, MEMORY, middle, 0, own_table_chunk(), lazy) != ERR_OK); /* records */
    }
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, table, 2), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, table, ~0ul), ERR_ARGUMENT);
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 8, map_word(chunk_new(), MAP_R)));
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 8, table, 0), ERR_OCCUPIED);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 9, table, 1));
    EXPECT_ERROR(SYS(TABLE_MAP_CHUNK, MEMORY, middle, 9, map_word(chunk_new(), MAP_R)),
                 ERR_OCCUPIED);
    EXPECT_ERROR(SYS(TABLE_MARK, MEMORY, middle, 9, 0x1000), ERR_OCCUPIED);
    EXPECT_EQUAL(table_record(table)->count, 1);
    EXPECT_EQUAL(table_record(root)->groups, 0);
}

static void root_kernel_half(void)
{
    uint64_t root = table_new(2), other = table_new(2), middle = table_new(1);
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i += 17) {
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, root, i, middle, 0), ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, root, i, middle, 1), ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_DROP, MEMORY, root, i, 1), ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_LAZY, MEMORY, root, i, 1), ERR_RANGE);
        EXPECT_ERROR(SYS(TABLE_THAW, MEMORY, root, i, 1), ERR_RANGE);
        EXPECT(SYS(TABLE_MARK, MEMORY, root, i, 0x1000) != ERR_OK);
    }
    EXPECT_ERROR(SYS(TABLE_DROP, MEMORY, root, 0, TABLE_ENTRIES), ERR_RANGE);
    EXPECT_ERROR(SYS(TABLE_LAZY, MEMORY, root, 255, 2), ERR_RANGE);
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, other, root, 0));
    EXPECT_EQUAL(out[0], 0);                                                /* of the user's half */
    EXPECT(table_pointer(root)[511] != 0 || table_pointer(root)[508] != 0); /* it is the kernel's */
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i++) {
        EXPECT_EQUAL(table_pointer(root)[i], table_pointer(own_root())[i]);
    }
}

static void lazy_forged(void)
{
    uint64_t middle = table_new(1), table = table_new(0), victim = table_new(0);
    static const uint64_t low[] = {1, 2, 3, PTE_LAZY | PTE_U, PTE_V | PTE_R};
    for (unsigned i = 0; i < 5; i++) {
        uint64_t value = victim << PTE_FRAME_SHIFT | low[i];
        EXPECT_ERROR(SYS(TABLE_MARK, MEMORY, middle, 0, value), ERR_ARGUMENT);
        EXPECT_ERROR(SYS(TABLE_MARK, MEMORY, table, 0, value), ERR_ARGUMENT);
    }
    EXPECT_ERROR(SYS(TABLE_MARK, MEMORY, table, 0, 0), ERR_ARGUMENT);
    /* The nearest that is allowed: it never becomes valid, nor counts, nor is a reference. */
    uint64_t mark = victim << PTE_FRAME_SHIFT;
    EXPECT_OK(SYS(TABLE_MARK, MEMORY, middle, 0, mark));
    EXPECT_OK(SYS_OUT(out, TABLE_THAW, MEMORY, middle, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 0);
    EXPECT_OK(SYS_OUT(out, TABLE_LAZY, MEMORY, middle, 0, TABLE_ENTRIES));
    EXPECT_EQUAL(out[0], 0);
    EXPECT_EQUAL(table_pointer(middle)[0], mark);
    EXPECT_EQUAL(table_record(victim)->count, 0);
    EXPECT_OK(SYS(TABLE_FREE, MEMORY, victim));
}

static void copies_forged(void)
{
    uint64_t source = table_new(1), target = table_new(1), child = table_new(0),
             mine = table_new(0);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, source, 40, child, 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, target, 40, mine, 0));
    EXPECT_OK(SYS_OUT(out, TABLE_COPY, MEMORY, target, source, 0)); /* over one's own */
    EXPECT_EQUAL(out[0], 0);
    EXPECT_EQUAL(table_pointer(target)[40] >> PTE_FRAME_SHIFT, mine);
    EXPECT_EQUAL(table_pointer(source)[40], child << PTE_FRAME_SHIFT | PTE_V);
    EXPECT_EQUAL(table_record(child)->count, 1);
    EXPECT_EQUAL(table_record(mine)->count, 1);
    EXPECT(SYS(TABLE_COPY, MEMORY, source, source, 0) != ERR_OK); /* onto itself */
    EXPECT_EQUAL(table_record(child)->count, 1);
    EXPECT_OK(SYS(TABLE_MAP_CHUNK, MEMORY, source, 100, map_word(chunk_new(), MAP_R)));
    EXPECT_ERROR(SYS(TABLE_COPY, MEMORY, target, source, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(TABLE_COPY, MEMORY, table_new(2), source, 0), ERR_LEVEL);
    EXPECT_ERROR(SYS(TABLE_COPY, MEMORY, target, table_frame_new(), 0), ERR_LEVEL);
}

static void frees_forged(void)
{
    uint64_t root = table_new(2), middle = table_new(1), table = table_new(0);
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, root, 0, middle, 1));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, middle, 511, table, 0));
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, table), ERR_BUSY);  /* named by a valid entry */
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, middle), ERR_BUSY); /* named by a lazy one */
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, root), ERR_BUSY);   /* names one */
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, root, 0, 1));
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, middle), ERR_BUSY); /* count 0, but names one */
    EXPECT_EQUAL(table_record(table)->count, 1);
    uint64_t space = object_new(OBJECT_SPACE, 0);
    EXPECT_OK(SYS(SPACE_SET_ROOT, space, MEMORY, root));
    EXPECT_EQUAL(table_record(root)->count, 1);
    EXPECT_EQUAL(table_record(root)->space, 1);
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, root), ERR_BUSY); /* a space's */
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, middle, 511, 1));
    EXPECT_OK(SYS(TABLE_FREE, MEMORY, table));
    EXPECT_ERROR(SYS(TABLE_MAP, MEMORY, table, 0, 1, map_word(frame_new(), MAP_R)),
                 ERR_LEVEL); /* freed */
    EXPECT_ERROR(SYS(TABLE_LINK, MEMORY, middle, 0, table, 0), ERR_LEVEL);
    EXPECT_ERROR(SYS(TABLE_FREE, MEMORY, table), ERR_EMPTY); /* twice */
}

static void roots_forged(void)
{
    uint64_t space = object_new(OBJECT_SPACE, 0), second = object_new(OBJECT_SPACE, 0);
    uint64_t root = table_new(2);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, table_new(1)), ERR_LEVEL);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, table_new(0)), ERR_LEVEL);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, table_frame_new()), ERR_LEVEL);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, frame_new()), ERR_KIND);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, own_object_chunk()), ERR_KIND);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, ~0ul), ERR_RANGE);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, own_root()), ERR_BUSY); /* init's */
    EXPECT_OK(SYS(SPACE_SET_ROOT, space, MEMORY, root));
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, table_new(2)), ERR_BUSY);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, second, MEMORY, root), ERR_BUSY);
    EXPECT_OK(SYS(SPACE_FLUSH, space, AREA, 16));
    EXPECT_OK(SYS(SPACE_FLUSH, space, AREA, 1000));
    EXPECT_OK(SYS(SPACE_FLUSH, space, 0, 0));
    EXPECT_ERROR(SYS(SPACE_FLUSH, space, 1ul << 40, 1), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(SPACE_FLUSH, space, ~0ul, 1), ERR_ARGUMENT);
    object_destroy(space);
    EXPECT_EQUAL(table_record(root)->count, 0);
    EXPECT_EQUAL(table_record(root)->space, 0);
    EXPECT_OK(SYS(SPACE_SET_ROOT, second, MEMORY, root));
}

TESTS(TEST(outside_the_range, "a table, frame or child outside the capability is refused"),
      TEST(index_out_of_range, "an index or length beyond 512 is refused, overflow included"),
      TEST(other_kinds, "no frame of another kind is taken for a table"),
      TEST(other_levels, "no table of another level, and no free frame, is taken for a table"),
      TEST(rights_forged, "no leaf without R, none with W and X, none wider than the capability"),
      TEST(frames_forged, "no kernel, object or firmware frame is mapped, no table frame writable"),
      TEST(devices_forged, "no device range reaches RAM, the interrupt controller or the timer"),
      TEST(links_forged,
           "no table links itself, its parent, a skipped level, a free frame, a record"),
      TEST(root_kernel_half,
           "the kernel's half of a root cannot be linked, dropped, copied or marked"),
      TEST(lazy_forged, "no entry of the pager's own becomes lazy or valid"),
      TEST(copies_forged,
           "a copy onto used entries, itself, 2 MiB leaves or other levels is refused"),
      TEST(frees_forged, "a table that is named, names one or is a space's root is not freed"),
      TEST(roots_forged, "only a root of nobody becomes a space's root, once"));
