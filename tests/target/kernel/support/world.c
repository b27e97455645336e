/* The world of a kernel test: memory, tables, objects and spaces. See world.h. */
#include "support/world.h"

#include "support/test.h"

enum {
    SLOT_FIRST = 64,
    SLOT_DEAD = 1000,
    SLOT_EMPTY = 1001,
    SLOT_LAST = 999,
    SPARE_MAX = 4096,
    OBJECT_PAGE_FIRST = 2, /* pages 0 and 1 of an OBJECT chunk are its maps */
    TAKEN_MAX = 64,
};

static const struct boot_info *const info = (const void *)INIT_BOOT_INFO;

static uint64_t spare[SPARE_MAX]; /* first frames of USER chunks that nobody uses */
static unsigned spare_count;
static unsigned spare_next, spare_marked;

static uint64_t root_frame, table_chunk, table_next, table_marked;
static uint64_t object_chunk;
static uint16_t page_class[CHUNK_PAGES]; /* 0: none yet; object pages of object_chunk */
static uint64_t page_live[CHUNK_PAGES], page_marked[CHUNK_PAGES];
static uint64_t pool_chunk, pool_frames, frame_next, frame_marked;
static uint64_t slot_next = SLOT_FIRST, slot_marked;
static struct place slot_place[SLOT_EMPTY + 1];
static uint64_t window_middle[256]; /* level-1 tables of the window, by root index */
static struct space area;
static uint64_t used_marked[2];
uint64_t pause_notification;

const struct boot_info *boot_info(void)
{
    return info;
}

/* What follows the name in the boot arguments; NULL: it is not there. */
static const char *argument_find(const char *name)
{
    for (const char *p = info->arguments; *p != 0; p++) {
        unsigned i = 0;
        while (name[i] != 0 && p[i] == name[i]) {
            i++;
        }
        if (name[i] == 0 && (p == info->arguments || p[-1] == ' ')) {
            return p + i;
        }
    }
    return NULL;
}

bool argument_given(const char *name)
{
    return argument_find(name) != NULL;
}

uint64_t argument_value(const char *name, uint64_t otherwise)
{
    const char *digits = argument_find(name);
    uint64_t value = 0;
    while (digits != NULL && *digits >= '0' && *digits <= '9') {
        value = value * 10 + (uint64_t)(*digits++ - '0');
    }
    return digits == NULL ? otherwise : value;
}

static void demand(bool holds, const char *what)
{
    if (!holds) {
        say("Bail out! set-up: %s\n", what);
        finish();
    }
}

/* ------------------------------------------------------------------------- slots */
uint64_t slot_new(void)
{
    demand(slot_next < SLOT_LAST, "no capability slot left");
    return slot_next++;
}

uint64_t slot_dead(void)
{
    return SLOT_DEAD;
}

uint64_t slot_empty(void)
{
    return SLOT_EMPTY;
}

uint64_t slot_copy(uint64_t slot, uint64_t rights, uint64_t badge)
{
    uint64_t copy = slot_new();
    EXPECT_OK(SYS(CAP_COPY, SELF, slot, SELF, copy, rights, badge));
    return copy;
}

/* ----------------------------------------------------------------------- objects */
static uint64_t object_bytes(unsigned type, uint64_t capacity)
{
    switch (type) {
    case OBJECT_THREAD:
        return OBJECT_BYTES_THREAD;
    case OBJECT_SPACE:
        return OBJECT_BYTES_SPACE;
    case OBJECT_TIMER:
        return OBJECT_BYTES_TIMER;
    case OBJECT_CAPTABLE:
        return capacity * 32;
    default:
        return OBJECT_BYTES_ENDPOINT;
    }
}

static uint64_t slots_of_page(uint64_t bytes)
{
    return bytes >= PAGE_BYTES ? 1 : PAGE_BYTES / bytes;
}

struct place object_place(uint64_t bytes)
{
    uint64_t pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    for (unsigned i = OBJECT_PAGE_FIRST; pages == 1 && i < CHUNK_PAGES; i++) {
        for (unsigned slot = 0; page_class[i] == bytes && slot < slots_of_page(bytes); slot++) {
            if ((page_live[i] >> slot & 1) == 0) {
                page_live[i] |= 1ul << slot;
                return (struct place){object_chunk + i, slot};
            }
        }
    }
    for (unsigned i = OBJECT_PAGE_FIRST; i + pages <= CHUNK_PAGES; i++) {
        bool fresh = true;
        for (unsigned p = 0; p < pages; p++) {
            fresh = fresh && page_class[i + p] == 0;
        }
        if (!fresh) {
            continue;
        }
        for (unsigned p = 0; p < pages; p++) {
            page_class[i + p] = (uint16_t)(bytes > PAGE_BYTES ? 0xffff : bytes);
        }
        page_live[i] = 1;
        return (struct place){object_chunk + i, 0};
    }
    demand(false, "no object page left");
    return (struct place){0, 0};
}

void object_forget(struct place place)
{
    page_live[place.page - object_chunk] &= ~(1ul << place.slot);
}

uint64_t object_new(unsigned type, uint64_t capacity)
{
    struct place place = object_place(object_bytes(type, capacity));
    uint64_t slot = slot_new();
    err_t error = SYS(OBJECT_CREATE, MEMORY, place.page, place.slot, type, capacity, SELF, slot);
    EXPECT_OK(error);
    if (error != ERR_OK) {
        object_forget(place);
    }
    slot_place[slot] = place;
    return slot;
}

struct place object_where(uint64_t slot)
{
    return slot_place[slot];
}

void object_destroy(uint64_t slot)
{
    EXPECT_OK(SYS(CAP_DESTROY, SELF, slot));
    object_forget(slot_place[slot]);
}

/* ------------------------------------------------------------- frames and tables */
uint64_t frame_new(void)
{
    demand(frame_next < pool_chunk + pool_frames, "no user frame left");
    return frame_next++;
}

void *frame_pointer(uint64_t frame)
{
    return (void *)(WINDOW + (frame << PAGE_SHIFT));
}

uint64_t table_frame_new(void)
{
    demand(table_next < table_chunk + CHUNK_PAGES, "no table frame left");
    return table_next++;
}

uint64_t table_new(unsigned level)
{
    uint64_t frame = table_frame_new();
    EXPECT_OK(SYS(TABLE_CREATE, MEMORY, frame, level));
    return frame;
}

const uint64_t *table_pointer(uint64_t frame)
{
    return frame_pointer(frame);
}

const struct table_record *table_record(uint64_t frame)
{
    const struct table_record *records = frame_pointer(frame / CHUNK_PAGES * CHUNK_PAGES);
    return &records[frame % CHUNK_PAGES];
}

uint64_t chunk_new(void)
{
    demand(spare_next < spare_count, "no spare chunk left");
    return spare[spare_next++];
}

uint64_t chunk_count_left(void)
{
    return spare_count - spare_next;
}

uint64_t own_root(void)
{
    return root_frame;
}

uint64_t own_table_chunk(void)
{
    return table_chunk;
}

uint64_t own_object_chunk(void)
{
    return object_chunk;
}

uint64_t chunk_of_kind(unsigned kind)
{
    for (unsigned i = 0; i < info->memory_count; i++) {
        for (uint64_t f = 0; f < info->memory[i].frames; f += CHUNK_PAGES) {
            uint64_t out[CALL_RESULTS];
            uint64_t chunk = info->memory[i].first_frame + f;
            if (SYS_OUT(out, MEMORY_INFO, MEMORY, chunk) == ERR_OK && out[0] == kind) {
                return chunk;
            }
        }
    }
    return 0;
}

/* ------------------------------------------------------------------------ set-up */
static bool overlaps(struct boot_range range, uint64_t chunk)
{
    return range.first_frame < chunk + CHUNK_PAGES && chunk < range.first_frame + range.frames;
}

static void spare_find(void)
{
    for (unsigned i = 0; i < info->memory_count; i++) {
        for (uint64_t f = 0; f + CHUNK_PAGES <= info->memory[i].frames; f += CHUNK_PAGES) {
            uint64_t chunk = info->memory[i].first_frame + f;
            uint64_t out[CALL_RESULTS];
            demand(SYS_OUT(out, MEMORY_INFO, MEMORY, chunk) == ERR_OK, "memory_info of RAM");
            if (out[0] == KIND_USER && !overlaps(info->archive, chunk) &&
                !overlaps(info->tree, chunk) && !overlaps(info->init_frames, chunk) &&
                spare_count < SPARE_MAX) {
                spare[spare_count++] = chunk;
            }
        }
    }
    demand(spare_count >= 8, "fewer than eight spare chunks");
}

static uint64_t boot_table_next;

static uint64_t boot_table_new(unsigned level)
{
    uint64_t frame = boot_table_next++;
    demand(SYS(TABLE_CREATE, MEMORY, frame, level) == ERR_OK, "table_create in boot's chunk");
    return frame;
}

static void window_map(uint64_t chunk, unsigned rights)
{
    uint64_t address = WINDOW + (chunk << PAGE_SHIFT);
    unsigned index = (unsigned)(address >> 30);
    if (window_middle[index] == 0) {
        uint64_t middle = boot_table_new(TABLE_LEVEL_MIDDLE);
        demand(SYS(TABLE_LINK, MEMORY, root_frame, index, middle, 0) == ERR_OK, "window link");
        window_middle[index] = middle;
    }
    demand(SYS(TABLE_MAP_CHUNK, MEMORY, window_middle[index], address >> 21 & 511,
               map_word(chunk, rights)) == ERR_OK,
           "table_map_chunk into the window");
}

void window_open(uint64_t chunk)
{
    window_map(chunk, MAP_R);
}

void window_close(uint64_t chunk)
{
    uint64_t address = WINDOW + (chunk << PAGE_SHIFT);
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, window_middle[address >> 30], address >> 21 & 511, 1));
    EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, 0, 0));
}

static void window_map_tables(void)
{
    for (unsigned i = 0; i < info->memory_count; i++) {
        for (uint64_t f = 0; f < info->memory[i].frames; f += CHUNK_PAGES) {
            uint64_t out[CALL_RESULTS];
            uint64_t chunk = info->memory[i].first_frame + f;
            if (SYS_OUT(out, MEMORY_INFO, MEMORY, chunk) == ERR_OK && out[0] == KIND_TABLE) {
                window_map(chunk, MAP_R);
            }
        }
    }
}

void world_setup(void)
{
    demand(info->version == BOOT_INFO_VERSION, "boot info has another version");
    boot_table_next = info->table_next_frame;
    root_frame = info->root_frame;
    spare_find();
    object_chunk = spare[--spare_count];
    table_chunk = spare[--spare_count];
    uint64_t high = spare[--spare_count];
    uint64_t low = spare[--spare_count];
    demand(low + CHUNK_PAGES == high, "the user pool is not contiguous");
    pool_chunk = frame_next = low;
    pool_frames = 2 * CHUNK_PAGES;
    demand(SYS(MEMORY_RETYPE, MEMORY, object_chunk, KIND_OBJECT) == ERR_OK, "retype to OBJECT");
    demand(SYS(MEMORY_RETYPE, MEMORY, table_chunk, KIND_TABLE) == ERR_OK, "retype to TABLE");
    window_map_tables();
    window_map(low, MAP_R | MAP_W);
    window_map(high, MAP_R | MAP_W);
    table_next = table_chunk + 1;

    area = (struct space){INIT_SLOT_SPACE, root_frame, table_new(TABLE_LEVEL_MIDDLE),
                          table_new(TABLE_LEVEL_LEAF)};
    demand(SYS(TABLE_LINK, MEMORY, area.middle, 0, area.leaf, 0) == ERR_OK, "area leaf");
    demand(SYS(TABLE_LINK, MEMORY, root_frame, AREA_ROOT_INDEX, area.middle, 0) == ERR_OK, "area");

    pause_notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t mortal = object_new(OBJECT_NOTIFICATION, 0);
    demand(SYS(CAP_COPY, SELF, mortal, SELF, SLOT_DEAD, 0xff, 0) == ERR_OK, "copy of a capability");
    object_destroy(mortal);
}

struct space own_area(void)
{
    return area;
}

/* ------------------------------------------------------------------------ spaces */
struct space space_new(void)
{
    struct space space = {.root = table_new(TABLE_LEVEL_ROOT),
                          .middle = table_new(TABLE_LEVEL_MIDDLE),
                          .leaf = table_new(TABLE_LEVEL_LEAF)};
    for (unsigned i = 0; i < ROOT_USER_ENTRIES; i++) {
        uint64_t entry = table_pointer(root_frame)[i];
        if (i != AREA_ROOT_INDEX && (entry & PTE_V) != 0) {
            EXPECT_OK(SYS(TABLE_LINK, MEMORY, space.root, i, entry_frame(entry), 0));
        }
    }
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, space.middle, 0, space.leaf, 0));
    EXPECT_OK(SYS(TABLE_LINK, MEMORY, space.root, AREA_ROOT_INDEX, space.middle, 0));
    space.slot = object_new(OBJECT_SPACE, 0);
    EXPECT_OK(SYS(SPACE_SET_ROOT, space.slot, MEMORY, space.root));
    return space;
}

void area_map(const struct space *space, unsigned page, uint64_t frame, unsigned rights)
{
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, space->leaf, page, 1, map_word(frame, rights)));
    EXPECT_OK(SYS(SPACE_FLUSH, space->slot, AREA + page * PAGE_BYTES, 1));
}

/* -------------------------------------------------------------- marking and undoing */
static uint64_t used_of(uint64_t chunk)
{
    uint64_t out[CALL_RESULTS];
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, chunk));
    return out[1];
}

void world_mark(void)
{
    spare_marked = spare_next;
    table_marked = table_next;
    frame_marked = frame_next;
    slot_marked = slot_next;
    for (unsigned i = 0; i < CHUNK_PAGES; i++) {
        page_marked[i] = page_live[i];
    }
    used_marked[0] = used_of(object_chunk);
    used_marked[1] = used_of(table_chunk);
}

/* Threads before what they are bound to: so in two passes, and whoever is BUSY at the end fails. */
static void undo_objects(void)
{
    for (unsigned pass = 0; pass < 3; pass++) {
        for (unsigned i = OBJECT_PAGE_FIRST; i < CHUNK_PAGES; i++) {
            uint64_t made = page_live[i] & ~page_marked[i];
            bool now = pass != 0 || page_class[i] == OBJECT_BYTES_THREAD;
            for (unsigned slot = 0; now && slot < 64; slot++) {
                if ((made >> slot & 1) == 0) {
                    continue;
                }
                err_t error = SYS(OBJECT_DESTROY, MEMORY, object_chunk + i, slot);
                if (error == ERR_OK) {
                    page_live[i] &= ~(1ul << slot);
                } else if (pass == 2 || error != ERR_BUSY) {
                    fail("W1: object page %u slot %u: destroy answers %u", i, slot,
                         (unsigned)error);
                    page_live[i] &= ~(1ul << slot);
                }
            }
        }
    }
}

static void undo_tables(void)
{
    for (int level = TABLE_LEVEL_ROOT; level >= 0; level--) {
        for (uint64_t f = table_marked; f < table_next; f++) {
            if (table_record(f)->state != level + 1) {
                continue;
            }
            unsigned entries = level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
            EXPECT_OK(SYS(TABLE_DROP, MEMORY, f, 0, entries));
            EXPECT_OK(SYS(TABLE_FREE, MEMORY, f));
        }
    }
    EXPECT_OK(SYS(TABLE_DROP, MEMORY, area.leaf, 0, TABLE_ENTRIES));
    EXPECT_OK(SYS(SPACE_FLUSH, INIT_SLOT_SPACE, 0, 0));
    table_next = table_marked;
}

static void undo_chunks(void)
{
    for (unsigned i = spare_marked; i < spare_next; i++) {
        uint64_t out[CALL_RESULTS];
        EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, spare[i]));
        if (out[0] != KIND_USER) {
            EXPECT_OK(SYS(MEMORY_RETYPE, MEMORY, spare[i], KIND_USER));
        }
    }
    spare_next = spare_marked;
}

void world_undo(void)
{
    for (uint64_t slot = slot_marked; slot < slot_next; slot++) {
        err_t error = SYS(CAP_DELETE, SELF, slot);
        EXPECT(error == ERR_OK || error == ERR_CAP_EMPTY);
    }
    undo_objects();
    undo_tables();
    undo_chunks();
    slot_next = slot_marked;
    frame_next = frame_marked;
    for (unsigned i = OBJECT_PAGE_FIRST; i < CHUNK_PAGES; i++) {
        uint64_t out[CALL_RESULTS];
        EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, object_chunk + i));
        if (out[1] != page_live[i] || page_live[i] != page_marked[i]) {
            fail("W1: object page %u: live 0x%lx, the tests made 0x%lx, there were 0x%lx", i,
                 out[1], page_live[i], page_marked[i]);
            page_live[i] = page_marked[i] = out[1];
        }
    }
    if (used_of(object_chunk) != used_marked[0] || used_of(table_chunk) != used_marked[1]) {
        fail("W1: used pages %lu, tables %lu; before the test %lu, %lu", used_of(object_chunk),
             used_of(table_chunk), used_marked[0], used_marked[1]);
    }
}
