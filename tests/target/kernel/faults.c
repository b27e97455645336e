/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=51,120 asid_bits=1" */
/* Faults are calls: each kind is delivered with address, pc and badge, and the reply maps, fences
 * or fails. What user mode may not touch faults, and only for the one who tried. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];
static uint64_t endpoint, reply;

static void make(void)
{
    endpoint = object_new(OBJECT_ENDPOINT, 0);
    reply = object_new(OBJECT_REPLY, 0);
}

static struct message receive(void)
{
    struct message m = {
        .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1500)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    return m;
}

static uint64_t counter(uint64_t which)
{
    EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, which));
    return out[0];
}

/* -------------------------------------------------------------- kinds of faults */
static void do_load(struct worker *w)
{
    w->result[0] = *(volatile uint64_t *)w->argument[0];
}
static void do_store(struct worker *w)
{
    *(volatile uint64_t *)w->argument[0] = 1;
}
static void do_jump(struct worker *w)
{
    ((void (*)(void))w->argument[0])();
}
static void do_amo(struct worker *w)
{
    (void)__atomic_fetch_add((uint64_t *)w->argument[0], 1, __ATOMIC_SEQ_CST);
}
static void do_illegal(struct worker *w)
{
    (void)w;
    __asm__ volatile(".word 0xffffffff");
}
static void do_zero(struct worker *w)
{
    (void)w;
    __asm__ volatile(".half 0");
}
static void do_csr(struct worker *w)
{
    (void)w;
    __asm__ volatile("csrr t0, sstatus" ::: "t0");
}
static void do_sret(struct worker *w)
{
    (void)w;
    __asm__ volatile(".word 0x10200073");
}
static void do_sfence(struct worker *w)
{
    (void)w;
    __asm__ volatile(".word 0x12000073");
}
static void do_wfi(struct worker *w)
{
    (void)w;
    __asm__ volatile(".word 0x10500073");
}
static void do_float(struct worker *w)
{
    (void)w;
    __asm__ volatile(".word 0xd2000053");
} /* fcvt.d.w f0, x0 */
static void do_break(struct worker *w)
{
    (void)w;
    __asm__ volatile("ebreak");
}

struct kind_case {
    void (*run)(struct worker *);
    uint64_t argument;
    uint64_t kind;
    bool told_address;
};

static void each_kind(void)
{
    struct space space = space_new();
    uint64_t frame = frame_new();
    area_map(&space, 1, frame, MAP_R);         /* read-only, no X */
    area_map(&space, 2, frame, MAP_R | MAP_X); /* text */
    area_map(&space, 3, frame, MAP_R | MAP_W);
    const struct kind_case cases[] = {
        {do_load, AREA, FAULT_PAGE_READ, true},
        {do_store, AREA + 8, FAULT_PAGE_WRITE, true},
        {do_jump, AREA, FAULT_PAGE_EXECUTE, true},
        {do_store, AREA + 0x1ff8, FAULT_PAGE_WRITE, true},
        {do_amo, AREA + 0x1000, FAULT_PAGE_WRITE, true},
        {do_jump, AREA + 0x1000, FAULT_PAGE_EXECUTE, true},
        {do_amo, AREA + 0x3001, FAULT_MISALIGNED, true}, /* no machine splits an atomic */
        {do_store, AREA + 0x2000, FAULT_PAGE_WRITE, true},
        {do_illegal, 0, FAULT_ILLEGAL, false},
        {do_zero, 0, FAULT_ILLEGAL, false},
        {do_csr, 0, FAULT_ILLEGAL, false},
        {do_sret, 0, FAULT_ILLEGAL, false},
        {do_sfence, 0, FAULT_ILLEGAL, false},
        {do_float, 0, FAULT_ILLEGAL, false}, /* a thread without floating point */
        {do_break, 0, FAULT_BREAKPOINT, false},
        {do_load, 0, FAULT_PAGE_READ, true},
        {do_store, 0, FAULT_PAGE_WRITE, true},
        {do_load, 0x4000000000, FAULT_PAGE_READ, true},         /* beyond the lower half */
        {do_store, 0x8000000000000000, FAULT_PAGE_WRITE, true}, /* no address at all */
        {do_jump, 0xfffffffffffff000, FAULT_PAGE_EXECUTE, true},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct worker *worker = worker_new(cases[i].run);
        struct fault fault;
        worker->argument[0] = cases[i].argument;
        REQUIRE(fault_catch(worker, space.slot, &fault));
        if (fault.kind != cases[i].kind ||
            (cases[i].told_address && fault.address != cases[i].argument)) {
            fail("case %u: fault %lu at 0x%lx, pc 0x%lx", i, fault.kind, fault.address, fault.pc);
        }
        EXPECT_EQUAL(fault.badge, worker);
        EXPECT(fault.pc == cases[i].argument || (fault.pc >= 0x10000000 && fault.pc < 0x10100000));
        EXPECT_OK(SYS_OUT(out, THREAD_READ, worker->thread, 0));
        EXPECT_EQUAL(out[0], fault.pc);
        EXPECT_EQUAL(out[2], fault.sp);
        EXPECT_OK(SYS_OUT(out, THREAD_INFO, worker->thread));
        EXPECT_EQUAL(out[3], 1);
    }
    (void)do_wfi;
}

/* A page that is mapped, and no device behind it: the bus refuses. */
static void access_refused(void)
{
    enum {
        NOTHING_FRAME = 0x18000
    }; /* of QEMU's virt machine: between its devices and its flash */
    struct space space = space_new();
    err_t error = ERR_RANGE;
    for (uint64_t i = 0; i < boot_info()->device_count && error != ERR_OK; i++) {
        error = SYS(TABLE_MAP_DEVICE, MEMORY, space.leaf, 0, 1, INIT_SLOT_DEVICE_FIRST + i,
                    NOTHING_FRAME, MAP_R | MAP_W);
    }
    REQUIRE(error == ERR_OK);
    static void (*const ways[])(struct worker *) = {do_load, do_store};
    for (unsigned way = 0; way < 2; way++) {
        struct worker *worker = worker_new(ways[way]);
        struct fault fault;
        worker->argument[0] = AREA + 8;
        REQUIRE(fault_catch(worker, space.slot, &fault));
        EXPECT_EQUAL(fault.kind, FAULT_ACCESS);
        EXPECT_EQUAL(fault.address, AREA + 8);
        EXPECT_EQUAL(fault.badge, worker);
    }
}

/* The kernel's half: its window of objects and tables, its text and data, its devices. */
static void kernel_refused(void)
{
    const uint64_t window = 0xffffffc000000000;
    const uint64_t addresses[] = {window + (own_object_chunk() << PAGE_SHIFT),
                                  window + (own_table_chunk() << PAGE_SHIFT),
                                  window + (boot_info()->object_chunk_frame << PAGE_SHIFT),
                                  window + 0x80000000,
                                  0xffffffff80200000,
                                  0xffffffff80200000 + (64 << 10),
                                  0xffffffff00000000,
                                  0xffffffff0c000000,
                                  window + (frame_new() << PAGE_SHIFT),
                                  0xffffffc000000000};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        static void (*const ways[])(struct worker *) = {do_load, do_store, do_jump, do_amo};
        static const uint64_t kinds[] = {FAULT_PAGE_READ, FAULT_PAGE_WRITE, FAULT_PAGE_EXECUTE,
                                         FAULT_PAGE_WRITE};
        for (unsigned way = 0; way < 4; way++) {
            struct worker *worker = worker_new(ways[way]);
            struct fault fault;
            worker->argument[0] = addresses[i];
            worker->result[0] = 0x600d;
            REQUIRE(fault_catch(worker, 0, &fault));
            /* QEMU makes an AMO a load and a store, so where nothing is readable it is a load
             * fault. */
            EXPECT(fault.kind == kinds[way] || (way == 3 && fault.kind == FAULT_PAGE_READ));
            EXPECT_EQUAL(fault.address, addresses[i]);
            EXPECT_EQUAL(worker->result[0], 0x600d);
            object_destroy(worker->thread);
        }
    }
}

/* ------------------------------------------------------------------- the reply maps */
static void touch(struct worker *worker)
{
    volatile uint64_t *word = (void *)worker->argument[0];
    worker->result[0] = *word;
    *word = worker->argument[1];
    worker->result[1] = *word;
}

static void reply_maps(void)
{
    make();
    struct space space = space_new();
    uint64_t frame = frame_new(), copy = frame_new();
    *(uint64_t *)frame_pointer(frame) = 0x1111;
    *(uint64_t *)frame_pointer(copy) = 0x1111;
    struct worker *worker = worker_new(touch);
    worker->endpoint = endpoint;
    worker->argument[0] = AREA + 5 * PAGE_BYTES, worker->argument[1] = 0x2222;
    uint64_t all_fenced = counter(COUNTER_FENCES_ALL);
    uint64_t numbers_fenced = counter(COUNTER_FENCES_ASID);
    worker_go(worker, space.slot, WORKER_PRIORITY);
    struct message m = receive();
    EXPECT_EQUAL(m.w[0], FAULT_PAGE_READ);
    m = (struct message){.flags = IPC_MAP | IPC_DEADLINE,
                         .reply = reply,
                         .deadline = time_now() + ticks_of_ms(1500),
                         .w = {space.leaf, map_word(frame, MAP_R), MEMORY}};
    EXPECT_OK(ipc(SYS_REPLY_RECEIVE, endpoint, &m)); /* maps read-only; the store faults next */
    EXPECT_EQUAL(table_pointer(space.leaf)[5] >> PTE_FRAME_SHIFT, frame);
    EXPECT_EQUAL(m.w[0], FAULT_PAGE_WRITE);
    EXPECT_EQUAL(m.w[1], AREA + 5 * PAGE_BYTES);
    uint64_t pages_fenced = counter(COUNTER_FENCES_PAGE);
    m = (struct message){.flags = IPC_MAP,
                         .w = {space.leaf, map_word(copy, MAP_R | MAP_W), MEMORY}};
    EXPECT_OK(ipc(SYS_REPLY, reply, &m)); /* replaces: that page is fenced */
    EXPECT(counter(COUNTER_FENCES_PAGE) == pages_fenced + 1 ||
           counter(COUNTER_FENCES_ALL) > all_fenced ||     /* the space's number is a new one */
           counter(COUNTER_FENCES_ASID) > numbers_fenced); /* there are none: each change fences */
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], 0x1111);
    EXPECT_EQUAL(worker->result[1], 0x2222);
    EXPECT_EQUAL(*(uint64_t *)frame_pointer(frame), 0x1111);
    EXPECT_EQUAL(*(uint64_t *)frame_pointer(copy), 0x2222);
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, worker->thread));
    EXPECT_EQUAL(out[3], 2);
}

/* Whichever way an executable entry comes, fetches see what was stored before; for others nobody
 * pays. */
static void code_is_fenced(void)
{
    make();
    struct space space = space_new();
    uint64_t frame = frame_new(), text = map_word(frame, MAP_R | MAP_X);
    uint64_t data = map_word(frame, MAP_R | MAP_W);
    *(uint16_t *)frame_pointer(frame) = 0x8082; /* ret */
    struct worker *worker = worker_new(do_jump);
    worker->endpoint = endpoint;
    worker->argument[0] = AREA;
    worker_go(worker, space.slot, WORKER_PRIORITY);
    (void)receive();
    uint64_t before = counter(COUNTER_FENCES_CODE);
    struct message m = {.flags = IPC_MAP, .w = {space.leaf, text, MEMORY}};
    EXPECT_OK(ipc(SYS_REPLY, reply, &m));
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(counter(COUNTER_FENCES_CODE), before + 1);
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, space.leaf, 8, 3, text | data << 32, text));
    EXPECT_EQUAL(counter(COUNTER_FENCES_CODE), before + 2);
    uint64_t chunk = chunk_new();
    EXPECT_OK(SYS(TABLE_MAP_RUN, MEMORY, space.leaf, 16, 5, map_word(chunk, MAP_R | MAP_X)));
    EXPECT_OK(SYS(TABLE_MAP_RUN, MEMORY, space.leaf, 32, 5, map_word(chunk, MAP_R | MAP_W)));
    EXPECT_EQUAL(counter(COUNTER_FENCES_CODE), before + 3);
}

/* An error of the map item changes nothing: the thread waits on, and a good reply resumes it. */
static void map_refused(void)
{
    make();
    struct space space = space_new();
    uint64_t frame = frame_new();
    struct worker *worker = worker_new(do_load);
    worker->endpoint = endpoint;
    worker->argument[0] = AREA;
    worker_go(worker, space.slot, WORKER_PRIORITY);
    (void)receive();
    uint64_t weak = slot_copy(MEMORY, RIGHTS_ALL & ~RIGHT_BIND, 0);
    uint64_t no_write = slot_copy(MEMORY, RIGHTS_ALL & ~RIGHT_WRITE, 0);
    const struct {
        uint64_t leaf, word, memory;
        err_t error;
    } cases[] = {
        {space.leaf, map_word(frame, 0), MEMORY, ERR_ARGUMENT},
        {space.leaf, map_word(frame, MAP_W), MEMORY, ERR_ARGUMENT},
        {space.leaf, map_word(frame, MAP_R | MAP_W | MAP_X), MEMORY, ERR_ARGUMENT},
        {space.leaf, map_word(own_object_chunk(), MAP_R), MEMORY, ERR_KIND},
        {space.leaf, map_word(chunk_of_kind(KIND_KERNEL), MAP_R), MEMORY, ERR_KIND},
        {frame, map_word(frame, MAP_R), MEMORY, ERR_KIND},
        {space.middle, map_word(frame, MAP_R), MEMORY, ERR_LEVEL},
        {space.root, map_word(frame, MAP_R), MEMORY, ERR_LEVEL},
        {table_frame_new(), map_word(frame, MAP_R), MEMORY, ERR_LEVEL},
        {~0ul, map_word(frame, MAP_R), MEMORY, ERR_RANGE},
        {space.leaf, map_word(1, MAP_R), MEMORY, ERR_RANGE},
        {space.leaf, map_word(frame, MAP_R), weak, ERR_RIGHTS},
        {space.leaf, map_word(frame, MAP_R | MAP_W), no_write, ERR_RIGHTS},
        {space.leaf, map_word(frame, MAP_R), MACHINE, ERR_CAP_TYPE},
        {space.leaf, map_word(frame, MAP_R), slot_empty(), ERR_CAP_EMPTY},
        {space.leaf, map_word(frame, MAP_R), ~0ul, ERR_CAP_RANGE},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (unsigned way = 0; way < 2; way++) {
            struct message m = {.flags = IPC_MAP | (way == 0 ? 0 : IPC_DEADLINE),
                                .reply = way == 0 ? 0 : reply,
                                .w = {cases[i].leaf, cases[i].word, cases[i].memory}};
            err_t error =
                way == 0 ? ipc(SYS_REPLY, reply, &m) : ipc(SYS_REPLY_RECEIVE, endpoint, &m);
            if (error != cases[i].error) {
                fail("map item %u: answers %u, not %u", i, (unsigned)error,
                     (unsigned)cases[i].error);
            }
        }
    }
    EXPECT_EQUAL(table_pointer(space.leaf)[0], 0);
    EXPECT_EQUAL(worker_state(worker), STATE_REPLYING);
    struct message good = {.flags = IPC_MAP, .w = {space.leaf, map_word(frame, MAP_R), MEMORY}};
    EXPECT_OK(ipc(SYS_REPLY, reply, &good));
    REQUIRE(worker_join(worker));
}

static void reply_fences(void)
{
    make();
    struct space space = space_new();
    uint64_t frame = frame_new();
    *(uint64_t *)frame_pointer(frame) = 0x42;
    struct worker *worker = worker_new(do_load);
    worker->endpoint = endpoint;
    worker->argument[0] = AREA;
    worker_go(worker, space.slot, WORKER_PRIORITY);
    (void)receive();
    EXPECT_OK(SYS(TABLE_MAP, MEMORY, space.leaf, 0, 1, map_word(frame, MAP_R))); /* meanwhile */
    uint64_t before = counter(COUNTER_LOOK_AGAIN);
    struct message m = {.flags = IPC_FENCE};
    EXPECT_OK(ipc(SYS_REPLY, reply, &m));
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], 0x42);
    EXPECT_EQUAL(counter(COUNTER_LOOK_AGAIN), before + 1);
}

static void failed_thread_goes_on(void)
{
    struct space space = space_new();
    struct worker *worker = worker_new(do_load);
    struct fault fault;
    worker->argument[0] = AREA;
    REQUIRE(fault_catch(worker, space.slot, &fault));
    uint64_t frame = frame_new();
    *(uint64_t *)frame_pointer(frame) = 0x43;
    area_map(&space, 0, frame, MAP_R);
    EXPECT_OK(SYS(THREAD_RESUME, worker->thread)); /* the same instruction again */
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], 0x43);
}

/* Nobody answers: the thread stops, the machine goes on. */
static void without_handler(void)
{
    struct worker *worker = worker_new(do_load);
    worker_go(worker, 0, WORKER_PRIORITY);
    worker_settle(worker, STATE_FAULTED);
    struct worker *second = worker_new(do_load);
    second->endpoint = object_new(OBJECT_ENDPOINT, 0);
    worker_configure(second, 0, WORKER_PRIORITY, 0);
    object_destroy(second->endpoint);
    worker_start_at(second);
    worker_settle(second, STATE_FAULTED);
    struct worker *third = worker_new(do_load);
    third->endpoint = object_new(OBJECT_ENDPOINT, 0);
    worker_go(third, 0, WORKER_PRIORITY);
    worker_settle(third, STATE_CALLING); /* its fault is queued */
    object_destroy(third->endpoint);
    worker_settle(third, STATE_FAULTED);
}

/* The handler's reply object goes: the thread stops, as after FAIL. */
static void handler_drops(void)
{
    make();
    struct worker *worker = worker_new(do_load);
    worker->endpoint = endpoint;
    worker_go(worker, 0, WORKER_PRIORITY);
    (void)receive();
    object_destroy(reply);
    worker_settle(worker, STATE_FAULTED);
    reply = object_new(OBJECT_REPLY, 0);
    struct worker *second = worker_new(do_load);
    second->endpoint = endpoint;
    worker_go(second, 0, WORKER_PRIORITY);
    (void)receive();
    object_destroy(second->thread); /* the faulter goes while its handler thinks */
    struct message m = {.flags = IPC_MAP,
                        .w = {own_area().leaf, map_word(frame_new(), MAP_R), MEMORY}};
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &m), ERR_CALLER_GONE);
    EXPECT_EQUAL(table_pointer(own_area().leaf)[0], 0);
}

/* A map item for a call that is no fault changes nothing. */
static void call_once(struct worker *worker)
{
    worker->result[0] = ipc(SYS_CALL, worker->argument[0], &worker->message);
}

static void map_for_a_call(void)
{
    make();
    struct worker *worker = worker_new(call_once);
    worker->argument[0] = endpoint;
    worker_go(worker, 0, WORKER_PRIORITY);
    (void)receive();
    struct message m = {.flags = IPC_MAP,
                        .w = {own_area().leaf, map_word(frame_new(), MAP_R), MEMORY}};
    err_t error = ipc(SYS_REPLY, reply, &m);
    EXPECT_EQUAL(table_pointer(own_area().leaf)[0], 0);
    if (error != ERR_OK) {
        m = (struct message){0};
        EXPECT_OK(ipc(SYS_REPLY, reply, &m));
    }
    REQUIRE(worker_join(worker));
}

/* Faults queue by the faulter's priority, among calls. */
static void faults_have_priority(void)
{
    make();
    struct worker *low = worker_new(do_load), *high = worker_new(do_load),
                  *middle = worker_new(call_once);
    low->endpoint = high->endpoint = endpoint;
    middle->argument[0] = endpoint;
    worker_go(low, 0, 4);
    worker_settle(low, STATE_CALLING);
    worker_go(middle, 0, 6);
    worker_settle(middle, STATE_CALLING);
    worker_go(high, 0, 8);
    worker_settle(high, STATE_CALLING);
    struct worker *expected[] = {high, middle, low};
    for (unsigned i = 0; i < 3; i++) {
        struct message m = receive();
        EXPECT_EQUAL(m.badge, i == 1 ? 0 : (uint64_t)expected[i]);
        struct message a = {.flags = i == 1 ? 0 : IPC_FAIL};
        EXPECT_OK(ipc(SYS_REPLY, reply, &a));
    }
    REQUIRE(worker_join(middle));
}

TESTS(TEST(each_kind, "each kind of fault is a message with kind, address, pc and badge"),
      TEST(access_refused, "so is an access that the bus refuses"),
      TEST(kernel_refused, "no address of the kernel can be read, written, executed or swapped"),
      TEST(reply_maps, "the reply carries the mapping, and a replaced page is fenced"),
      TEST(code_is_fenced, "an executable entry comes with a fence of the code"),
      TEST(map_refused, "a forged map item changes nothing and answers nobody"),
      TEST(reply_fences, "look again: the thread resumes and the counter counts"),
      TEST(failed_thread_goes_on, "a failed thread continues at the same instruction when resumed"),
      TEST(without_handler, "a thread whose fault nobody takes stops alone"),
      TEST(handler_drops, "a dropped fault stops its thread; a dead faulter needs no mapping"),
      TEST(map_for_a_call, "a map item answers only faults"),
      TEST(faults_have_priority, "faults are received by the faulter's priority"));
