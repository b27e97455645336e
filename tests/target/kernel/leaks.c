/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=61,100" */
/* No register of one thread ever shows in another: not at its first instruction, not after a
 * switch, a message, a fault or a reply. Each call made here checks all registers (C1 of call.h);
 * patterns are each thread's own. */
#include "support/test.h"
#include "support/world.h"

void secret_spin(void);
void secret_fault(void);
void secret_call(void);

static const uint64_t secret = 0x5ec2e70000000000;

static bool is_secret(uint64_t value)
{
    return value >> 40 == secret >> 40;
}

static uint64_t secret_start(void (*code)(void), uint64_t space, uint64_t endpoint,
                             uint64_t argument)
{
    uint64_t thread = object_new(OBJECT_THREAD, 0);
    EXPECT_OK(
        SYS(THREAD_CONFIGURE, thread, space, INIT_SLOT_CAPTABLE, endpoint, 5, WORKER_PRIORITY, 0));
    EXPECT_OK(SYS(THREAD_START, thread, (uint64_t)code, 0x1000, 0, argument, 0));
    return thread;
}

static void look(struct worker *worker)
{
    (void)worker;
}

static void first_instruction(void)
{
    struct space space = space_new();
    for (unsigned i = 0; i < 12; i++) {
        uint64_t thread = secret_start(secret_spin, space.slot, 0, 0);
        pause_ticks(ticks_of_ms(1));
        object_destroy(thread); /* the next one takes its memory */
        thread = secret_start(secret_spin, space.slot, 0, 0);
        struct worker *worker = worker_new(look);
        worker_go(worker, 0, WORKER_PRIORITY);
        REQUIRE(worker_join(worker));
        for (unsigned n = 1; n < 32; n++) {
            if (is_secret(worker->found[n])) {
                fail("x%u holds a secret at the first instruction", n);
            }
        }
        object_destroy(thread);
    }
}

static void yield_much(struct worker *worker)
{
    for (unsigned i = 0; i < 25; i++) {
        (void)SYS(YIELD);
        struct message m = {.flags = IPC_DEADLINE};
        (void)ipc(SYS_RECEIVE, worker->argument[0], &m);
        for (unsigned w = 0; w < 8; w++) {
            worker->result[0] +=
                is_secret(m.w[w]) || is_secret(m.label) || is_secret(m.badge) || is_secret(m.info);
        }
        m = (struct message){.flags = IPC_DEADLINE};
        (void)ipc(SYS_CALL, worker->argument[0], &m);
        for (unsigned w = 0; w < 8; w++) {
            worker->result[0] +=
                is_secret(m.w[w]) || is_secret(m.label) || is_secret(m.badge) || is_secret(m.info);
        }
    }
}

static void switches(void)
{
    struct space space = space_new();
    struct worker *worker = worker_new(yield_much);
    worker->argument[0] = object_new(OBJECT_ENDPOINT, 0);
    (void)secret_start(secret_spin, space.slot, 0, 0);
    (void)secret_start(secret_spin, INIT_SLOT_SPACE, 0, 0);
    worker_go(worker, 0, WORKER_PRIORITY);
    uint64_t deadline = time_now() + 40 * ticks_of_ms(1000);
    while (!worker->finished && time_now() < deadline) { /* each yield may cost two time slices */
        pause_ticks(ticks_of_ms(10));
    }
    EXPECT(worker->finished);
    EXPECT_EQUAL(worker->result[0], 0);
}

static void messages(void)
{
    struct space space = space_new();
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0), reply = object_new(OBJECT_REPLY, 0);
    struct worker *worker = worker_new(look); /* only its memory: argument[0] for secret_call */
    worker->argument[0] = endpoint;
    uint64_t thread = secret_start(secret_call, space.slot, 0, (uint64_t)worker);
    struct message m = {
        .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1000)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    EXPECT_EQUAL(m.label, 1);
    EXPECT_EQUAL(m.badge, 0);
    EXPECT_EQUAL(m.info, IPC_INFO_CALL);
    for (unsigned i = 0; i < 8; i++) {
        EXPECT_EQUAL(m.w[i], i < 4 ? secret + 12 + i : 0); /* a2..a5 were sent; t0..t3 were not */
    }
    /* The other way: what the replier has in its registers reaches the caller no more. */
    struct message answer = {.label = 2, .w = {1, 2, 3, 4, 5, 6, 7, 8}};
    EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    pause_ticks(ticks_of_ms(5));
    EXPECT_OK(SYS(THREAD_SUSPEND, thread));
    uint64_t registers[32];
    for (unsigned first = 0; first < 32; first += 8) {
        uint64_t out[CALL_RESULTS];
        EXPECT_OK(SYS_OUT(out, THREAD_READ, thread, first));
        for (unsigned i = 0; i < 8; i++) {
            registers[first + i] = out[i];
        }
    }
    static const unsigned kept[] = {3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27};
    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        EXPECT_EQUAL(registers[kept[i]], secret + kept[i]);
    }
    for (unsigned n = 1; n < 32; n++) {
        if (registers[n] >> 52 == 0xbad) {
            fail("x%u of the caller holds 0x%lx of the replier", n, registers[n]);
        }
    }
}

static void faults(void)
{
    struct space space = space_new();
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0), reply = object_new(OBJECT_REPLY, 0);
    (void)secret_start(secret_fault, space.slot, endpoint, 0);
    for (unsigned i = 0; i < 10; i++) {
        struct message m = {
            .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1000)};
        EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
        EXPECT_EQUAL(m.info, IPC_INFO_FAULT | IPC_INFO_CALL);
        EXPECT_EQUAL(m.badge, 5);
        EXPECT_EQUAL(m.label, 0);
        EXPECT_EQUAL(m.w[0], FAULT_PAGE_READ);
        EXPECT_EQUAL(m.w[1], 0);
        EXPECT_EQUAL(m.w[3], secret + 2); /* its stack pointer is told */
        for (unsigned w = 4; w < 8; w++) {
            EXPECT_EQUAL(m.w[w], 0);
        }
        struct message answer = {.label = 0xbad, .flags = IPC_FENCE, .w = {0xbad1, 0xbad2}};
        EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    }
}

/* After a fault, every register of the faulter is its own. */
static void fault_changes_nothing(void)
{
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0), reply = object_new(OBJECT_REPLY, 0);
    uint64_t thread = secret_start(secret_fault, INIT_SLOT_SPACE, endpoint, 0);
    for (unsigned i = 0; i < 3; i++) {
        struct message m = {
            .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1000)};
        EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
        struct message answer = {.flags = i < 2 ? IPC_FENCE : IPC_FAIL};
        EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    }
    for (unsigned first = 0; first < 32; first += 8) {
        uint64_t out[CALL_RESULTS];
        EXPECT_OK(SYS_OUT(out, THREAD_READ, thread, first));
        for (unsigned i = first == 0 ? 1 : 0; i < 8; i++) {
            EXPECT_EQUAL(out[i], first + i == 1 ? secret : secret + first + i);
        }
    }
}

TESTS(TEST(first_instruction, "a new thread finds nothing of the one whose memory it has"),
      TEST(switches, "yields, receives and calls show nothing of a thread that ran between"),
      TEST(messages, "only message words reach the receiver, only the answer the caller"),
      TEST(faults, "a fault message tells kind, address, pc and sp, and no more"),
      TEST(fault_changes_nothing, "the faulter's registers are its own after the answer"));
