/* test: MEM=64M */
/* Capabilities and objects: copies with fewer rights, badges, moves, tables of them, creation in
 * named slots, destruction that kills every copy, and what is refused. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

static uint64_t rights_of(uint64_t slot)
{
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, slot));
    return out[1];
}

static void rights_only_shrink(void)
{
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0);
    EXPECT_EQUAL(rights_of(endpoint), RIGHTS_ALL);
    uint64_t weak = slot_copy(endpoint, RIGHT_GRANT | RIGHT_CALL, 0);
    EXPECT_EQUAL(rights_of(weak), RIGHT_GRANT | RIGHT_CALL);
    uint64_t again = slot_copy(weak, RIGHTS_ALL, 0);
    EXPECT_EQUAL(rights_of(again), RIGHT_GRANT | RIGHT_CALL);
    uint64_t last = slot_copy(weak, RIGHT_CALL, 0);
    uint64_t free_slot = slot_new();
    EXPECT_ERROR(SYS(CAP_COPY, SELF, last, SELF, free_slot, RIGHTS_ALL, 0), ERR_RIGHTS); /* GRANT */
    EXPECT_ERROR(SYS(CAP_COPY, SELF, weak, SELF, free_slot, RIGHTS_ALL, 5),
                 ERR_RIGHTS); /* MANAGE */
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, weak), ERR_RIGHTS);
    EXPECT_ERROR(SYS(CAP_INFO, SELF, free_slot), ERR_CAP_EMPTY);
    EXPECT_OK(SYS(CAP_MOVE, SELF, last, SELF, free_slot)); /* to move needs no GRANT */
    EXPECT_EQUAL(rights_of(free_slot), RIGHT_CALL);
}

static void badges(void)
{
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0);
    uint64_t badged = slot_copy(endpoint, RIGHTS_ALL, 0xfedcba9876543210);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, badged));
    EXPECT_EQUAL(out[0], OBJECT_ENDPOINT);
    EXPECT_EQUAL(out[2], 0xfedcba9876543210);
    uint64_t free_slot = slot_new();
    EXPECT(SYS(CAP_COPY, SELF, badged, SELF, free_slot, RIGHTS_ALL, 7) != ERR_OK); /* re-badge */
    uint64_t copy = slot_copy(badged, RIGHT_CALL, 0);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, copy));
    EXPECT_EQUAL(out[2], 0xfedcba9876543210);
    uint64_t thread = object_new(OBJECT_THREAD, 0);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, thread, SELF, free_slot, RIGHTS_ALL, 7), ERR_ARGUMENT);
}

static void copies_refused(void)
{
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0), reply = object_new(OBJECT_REPLY, 0);
    uint64_t table = object_new(OBJECT_CAPTABLE, 4);
    uint64_t free_slot = slot_new();
    EXPECT_ERROR(SYS(CAP_COPY, SELF, reply, SELF, free_slot, RIGHTS_ALL, 0), ERR_CAP_TYPE);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, endpoint, SELF, reply, RIGHTS_ALL, 0), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, endpoint, SELF, endpoint, RIGHTS_ALL, 0), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, slot_empty(), SELF, free_slot, RIGHTS_ALL, 0), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, slot_dead(), SELF, free_slot, RIGHTS_ALL, 0), ERR_CAP_DEAD);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, ~0ul, SELF, free_slot, RIGHTS_ALL, 0), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, endpoint, SELF, INIT_CAPTABLE_SLOTS, RIGHTS_ALL, 0),
                 ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, endpoint, table, 4, RIGHTS_ALL, 0), ERR_CAP_RANGE);
    EXPECT(SYS(CAP_COPY, SELF, endpoint, table, 0, RIGHTS_ALL, 0) != ERR_OK); /* 0 is never valid */
    EXPECT(SYS(CAP_COPY, SELF, endpoint, SELF, 0, RIGHTS_ALL, 0) != ERR_OK);
    EXPECT_ERROR(SYS(CAP_MOVE, SELF, endpoint, SELF, endpoint), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(CAP_MOVE, SELF, endpoint, SELF, reply), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(CAP_MOVE, SELF, slot_empty(), SELF, free_slot), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_MOVE, SELF, endpoint, table, 0x100), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_DELETE, SELF, slot_empty()), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_DELETE, SELF, INIT_CAPTABLE_SLOTS), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_INFO, SELF, INIT_CAPTABLE_SLOTS), ERR_CAP_RANGE);
    EXPECT_EQUAL(rights_of(endpoint), RIGHTS_ALL);
}

static void tables_of_capabilities(void)
{
    uint64_t table = object_new(OBJECT_CAPTABLE, 128), endpoint = object_new(OBJECT_ENDPOINT, 0);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, table));
    EXPECT_EQUAL(out[0], OBJECT_CAPTABLE);
    EXPECT_EQUAL(out[3], 128);
    EXPECT_OK(SYS(CAP_COPY, SELF, endpoint, table, 127, RIGHT_CALL, 9));
    EXPECT_OK(SYS_OUT(out, CAP_INFO, table, 127));
    EXPECT_EQUAL(out[0], OBJECT_ENDPOINT);
    EXPECT_EQUAL(out[1], RIGHT_CALL);
    EXPECT_EQUAL(out[2], 9);
    EXPECT_ERROR(SYS(CAP_INFO, table, 126), ERR_CAP_EMPTY);
    EXPECT_OK(SYS(CAP_MOVE, table, 127, table, 1));
    EXPECT_ERROR(SYS(CAP_INFO, table, 127), ERR_CAP_EMPTY);
    uint64_t free_slot = slot_new();
    EXPECT_OK(SYS(CAP_MOVE, table, 1, SELF, free_slot));
    EXPECT_EQUAL(rights_of(free_slot), RIGHT_CALL);
    uint64_t reader = slot_copy(table, RIGHT_OBJECTS, 0),
             writer = slot_copy(table, RIGHT_MANAGE, 0);
    EXPECT_ERROR(SYS(CAP_COPY, SELF, endpoint, reader, 5, RIGHTS_ALL, 0), ERR_RIGHTS);
    EXPECT_OK(SYS(CAP_COPY, SELF, endpoint, writer, 5, RIGHTS_ALL, 0));
    EXPECT_ERROR(SYS(CAP_INFO, writer, 5), ERR_RIGHTS);
    EXPECT_OK(SYS(CAP_INFO, reader, 5));
    EXPECT_ERROR(SYS(CAP_DELETE, reader, 5), ERR_RIGHTS);
    EXPECT_ERROR(SYS(CAP_MOVE, reader, 5, SELF, slot_new()), ERR_RIGHTS);
    EXPECT_ERROR(SYS(CAP_COPY, writer, 5, SELF, slot_new(), RIGHTS_ALL, 0), ERR_RIGHTS);
    EXPECT_OK(SYS(CAP_DELETE, writer, 5));
}

static void big_tables(void)
{
    static const uint64_t capacities[] = {2, 4, 64, 256, 1024};
    for (unsigned i = 0; i < 5; i++) {
        uint64_t table = object_new(OBJECT_CAPTABLE, capacities[i]);
        EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, table));
        EXPECT_EQUAL(out[3], capacities[i]);
        EXPECT_OK(SYS(CAP_COPY, SELF, pause_notification, table, capacities[i] - 1, RIGHTS_ALL, 0));
        EXPECT_ERROR(SYS(CAP_COPY, SELF, pause_notification, table, capacities[i], RIGHTS_ALL, 0),
                     ERR_CAP_RANGE);
        for (uint64_t s = 1; s + 1 < capacities[i]; s++) {
            if (SYS(CAP_INFO, table, s) != ERR_CAP_EMPTY) {
                fail("slot %lu of a new table of %lu is not empty", s, capacities[i]);
                break;
            }
        }
        object_destroy(table);
    }
}

static err_t create(uint64_t page, uint64_t slot, uint64_t type, uint64_t capacity)
{
    return SYS(OBJECT_CREATE, MEMORY, page, slot, type, capacity, SELF, slot_new());
}

static void creation_refused(void)
{
    struct place place = object_place(64);
    object_forget(place);
    uint64_t page = place.page;
    EXPECT_ERROR(create(page, place.slot, OBJECT_NONE, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_MEMORY, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_MACHINE, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_TYPES, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, ~0ul, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_ENDPOINT, 5), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_CAPTABLE, 0), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_CAPTABLE, 1), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_CAPTABLE, 3), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_CAPTABLE, 131072), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, place.slot, OBJECT_CAPTABLE, 1ul << 63), ERR_ARGUMENT);
    EXPECT_ERROR(create(page, 64, OBJECT_ENDPOINT, 0), ERR_RANGE);
    EXPECT_ERROR(create(page, ~0ul, OBJECT_ENDPOINT, 0), ERR_RANGE);
    EXPECT_ERROR(create(~0ul, 0, OBJECT_ENDPOINT, 0), ERR_RANGE);
    EXPECT_ERROR(create(1, 0, OBJECT_ENDPOINT, 0), ERR_RANGE);
    EXPECT_ERROR(create(frame_new(), 0, OBJECT_ENDPOINT, 0), ERR_KIND);
    EXPECT_ERROR(create(own_table_chunk() + 500, 0, OBJECT_ENDPOINT, 0), ERR_KIND);
    EXPECT_ERROR(create(chunk_of_kind(KIND_KERNEL), 0, OBJECT_ENDPOINT, 0), ERR_KIND);
    EXPECT(create(own_object_chunk(), 0, OBJECT_ENDPOINT, 0) != ERR_OK); /* the maps */
    EXPECT(create(own_object_chunk() + 1, 0, OBJECT_ENDPOINT, 0) != ERR_OK);
    EXPECT_ERROR(
        SYS(OBJECT_CREATE, MEMORY, page, place.slot, OBJECT_ENDPOINT, 0, SELF, INIT_SLOT_MEMORY),
        ERR_SLOT_FULL);
    uint64_t thread = object_new(OBJECT_THREAD, 0);
    struct place taken = object_where(thread);
    EXPECT_ERROR(create(taken.page, taken.slot, OBJECT_THREAD, 0), ERR_OCCUPIED);
    EXPECT_ERROR(create(taken.page, 4, OBJECT_THREAD, 0), ERR_RANGE);      /* four fit in a page */
    EXPECT_ERROR(create(taken.page, 3, OBJECT_ENDPOINT, 0), ERR_OCCUPIED); /* another class */
    EXPECT_ERROR(create(taken.page - 1, 0, OBJECT_CAPTABLE, 256), ERR_OCCUPIED); /* runs into it */
    EXPECT(create(own_object_chunk() + 511, 0, OBJECT_CAPTABLE, 256) !=
           ERR_OK); /* leaves the chunk */
    EXPECT(create(own_object_chunk() + 500, 1, OBJECT_CAPTABLE, 256) != ERR_OK);
}

static void destruction_refused(void)
{
    struct place place = object_place(64);
    object_forget(place);
    uint64_t space = object_new(OBJECT_SPACE, 0), table = object_new(OBJECT_CAPTABLE, 4);
    uint64_t thread = object_new(OBJECT_THREAD, 0);
    uint64_t root = table_new(2);
    EXPECT_ERROR(SYS(OBJECT_DESTROY, MEMORY, place.page, place.slot), ERR_EMPTY);
    EXPECT_ERROR(SYS(OBJECT_DESTROY, MEMORY, place.page, 64), ERR_RANGE);
    EXPECT_ERROR(SYS(OBJECT_DESTROY, MEMORY, ~0ul, 0), ERR_RANGE);
    EXPECT_ERROR(SYS(OBJECT_DESTROY, MEMORY, frame_new(), 0), ERR_KIND);
    EXPECT_ERROR(SYS(OBJECT_INFO, MEMORY, frame_new()), ERR_KIND);
    EXPECT_ERROR(SYS(OBJECT_INFO, MEMORY, 1), ERR_RANGE);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, slot_empty()), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, MEMORY), ERR_CAP_TYPE);
    EXPECT_OK(SYS(SPACE_SET_ROOT, space, MEMORY, root));
    EXPECT_OK(SYS(THREAD_CONFIGURE, thread, space, table, 0, 0, 1, 0));
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, space), ERR_BUSY);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, table), ERR_BUSY);
    struct place where = object_where(space);
    EXPECT_ERROR(SYS(OBJECT_DESTROY, MEMORY, where.page, where.slot), ERR_BUSY);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, INIT_SLOT_CAPTABLE), ERR_BUSY);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, INIT_SLOT_SPACE), ERR_BUSY);
    object_destroy(thread);
    object_destroy(space);
    object_destroy(table);
}

static void destroy_itself(struct worker *worker)
{
    struct place place = object_where(worker->thread);
    worker->result[0] = SYS(CAP_DESTROY, SELF, worker->thread);
    worker->result[1] = SYS(OBJECT_DESTROY, MEMORY, place.page, place.slot);
}

static void own_thread_stays(void)
{
    struct worker *worker = worker_new(destroy_itself);
    worker_go(worker, 0, WORKER_PRIORITY);
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], ERR_BUSY);
    EXPECT_EQUAL(worker->result[1], ERR_BUSY);
}

/* Whoever holds a copy, wherever, holds nothing; a new object in the same place is another one. */
static void destruction_kills_copies(void)
{
    uint64_t table = object_new(OBJECT_CAPTABLE, 8), endpoint = object_new(OBJECT_ENDPOINT, 0);
    struct place place = object_where(endpoint);
    uint64_t copy = slot_copy(endpoint, RIGHTS_ALL, 3);
    EXPECT_OK(SYS(CAP_COPY, SELF, endpoint, table, 3, RIGHTS_ALL, 0));
    EXPECT_OK(SYS(CAP_DESTROY, SELF, endpoint));
    EXPECT_ERROR(SYS(CAP_INFO, SELF, endpoint), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_INFO, SELF, copy), ERR_CAP_DEAD);
    for (unsigned i = 0; i < 50; i++) {
        unsigned type =
            i % 2 == 0 ? OBJECT_ENDPOINT : OBJECT_NOTIFICATION; /* the same, and another */
        EXPECT_OK(SYS(OBJECT_CREATE, MEMORY, place.page, place.slot, type, 0, SELF, endpoint));
        struct message m = {0};
        EXPECT_ERROR(ipc(SYS_SEND, copy, &m), ERR_CAP_DEAD);
        EXPECT_ERROR(SYS(CAP_INFO, table, 3), ERR_CAP_DEAD);
        EXPECT_OK(SYS(OBJECT_DESTROY, MEMORY, place.page, place.slot));
        EXPECT_ERROR(SYS(CAP_INFO, SELF, endpoint), ERR_CAP_DEAD);
        EXPECT_OK(SYS(CAP_DELETE, SELF, endpoint));
    }
    object_forget(place);
    EXPECT_ERROR(SYS(CAP_DESTROY, SELF, copy), ERR_CAP_DEAD);
    EXPECT_OK(SYS(CAP_DELETE, SELF, copy)); /* a dead one is emptied */
    EXPECT_OK(SYS(CAP_DELETE, table, 3));
}

/* The same place, another object: copies are dead, its memory is as new, and its page is as
 * full. */
static void renewal_kills_copies(void)
{
    static const unsigned types[] = {OBJECT_ENDPOINT, OBJECT_NOTIFICATION, OBJECT_REPLY,
                                     OBJECT_TIMER,    OBJECT_INTERRUPT,    OBJECT_SPACE};
    for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint64_t object = object_new(types[i], 0);
        struct place place = object_where(object);
        uint64_t copy = types[i] == OBJECT_REPLY ? 0 : slot_copy(object, RIGHTS_ALL, 0);
        EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, place.page));
        uint64_t live = out[1];
        EXPECT_OK(SYS(CAP_RENEW, SELF, object, 0, 0));
        EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, place.page));
        EXPECT_EQUAL(out[1], live);
        EXPECT_EQUAL(rights_of(object), RIGHTS_ALL);
        if (copy != 0) {
            EXPECT_ERROR(SYS(CAP_INFO, SELF, copy), ERR_CAP_DEAD);
            EXPECT_ERROR(SYS(CAP_RENEW, SELF, copy, 0, 0), ERR_CAP_DEAD);
            EXPECT_OK(SYS(CAP_DELETE, SELF, copy));
        }
        object_destroy(object);
    }
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    EXPECT_OK(SYS(SIGNAL, notification));
    EXPECT_OK(SYS(CAP_RENEW, SELF, notification, 0, 0));
    EXPECT_ERROR(SYS(WAIT, notification, 0),
                 ERR_WOULD_BLOCK); /* the signal went with the old one */
    uint64_t weak = slot_copy(notification, RIGHTS_ALL & ~RIGHT_GRANT, 0);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, weak, 0, 0), ERR_RIGHTS);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, slot_empty(), 0, 0), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, INIT_CAPTABLE_SLOTS, 0, 0), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, MEMORY, 0, 0), ERR_CAP_TYPE);
}

static void a_renewed_body_is_empty(void)
{
    uint64_t thread = object_new(OBJECT_THREAD, 0), table = object_new(OBJECT_CAPTABLE, 64);
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0);
    for (uint64_t slot = 1; slot < 64; slot += 2) {
        EXPECT_OK(SYS(CAP_COPY, SELF, endpoint, table, slot, RIGHTS_ALL, slot));
    }
    EXPECT_OK(SYS(THREAD_CONFIGURE, thread, INIT_SLOT_SPACE, table, endpoint, 7, 1, 0));
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, table, 0, 0), ERR_BUSY);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, INIT_SLOT_CAPTABLE, 0, 0), ERR_BUSY);
    EXPECT_OK(SYS(CAP_RENEW, SELF, thread, 0, 0));
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, thread));
    EXPECT_EQUAL(out[0], STATE_UNCONFIGURED);
    EXPECT_ERROR(SYS(THREAD_START, thread, 0, 0, 0, 0, 0), ERR_STATE);
    EXPECT_OK(SYS(CAP_RENEW, SELF, table, 0, 0));
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, table));
    EXPECT_EQUAL(out[3], 64);
    for (uint64_t slot = 1; slot < 64; slot++) {
        EXPECT_ERROR(SYS(CAP_INFO, table, slot), ERR_CAP_EMPTY);
    }
    EXPECT_OK(SYS(THREAD_CONFIGURE, thread, INIT_SLOT_SPACE, table, endpoint, 8, 1, 0));
    EXPECT_OK(SYS(CAP_COPY, SELF, endpoint, table, 63, RIGHTS_ALL, 0));
    uint64_t park = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t copies[] = {slot_copy(thread, RIGHTS_ALL, 0), slot_copy(park, RIGHTS_ALL, 0),
                         slot_copy(table, RIGHTS_ALL, 0)};
    EXPECT_OK(
        SYS(CAP_RENEW, SELF, thread, park, table)); /* in this order: nothing is bound to it */
    for (unsigned i = 0; i < 3; i++) {
        EXPECT_ERROR(SYS(CAP_INFO, SELF, copies[i]), ERR_CAP_DEAD);
        EXPECT_OK(SYS(CAP_DELETE, SELF, copies[i]));
    }
    EXPECT_ERROR(SYS(CAP_INFO, table, 63), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, park, slot_empty(), 0), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_RENEW, SELF, park, park, MEMORY), ERR_CAP_TYPE);
    EXPECT_EQUAL(rights_of(park), RIGHTS_ALL);
    object_destroy(thread);
    object_destroy(table);
    object_destroy(park);
}

static void a_renewed_space_keeps_its_root(void)
{
    uint64_t space = object_new(OBJECT_SPACE, 0), root = table_new(2), copy = slot_new();
    EXPECT_OK(SYS(SPACE_SET_ROOT, space, MEMORY, root));
    EXPECT_OK(SYS(CAP_COPY, SELF, space, SELF, copy, RIGHTS_ALL, 0));
    EXPECT_OK(SYS(CAP_RENEW, SELF, space, 0, 0));
    EXPECT_ERROR(SYS(SPACE_FLUSH, copy, 0, 0), ERR_CAP_DEAD);
    EXPECT_EQUAL(table_record(root)->count, 1);
    EXPECT_EQUAL(table_record(root)->space, 1);
    EXPECT_ERROR(SYS(SPACE_SET_ROOT, space, MEMORY, table_new(2)), ERR_BUSY);
    object_destroy(space);
    EXPECT_EQUAL(table_record(root)->count, 0);
    EXPECT_EQUAL(table_record(root)->space, 0);
}

static uint64_t copy_word(uint64_t from, uint64_t to, uint64_t rights)
{
    return from | to << 16 | rights << 32;
}

static void several_copies_at_once(void)
{
    uint64_t table = object_new(OBJECT_CAPTABLE, 16), endpoint = object_new(OBJECT_ENDPOINT, 0);
    uint64_t badged = slot_copy(endpoint, RIGHTS_ALL, 5), reply = object_new(OBJECT_REPLY, 0);
    uint64_t poor = slot_copy(endpoint, RIGHTS_ALL & ~RIGHT_GRANT, 0);
    uint64_t good = copy_word(endpoint, 3, RIGHT_CALL);
    uint64_t c[6];
    for (unsigned i = 0; i < 6; i++) {
        c[i] = copy_word(endpoint, 8 + i, RIGHT_CALL | RIGHT_GRANT);
    }
    EXPECT_OK(
        SYS_OUT(out, CAP_COPIES, table, c[0], 10, c[1], 11, c[2], 12, c[3], 13, c[4], 14, c[5], 0));
    EXPECT_EQUAL(out[0], 6);
    for (uint64_t i = 0; i < 6; i++) {
        EXPECT_OK(SYS_OUT(out, CAP_INFO, table, 8 + i));
        EXPECT_EQUAL(out[1], RIGHT_CALL | RIGHT_GRANT);
        EXPECT_EQUAL(out[2], i < 5 ? 10 + i : 0);
    }
    EXPECT_OK(SYS_OUT(out, CAP_COPIES, table, good, 7, 0, 0, copy_word(endpoint, 4, 0), 1));
    EXPECT_EQUAL(out[0], 1);
    EXPECT_ERROR(SYS(CAP_INFO, table, 4), ERR_CAP_EMPTY); /* beyond the end of the list */
    EXPECT_ERROR(SYS_OUT(out, CAP_COPIES, slot_dead(), good, 7), ERR_CAP_DEAD);
    EXPECT_EQUAL(out[0], 0); /* not the word that came in its register */
    EXPECT_ERROR(SYS(CAP_COPIES, table, good, 7), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(endpoint, 16, 0), 7), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(0, 5, 0), 7), ERR_CAP_RANGE);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(slot_empty(), 5, 0), 7), ERR_CAP_EMPTY);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(slot_dead(), 5, 0), 7), ERR_CAP_DEAD);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(reply, 5, 0), 0), ERR_CAP_TYPE);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(MACHINE, 5, 0), 7), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(badged, 5, 0), 7), ERR_RIGHTS);
    EXPECT_ERROR(SYS(CAP_COPIES, table, copy_word(poor, 5, 0), 0), ERR_RIGHTS);
    object_destroy(table);
}

static void maps_of_pages(void)
{
    EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, own_object_chunk() + 505));
    EXPECT_EQUAL(out[0], 0);
    EXPECT_EQUAL(out[1], 0);
    uint64_t thread = object_new(OBJECT_THREAD, 0);
    struct place place = object_where(thread);
    EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, place.page));
    EXPECT_EQUAL(out[0], OBJECT_BYTES_THREAD);
    EXPECT(out[1] >> place.slot & 1);
    uint64_t pages = out[2];
    EXPECT(pages >= 1);
    EXPECT_OK(SYS_OUT(out, MEMORY_INFO, MEMORY, own_object_chunk()));
    EXPECT_EQUAL(out[1], pages);
    object_destroy(thread);
    EXPECT_OK(SYS_OUT(out, OBJECT_INFO, MEMORY, place.page));
    EXPECT_EQUAL(out[0], OBJECT_BYTES_THREAD); /* the class stays */
    EXPECT_EQUAL(out[1] >> place.slot & 1, 0);
}

static void derivation(void)
{
    uint64_t frame = frame_new(), derived = slot_new(), free_slot = slot_new();
    EXPECT_OK(SYS(MEMORY_DERIVE, MEMORY, frame, 3, RIGHT_BIND | RIGHT_GRANT, SELF, derived));
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, derived));
    EXPECT_EQUAL(out[0], OBJECT_MEMORY);
    EXPECT_EQUAL(out[1], RIGHT_BIND | RIGHT_GRANT);
    EXPECT_EQUAL(out[3], frame);
    EXPECT_EQUAL(out[4], 3);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame - 1, 1, 0, SELF, free_slot), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame, 4, 0, SELF, free_slot), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame + 2, ~0ul, 0, SELF, free_slot), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, ~0ul, 2, 0, SELF, free_slot), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame, 0, 0, SELF, free_slot), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame, 1, 0, SELF, derived), ERR_SLOT_FULL);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, derived, frame, 1, 0, SELF, ~0ul), ERR_CAP_RANGE);
    EXPECT_OK(SYS(MEMORY_DERIVE, derived, frame + 2, 1, RIGHT_BIND, SELF, free_slot));
    EXPECT_EQUAL(rights_of(free_slot), RIGHT_BIND);
    EXPECT_ERROR(SYS(MEMORY_DERIVE, free_slot, frame + 2, 1, 0, SELF, slot_new()), ERR_RIGHTS);
    /* Rights that the source lacks are not to be had. */
    uint64_t more = slot_new();
    if (SYS(MEMORY_DERIVE, derived, frame, 1, RIGHTS_ALL, SELF, more) == ERR_OK) {
        EXPECT_EQUAL(rights_of(more) & ~(uint64_t)(RIGHT_BIND | RIGHT_GRANT), 0);
    }
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, INIT_SLOT_DEVICE_FIRST));
    EXPECT_OK(SYS(MEMORY_DERIVE, INIT_SLOT_DEVICE_FIRST, out[3], 1, RIGHTS_ALL, SELF, slot_new()));
    EXPECT_ERROR(SYS(MEMORY_INFO, MEMORY, frame / CHUNK_PAGES * CHUNK_PAGES + 1), ERR_ALIGN);
    EXPECT_ERROR(SYS(MEMORY_INFO, MEMORY, 0), ERR_RANGE);
    EXPECT_ERROR(SYS(MEMORY_INFO, MEMORY, ~0ul << 9), ERR_RANGE);
}

TESTS(TEST(rights_only_shrink, "a copy has at most its source's rights, and none without GRANT"),
      TEST(badges, "a badge is given once, to endpoints and notifications"),
      TEST(copies_refused,
           "copies and moves of the wrong, onto the full and out of range are refused"),
      TEST(tables_of_capabilities,
           "capability tables are read with OBJECTS and written with MANAGE"),
      TEST(big_tables, "a table of 2 to 1024 slots is empty when new and ends where it says"),
      TEST(creation_refused, "objects are made only in free slots of the right class and place"),
      TEST(destruction_refused, "what threads are bound to stays"),
      TEST(own_thread_stays, "a thread cannot destroy itself"),
      TEST(destruction_kills_copies, "destroying an object kills every copy, for ever"),
      TEST(renewal_kills_copies, "renewing an object kills every copy and empties it"),
      TEST(a_renewed_body_is_empty, "a renewed thread is unconfigured, a renewed table empty"),
      TEST(a_renewed_space_keeps_its_root, "a renewed space has the root it had, and nothing else"),
      TEST(several_copies_at_once, "several copies at once end at the first that is refused"),
      TEST(maps_of_pages, "object_info tells class and live slots"),
      TEST(derivation, "derived ranges lie within their source, with its rights at most"));
