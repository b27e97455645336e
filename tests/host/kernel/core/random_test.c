/* Random calls with valid and hostile arguments by a handful of threads: after each one the walker
 * recounts every invariant. The seed is printed; KERNEL_TEST_SEED and KERNEL_TEST_STEPS override.
 * sources: kernel/core/capability.c kernel/core/captable.c kernel/core/deadline.c
 * sources: kernel/core/endpoint.c kernel/core/event.c kernel/core/fault.c
 * sources: kernel/core/interrupt.c kernel/core/ipc.c kernel/core/ipc_fast.c kernel/core/ipc_fault.c
 * sources: kernel/core/machine.c kernel/core/memory.c kernel/core/message.c
 * sources: kernel/core/notification.c kernel/core/object.c kernel/core/panic.c
 * sources: kernel/core/reply.c kernel/core/schedule.c kernel/core/schedule_fast.c kernel/core/balance.c
 * sources: kernel/core/scrub.c kernel/core/space.c
 * sources: kernel/core/lock.c kernel/core/start.c kernel/core/syscall.c kernel/core/table.c
 * sources: kernel/core/table_range.c kernel/core/thread.c kernel/core/timer.c
 * sources: kernel/core/tree.c tests/host/kernel/fake_arch.c tests/host/kernel/world.c
 * sources: tests/host/kernel/world_check.c */
#include <stdio.h>
#include <stdlib.h>

#include <byre/gen/names.h>

#include "core/schedule.h"
#include "kernel/world.h"

enum {
    THREADS = 8,
    SLOTS = 64,
    STEPS = 100000,
    CHECK_ALWAYS_BELOW = 20000,
    TABLES = 12,
    PAGES = 24
};

static struct thread *actors[THREADS];
static frame_t tables[TABLES];
static unsigned calls[SYS_COUNT];
static unsigned successes[SYS_COUNT];
static bool is_paired;

static uint64_t below(uint64_t n)
{
    return fake_random() % n;
}

static uint64_t hostile_number(void)
{
    static const uint64_t edges[] = {0,          1,          2,
                                     63,         64,         255,
                                     256,        511,        512,
                                     UINT32_MAX, UINT64_MAX, UINT64_C(1) << 63,
                                     INT64_MAX,  1u << 21,   UINT64_C(1) << 38};

    return edges[below(sizeof(edges) / sizeof(edges[0]))];
}

static uint64_t some_frame(void)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        return tables[below(TABLES)].number;
    case 3:
    case 4:
        return fake_frame(WORLD_OBJECT_CHUNK, 200 + (unsigned)below(PAGES)).number;
    case 5:
        return fake_frame(3 + (unsigned)below(FAKE_CHUNKS - 3), 0).number;
    case 6:
        return fake_frame((unsigned)below(FAKE_CHUNKS), (unsigned)below(CHUNK_PAGES)).number;
    default:
        return hostile_number();
    }
}

/* An argument that is now and then of the sort that the call wants. */
static uint64_t some_argument(void)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        return 1 + below(SLOTS - 1);
    case 3:
        return some_frame();
    case 4:
        return some_frame() << MAP_FRAME_SHIFT | below(64);
    case 5:
        return fake.time_ticks + below(200);
    case 6:
        return below(16);
    default:
        return hostile_number();
    }
}

/* A slot of the thread's table that holds a capability of that type; any if there is none. */
static uint64_t slot_of(const struct thread *thread, enum object_type type)
{
    uint64_t start = below(SLOTS);

    for (unsigned i = 0; i < SLOTS; i++) {
        uint64_t slot = (start + i) % SLOTS;
        const struct capability *capability = captable_slot(thread->captable, slot);

        if (capability != NULL && capability_type(capability) == type) {
            return slot;
        }
    }
    return below(SLOTS + 2);
}

/* What each argument of a call wants, by letter; see wanted(). */
static const char *const wishes[SYS_COUNT] = {
    [SYS_CALL] = "e#FPm.....#oD",
    [SYS_RECEIVE] = "e#FPm.....#oD",
    [SYS_REPLY] = "r#FPm.....#oD",
    [SYS_REPLY_RECEIVE] = "e#FPm.....#oD",
    [SYS_SEND] = "e#FPm.....#oD",
    [SYS_SIGNAL] = "n",
    [SYS_WAIT] = "nD",
    [SYS_NOTIFICATION_BIND] = "nt",
    [SYS_CAP_COPY] = "0x0ogb",
    [SYS_CAP_MOVE] = "0x0o",
    [SYS_CAP_DELETE] = "0v",
    [SYS_CAP_INFO] = "0x",
    [SYS_OBJECT_CREATE] = "mOqyz0o",
    [SYS_OBJECT_DESTROY] = "mOq",
    [SYS_CAP_DESTROY] = "0v",
    [SYS_OBJECT_INFO] = "mO",
    [SYS_MEMORY_DERIVE] = "mU#g0o",
    [SYS_MEMORY_RETYPE] = "mUK",
    [SYS_MEMORY_INFO] = "mU",
    [SYS_TABLE_CREATE] = "mFL",
    [SYS_TABLE_FREE] = "mF",
    [SYS_TABLE_MAP] = "mF#1PPPPPPPP",
    [SYS_TABLE_MAP_RUN] = "mF##P",
    [SYS_TABLE_MAP_DEVICE] = "mF#1dVL",
    [SYS_TABLE_MAP_CHUNK] = "mF#C",
    [SYS_TABLE_LINK] = "mF#FL",
    [SYS_TABLE_LAZY] = "mF##",
    [SYS_TABLE_THAW] = "mF##",
    [SYS_TABLE_COPY] = "mFFFFFFs",
    [SYS_TABLE_PROTECT] = "mF##",
    [SYS_TABLE_DROP] = "mF##",
    [SYS_TABLE_MARK] = "mF#M",
    [SYS_SPACE_SET_ROOT] = "smF",
    [SYS_SPACE_FLUSH] = "sA#",
    [SYS_THREAD_CONFIGURE] = "tskebp0",
    [SYS_THREAD_START] = "tAA...",
    [SYS_THREAD_SUSPEND] = "t",
    [SYS_THREAD_RESUME] = "t",
    [SYS_THREAD_SET_PRIORITY] = "tpL",
    [SYS_THREAD_READ] = "tp",
    [SYS_THREAD_INFO] = "t",
    [SYS_INTERRUPT_BIND] = "icpn",
    [SYS_INTERRUPT_ACK] = "i",
    [SYS_TIMER_SET] = "TnD",
    [SYS_MACHINE_LOG] = "Mp....",
    [SYS_MACHINE_RESET] = "ML",
    [SYS_MACHINE_COUNTER] = "Mp",
    [SYS_MACHINE_EVENT] = "Mp",
};

static uint64_t wanted(const struct thread *thread, char wish)
{
    static const char letters[] = "tserniTkmdcM"; /* a slot with that type of capability */
    static const uint8_t types[] = {
        OBJECT_THREAD,
        OBJECT_SPACE,
        OBJECT_ENDPOINT,
        OBJECT_REPLY,
        OBJECT_NOTIFICATION,
        OBJECT_INTERRUPT,
        OBJECT_TIMER,
        OBJECT_CAPTABLE,
        OBJECT_MEMORY,
        OBJECT_DEVICE,
        OBJECT_INTERRUPT_CONTROL,
        OBJECT_MACHINE,
    };

    for (unsigned i = 0; letters[i] != '\0'; i++) {
        if (letters[i] == wish) {
            return slot_of(thread, types[i]);
        }
    }
    switch (wish) {
    case '0':
        return 0;
    case 'x': /* any slot; v: one that the walk can do without */
        return 1 + below(SLOTS - 1);
    case 'v':
        return 20 + below(SLOTS - 20);
    case 'o':
        return slot_of(thread, OBJECT_NONE);
    case 'F':
        return tables[below(TABLES)].number;
    case 'O':
        return fake_frame(WORLD_OBJECT_CHUNK, 200 + (unsigned)below(PAGES)).number;
    case 'U':
        return fake_frame(6 + (unsigned)below(FAKE_CHUNKS - 6), 0).number;
    case 'C':
        return wanted(thread, 'U') << MAP_FRAME_SHIFT | MAP_R;
    case 'P':
        return (below(4) != 0 ? world_user_frame((unsigned)below(CHUNK_PAGES)).number
                              : some_frame())
                   << MAP_FRAME_SHIFT |
               (below(8) != 0 ? (uint64_t)MAP_R | (below(2) != 0 ? MAP_W : 0) : below(64));
    case 'V':
        return WORLD_DEVICE_FRAME + below(WORLD_DEVICE_FRAMES);
    case '#':
        return below(below(2) != 0 ? 520 : 40);
    case '1':
        return 1 + below(16);
    case 'L':
        return below(4);
    case 'q':
        return below(5);
    case 'K':
        return KIND_USER + below(3);
    case 'y':
        return 1 + below(8);
    case 'z':
        return below(3) == 0 ? 64 : 0;
    case 'p':
        return below(8);
    case 'b':
        return below(3);
    case 'g':
        return RIGHTS_ALL & fake_random();
    case 'A':
        return below(64) << PAGE_SHIFT;
    case 'D':
        return fake.time_ticks + below(300);
    default:
        return some_argument();
    }
}

static void set_arguments(struct thread *thread, uint64_t number)
{
    const char *wish = wishes[number];
    uint64_t *r = thread->registers;

    for (unsigned i = 0; i < SYSCALL_ARGUMENTS; i++) {
        bool is_wished = wish != NULL && *wish != '\0' && below(20) != 0;

        r[argument_registers[i]] = is_wished ? wanted(thread, *wish) : some_argument();
        wish += wish != NULL && *wish != '\0';
    }
    if (number >= SYS_CALL && number <= SYS_SEND) {
        unsigned allowed = number == SYS_CALL ? 15 : number == SYS_SEND ? 3 : 127;

        r[REGISTER_A6] = fake_random() & fake_random() & (below(12) == 0 ? 255 : allowed);
        r[REGISTER_A6] =
            is_paired && below(8) != 0 ? below(8) == 0 ? IPC_ACCEPT : 0 : r[REGISTER_A6];
        r[REGISTER_A1] &= is_paired ? UINT32_MAX : UINT64_MAX;
        r[REGISTER_A6] |= below(4) == 0 ? 0 : slot_of(thread, OBJECT_REPLY) << 8;
        r[REGISTER_A6] |= (1 + below(SLOTS - 1)) << 32;
    }
    if (number == SYS_CAP_DESTROY || number == SYS_CAP_DELETE) {
        r[REGISTER_A0] = 0; /* the threads under test must not all die early */
        r[REGISTER_A1] = wanted(thread, 'v');
    }
}

/* Slots 1..19 of each actor's table: what it works with. */
static void endow(struct thread *actor, const uint64_t *shared, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        world_give(actor, 2 + i, shared[i], RIGHTS_ALL & ~RIGHT_DESTROY, i < 3 ? 1 + below(9) : 0);
    }
}

static void step(void)
{
    struct thread *actor;
    uint64_t number;

    fake.time_ticks += below(20);
    switch (below(12)) {
    case 0:
        core_timer(&hart0);
        return;
    case 1:
        fake.claim = (unsigned)below(FAKE_SOURCES);
        core_interrupt(&hart0);
        return;
    default:
        break;
    }
    actor = actors[below(THREADS)];
    if (actor->state == THREAD_READY && below(3) == 0) {
        world_run(actor);
    }
    actor = hart0.current;
    if (actor == NULL) {
        core_timer(&hart0);
        return;
    }
    if (below(10) == 0) {
        core_fault(&hart0, 1 + (unsigned)below(FAULT_ACCESS), hostile_number());
        return;
    }
    if (actor->registers[REGISTER_PC] != 0x1000) { /* else a restarted call is made again */
        number = below(3) != 0 ? below(SYS_COUNT) : below(SYS_YIELD);
        number = below(50) == 0 ? hostile_number() : number;
        if (is_paired && below(4) != 0) {
            number = below(2) != 0 ? SYS_CALL : SYS_REPLY_RECEIVE;
        }
        if (is_paired && (number == SYS_MACHINE_EVENT || number == SYS_MACHINE_COUNTER ||
                          number == SYS_THREAD_INFO)) {
            number = SYS_VERSION; /* these tell how it was done (J3) */
        }
        if (number < SYS_COUNT) {
            set_arguments(actor, number);
        }
        actor->registers[REGISTER_A7] = number;
    }
    actor->registers[REGISTER_PC] = 0x1004;
    number = actor->registers[REGISTER_A7];
    trap_system_call(&hart0);
    if (number < SYS_COUNT) {
        calls[number]++;
        successes[number] +=
            actor->registers[REGISTER_PC] == 0x1004 && actor->registers[REGISTER_A0] == ERR_OK;
    }
}

/* Whoever stopped goes on, so that the walk does not end. */
static void revive(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        struct thread *actor = actors[i];

        if (actor->state == THREAD_STOPPED || actor->state == THREAD_FAULTED) {
            schedule_wake(actor);
        } else if (actor->state != THREAD_READY && actor->state != THREAD_RUNNING &&
                   below(4) == 0) {
            thread_stop(actor);
        }
    }
    hart0.must_choose = true;
    (void)schedule_settle(&hart0);
}

static uint64_t setting(const char *name, uint64_t usual)
{
    const char *text = getenv(name);

    return text == NULL ? usual : strtoull(text, NULL, 0);
}

static void populate(void)
{
    uint64_t shared[16];
    unsigned count = 0;

    shared[count++] = world_object(OBJECT_ENDPOINT, 0);
    shared[count++] = world_object(OBJECT_ENDPOINT, 0);
    shared[count++] = world_object(OBJECT_NOTIFICATION, 0);
    shared[count++] = world_object(OBJECT_TIMER, 0);
    shared[count++] = world_object(OBJECT_INTERRUPT, 0);
    shared[count++] = world_object(OBJECT_SPACE, 0);
    shared[count++] = INIT_SLOT_MEMORY;
    shared[count++] = INIT_SLOT_INTERRUPT_CONTROL;
    shared[count++] = SLOT_DEVICE;
    shared[count++] = INIT_SLOT_MACHINE;
    for (unsigned i = 0; i < TABLES; i++) {
        tables[i] = world_table(i % 3);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        uint64_t reply = world_object(OBJECT_REPLY, 0);

        actors[i] = world_thread(5 + i % 3, i % 2 == 0 ? shared[0] : 0);
        endow(actors[i], shared, count);
        world_give(actors[i], 2 + count, reply, RIGHTS_ALL & ~RIGHT_DESTROY, 0);
        capability_make(captable_slot(actors[i]->captable, 3 + count),
                        &actors[i == 0 ? 0 : i - 1]->object, RIGHTS_ALL & ~RIGHT_DESTROY, 0);
    }
    thread_stop(init);
    hart0.must_choose = true;
    (void)schedule_settle(&hart0);
}

static bool is_general; /* keep to the general path of IPC */

static void walk(uint64_t steps, void (*after_step)(uint64_t i))
{
    fake.random = setting("KERNEL_TEST_SEED", 20261123) * 2 + 1;
    printf("# seed %lu, %lu steps\n", (unsigned long)(fake.random / 2), (unsigned long)steps);
    populate();
    fake.pending_one_in = 3;
    for (uint64_t i = 0; i < steps; i++) {
        for (unsigned n = 0; is_general && n < THREADS; n++) {
            actors[n]->rank = 0;
        }
        step();
        after_step(i);
        if (i % 16 == 0) {
            revive();
        }
    }
    world_check();
}

static void check_now_and_then(uint64_t i)
{
    if (i < CHECK_ALWAYS_BELOW || i % 8 == 0) {
        world_check();
    }
}

static void no_call_breaks_an_invariant(void **state)
{
    (void)state;
    walk(setting("KERNEL_TEST_STEPS", STEPS), check_now_and_then);
    for (unsigned i = 0; i < SYS_COUNT; i++) {
        printf("# %s: %u of %u succeeded\n", syscall_name(i), successes[i], calls[i]);
    }
}

/* What threads can see of the machine, as one number. */
static uint64_t digest(void)
{
    uint64_t sum = hart0.current == NULL ? 0 : hart0.current->priority;

    for (unsigned i = 0; i < THREADS; i++) {
        const struct thread *actor = actors[i];

        for (unsigned n = 0; n < THREAD_REGISTERS; n++) {
            bool is_run_ticks =
                n == REGISTER_A3 && actor->registers[REGISTER_A7] == SYS_THREAD_INFO;
            sum = sum * 31 + (is_run_ticks ? 0 : actor->registers[n]); /* J3 */
        }
        sum = sum * 31 + actor->state + 8u * actor->in_fault;
    }
    for (unsigned i = 0; i < TABLES; i++) {
        sum = sum * 31 + table_record_of(tables[i])->count + table_record_of(tables[i])->groups;
    }
    return sum;
}

enum { PAIRED_STEPS = 60000 };
static uint64_t digests[PAIRED_STEPS];
static uint64_t walks_that_differ;
static unsigned fast_switches;

static void note(uint64_t i)
{
    digests[i] = digest();
}

static void compare(uint64_t i)
{
    if (digests[i] != digest() && walks_that_differ == 0) {
        walks_that_differ = i + 1;
    }
}

static void the_short_path_of_ipc_does_what_the_general_one_does(void **state)
{
    is_paired = true;
    walk(PAIRED_STEPS, note);
    fast_switches = (unsigned)event_count(&hart0);
    world_stop(state);
    world_start(state);
    is_general = true;
    walk(PAIRED_STEPS, compare);
    assert_int_equal(walks_that_differ, 0);
    printf("# %lu events by the general path alone, %u with the short one\n",
           (unsigned long)event_count(&hart0), fast_switches);
    assert_int_not_equal(event_count(&hart0), fast_switches); /* it was taken */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_call_breaks_an_invariant, world_start, world_stop),
        cmocka_unit_test_setup_teardown(the_short_path_of_ipc_does_what_the_general_one_does,
                                        world_start, world_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
