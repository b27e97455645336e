/* test: MEM=64M */
/* Each system call refuses each way in which the capability it is called on can be wrong: out of
 * range, empty, dead, of another type, without the right. What lies beyond (arguments, states) is
 * tested beside each object's behaviour. */
#include "support/test.h"
#include "support/world.h"

/* A call whose argument `position` is the capability under test; the other arguments are good
 * enough for the call to get as far as looking at that capability. */
struct shape {
    uint8_t number, position;
    bool is_table;    /* index 0 means the caller's own table, so it is not an empty slot */
    bool needs_right; /* some right is needed, so a capability without rights is refused */
};

static const struct shape shapes[] = {
    {SYS_CALL, 0, false, true},
    {SYS_RECEIVE, 0, false, true},
    {SYS_REPLY_RECEIVE, 0, false, true},
    {SYS_SEND, 0, false, true},
    {SYS_SIGNAL, 0, false, true},
    {SYS_WAIT, 0, false, true},
    {SYS_NOTIFICATION_BIND, 0, false, true},
    {SYS_CAP_COPY, 0, true, true},
    {SYS_CAP_COPY, 2, true, true},
    {SYS_CAP_COPIES, 0, true, true},
    {SYS_CAP_MOVE, 0, true, true},
    {SYS_CAP_MOVE, 2, true, true},
    {SYS_CAP_DELETE, 0, true, true},
    {SYS_CAP_INFO, 0, true, true},
    {SYS_OBJECT_CREATE, 0, false, true},
    {SYS_OBJECT_DESTROY, 0, false, true},
    {SYS_CAP_DESTROY, 0, true, true},
    {SYS_CAP_RENEW, 0, true, true},
    {SYS_OBJECT_INFO, 0, false, true},
    {SYS_MEMORY_DERIVE, 0, false, true},
    {SYS_MEMORY_RETYPE, 0, false, true},
    {SYS_MEMORY_INFO, 0, false, true},
    {SYS_TABLE_CREATE, 0, false, true},
    {SYS_TABLE_FREE, 0, false, true},
    {SYS_TABLE_MAP, 0, false, true},
    {SYS_TABLE_MAP_RUN, 0, false, true},
    {SYS_TABLE_MAP_DEVICE, 0, false, true},
    {SYS_TABLE_MAP_DEVICE, 4, false, false},
    {SYS_TABLE_MAP_CHUNK, 0, false, true},
    {SYS_TABLE_LINK, 0, false, true},
    {SYS_TABLE_LAZY, 0, false, true},
    {SYS_TABLE_THAW, 0, false, true},
    {SYS_TABLE_COPY, 0, false, true},
    {SYS_TABLE_PROTECT, 0, false, true},
    {SYS_TABLE_DROP, 0, false, true},
    {SYS_TABLE_MARK, 0, false, true},
    {SYS_SPACE_SET_ROOT, 0, false, true},
    {SYS_SPACE_SET_ROOT, 1, false, true},
    {SYS_SPACE_FLUSH, 0, false, true},
    {SYS_THREAD_CONFIGURE, 0, false, true},
    {SYS_THREAD_CONFIGURE, 1, false, true},
    {SYS_THREAD_CONFIGURE, 2, false, true},
    {SYS_THREAD_START, 0, false, true},
    {SYS_THREAD_BEGIN, 0, false, true},
    {SYS_THREAD_BEGIN, 1, false, true},
    {SYS_THREAD_BEGIN, 2, false, true},
    {SYS_THREAD_SUSPEND, 0, false, true},
    {SYS_THREAD_RESUME, 0, false, true},
    {SYS_THREAD_SET_PRIORITY, 0, false, true},
    {SYS_THREAD_READ, 0, false, true},
    {SYS_THREAD_INFO, 0, false, true},
    {SYS_INTERRUPT_BIND, 0, false, true},
    {SYS_INTERRUPT_BIND, 1, false, true},
    {SYS_INTERRUPT_BIND, 3, false, true},
    {SYS_INTERRUPT_ACK, 0, false, true},
    {SYS_TIMER_SET, 0, false, true},
    {SYS_TIMER_SET, 1, false, true},
    {SYS_MACHINE_LOG, 0, false, true},
    {SYS_MACHINE_RESET, 0, false, true},
    {SYS_MACHINE_COUNTER, 0, false, true},
    {SYS_MACHINE_EVENT, 0, false, true},
};

/* Reply objects cannot be copied, so none without rights can be had by copying. */
static const struct shape reply_shape = {SYS_REPLY, 0, false, false};

static struct {
    uint64_t thread, space, endpoint, notification, interrupt, timer, table, frame, leaf, free_slot;
} good;

static void good_make(void)
{
    good.thread = object_new(OBJECT_THREAD, 0);
    good.space = object_new(OBJECT_SPACE, 0);
    good.endpoint = object_new(OBJECT_ENDPOINT, 0);
    good.notification = object_new(OBJECT_NOTIFICATION, 0);
    good.interrupt = object_new(OBJECT_INTERRUPT, 0);
    good.timer = object_new(OBJECT_TIMER, 0);
    good.table = object_new(OBJECT_CAPTABLE, 16);
    good.frame = frame_new();
    good.leaf = table_new(TABLE_LEVEL_LEAF);
    good.free_slot = slot_new();
}

/* Good arguments of the call; what is a capability that is tested separately is good too. */
static void arguments_good(unsigned number, uint64_t *a)
{
    for (unsigned i = 0; i < CALL_ARGUMENTS; i++) {
        a[i] = 0;
    }
    uint64_t chunk = good.frame / CHUNK_PAGES * CHUNK_PAGES;
    a[0] = MEMORY;
    switch (number) {
    case SYS_CALL:
    case SYS_RECEIVE:
    case SYS_REPLY_RECEIVE:
    case SYS_SEND:
    case SYS_REPLY:
        a[0] = good.endpoint;
        a[6] = IPC_DEADLINE;
        break;
    case SYS_SIGNAL:
    case SYS_WAIT:
        a[0] = good.notification;
        break;
    case SYS_NOTIFICATION_BIND:
        a[0] = good.notification, a[1] = good.thread;
        break;
    case SYS_CAP_COPY:
    case SYS_CAP_MOVE:
        a[0] = SELF, a[1] = good.endpoint, a[2] = SELF, a[3] = good.free_slot, a[4] = RIGHTS_ALL;
        break;
    case SYS_CAP_COPIES:
        a[0] = SELF, a[1] = 0; /* none: only the table is looked at */
        break;
    case SYS_CAP_DELETE:
    case SYS_CAP_INFO:
    case SYS_CAP_RENEW:
    case SYS_CAP_DESTROY:
        a[0] = SELF, a[1] = 1; /* of a table under test: an empty slot, or this table itself */
        break;
    case SYS_OBJECT_CREATE:
        a[1] = own_object_chunk() + 500, a[3] = OBJECT_ENDPOINT, a[6] = good.free_slot;
        break;
    case SYS_OBJECT_DESTROY:
    case SYS_OBJECT_INFO:
        a[1] = own_object_chunk() + 500;
        break;
    case SYS_MEMORY_DERIVE:
        a[1] = chunk, a[2] = 1, a[3] = RIGHTS_ALL, a[5] = good.free_slot;
        break;
    case SYS_MEMORY_RETYPE:
        a[1] = chunk, a[2] = KIND_USER;
        break;
    case SYS_MEMORY_INFO:
        a[1] = chunk;
        break;
    case SYS_TABLE_MAP_DEVICE:
        a[1] = good.leaf, a[3] = 1, a[4] = INIT_SLOT_DEVICE_FIRST, a[6] = MAP_R;
        break;
    case SYS_SPACE_SET_ROOT:
        a[0] = good.space, a[1] = MEMORY, a[2] = good.leaf;
        break;
    case SYS_SPACE_FLUSH:
        a[0] = good.space;
        break;
    case SYS_THREAD_CONFIGURE:
    case SYS_THREAD_BEGIN:
        a[0] = good.thread, a[1] = good.space, a[2] = INIT_SLOT_CAPTABLE;
        break;
    case SYS_THREAD_START:
    case SYS_THREAD_SUSPEND:
    case SYS_THREAD_RESUME:
    case SYS_THREAD_SET_PRIORITY:
    case SYS_THREAD_READ:
    case SYS_THREAD_INFO:
        a[0] = good.thread;
        break;
    case SYS_INTERRUPT_BIND:
        a[0] = good.interrupt, a[1] = CONTROL, a[2] = 9, a[3] = good.notification;
        break;
    case SYS_INTERRUPT_ACK:
        a[0] = good.interrupt;
        break;
    case SYS_TIMER_SET:
        a[0] = good.timer, a[1] = good.notification, a[2] = NEVER - 1;
        break;
    case SYS_MACHINE_LOG:
    case SYS_MACHINE_RESET:
    case SYS_MACHINE_COUNTER:
    case SYS_MACHINE_EVENT:
        a[0] = MACHINE;
        a[1] =
            number == SYS_MACHINE_RESET ? 77 : 0; /* 77: no way to reset, should rights fail us */
        break;
    default: /* tables */
        a[1] = good.leaf, a[3] = 1, a[4] = map_word(good.frame, MAP_R);
        break;
    }
}

static err_t try(const struct shape *shape, uint64_t slot)
{
    uint64_t a[CALL_ARGUMENTS];
    arguments_good(shape->number, a);
    a[shape->position] = slot;
    (void)SYS(CAP_DELETE, SELF, good.free_slot);
    return call_kernel(shape->number, a, CALL_ARGUMENTS, NULL);
}

static void expect(const struct shape *shape, uint64_t slot, err_t wanted)
{
    err_t got = try(shape, slot);
    if (got != wanted) {
        fail("call %u with the capability %lu as argument %u answers %u, not %u", shape->number,
             slot, shape->position, (unsigned)got, (unsigned)wanted);
    }
}

static void each(void (*check)(const struct shape *))
{
    good_make();
    for (unsigned i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        check(&shapes[i]);
    }
    check(&reply_shape);
}

static void check_range(const struct shape *shape)
{
    expect(shape, INIT_CAPTABLE_SLOTS, ERR_CAP_RANGE);
    expect(shape, 1ul << 32, ERR_CAP_RANGE);
    expect(shape, ~0ul, ERR_CAP_RANGE);
    if (!shape->is_table) {
        expect(shape, 0, ERR_CAP_RANGE); /* never valid, in every table */
    }
}

static void check_empty(const struct shape *shape)
{
    expect(shape, slot_empty(), ERR_CAP_EMPTY);
}

static void check_dead(const struct shape *shape)
{
    expect(shape, slot_dead(), ERR_CAP_DEAD);
}

/* No call takes both a thread and a timer at one place: one of the two is of another type. */
static void check_type(const struct shape *shape)
{
    uint64_t a[CALL_ARGUMENTS];
    uint64_t out[CALL_RESULTS];
    arguments_good(shape->number, a);
    uint64_t type = OBJECT_CAPTABLE;
    if (!shape->is_table && SYS_OUT(out, CAP_INFO, SELF, a[shape->position]) == ERR_OK) {
        type = out[0];
    }
    const uint64_t others[] = {
        good.thread, good.space, good.endpoint, good.notification,     good.timer, good.table,
        MACHINE,     CONTROL,    MEMORY,        INIT_SLOT_DEVICE_FIRST};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, others[i]));
        bool also_taken = shape->number == SYS_MEMORY_DERIVE && out[0] == OBJECT_DEVICE;
        if (out[0] != type && !also_taken) {
            expect(shape, others[i], ERR_CAP_TYPE);
        }
    }
}

static bool is_ending(unsigned number)
{
    return number == SYS_CAP_DESTROY || number == SYS_CAP_RENEW;
}

static void check_rights(const struct shape *shape)
{
    if (!shape->needs_right) {
        return;
    }
    uint64_t a[CALL_ARGUMENTS];
    arguments_good(shape->number, a);
    uint64_t weak = slot_new();
    uint64_t source = shape->is_table ? good.table : a[shape->position];
    EXPECT_OK(SYS(CAP_COPY, SELF, source, SELF, weak, 0, 0));
    expect(shape, weak, ERR_RIGHTS);
    /* All rights but one, for each one: the call is refused for at least one of them. */
    bool refused = false;
    for (unsigned bit = 0; bit < 8; bit++) {
        uint64_t almost = slot_new();
        EXPECT_OK(SYS(CAP_COPY, SELF, source, SELF, almost, RIGHTS_ALL & ~(1u << bit), 0));
        if (!is_ending(shape->number)) {
            refused = try(shape, almost) == ERR_RIGHTS || refused;
        }
        EXPECT_OK(SYS(CAP_DELETE, SELF, almost));
    }
    /* Of two rights either one will do; cap_destroy and cap_renew want theirs on what the slot names. */
    bool other = shape->number == SYS_MEMORY_INFO || shape->number == SYS_THREAD_INFO ||
                 is_ending(shape->number);
    if (!refused && !other) {
        fail("call %u, argument %u: no single right is what it needs", shape->number,
             shape->position);
    }
    EXPECT_OK(SYS(CAP_DELETE, SELF, weak));
}

static void ranges(void)
{
    each(check_range);
}
static void empties(void)
{
    each(check_empty);
}
static void deads(void)
{
    each(check_dead);
}
static void types(void)
{
    each(check_type);
}
static void rights(void)
{
    each(check_rights);
}

static void numbers(void)
{
    for (uint64_t n = SYS_COUNT; n < SYS_COUNT + 20; n++) {
        EXPECT_ERROR(call_kernel((unsigned)n, NULL, 0, NULL), ERR_SYSCALL);
    }
    EXPECT_ERROR(call_kernel(1u << 31, NULL, 0, NULL), ERR_SYSCALL);
    EXPECT_ERROR(call_kernel(~0u, NULL, 0, NULL), ERR_SYSCALL);
}

TESTS(TEST(numbers, "a number that names no call is refused"),
      TEST(ranges, "a capability index outside the table is refused by each call"),
      TEST(empties, "an empty slot is refused by each call"),
      TEST(deads, "a capability of a destroyed object is refused by each call"),
      TEST(types, "a capability of another type is refused by each call"),
      TEST(rights, "a capability without the right is refused by each call"));
