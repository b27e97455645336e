/* test: SMP=1 MEM=64M */
/* test: SMP=1 MEM=64M BOOTARGS="preempt=41,120" */
/* one hart: it says which of several threads runs, where on several harts all of them do */
/* Threads: configuration, start, suspension, priorities, registers, time. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

static void nothing(struct worker *worker)
{
    (void)worker;
}

static void spin(struct worker *worker)
{
    while (*(volatile uint64_t *)&worker->argument[0] == 0) {
        worker->result[0]++;
    }
}

static void configuration_refused(void)
{
    uint64_t thread = object_new(OBJECT_THREAD, 0), endpoint = object_new(OBJECT_ENDPOINT, 0);
    uint64_t weak = slot_copy(endpoint, RIGHTS_ALL & ~RIGHT_BIND, 0);
    uint64_t weak_space = slot_copy(INIT_SLOT_SPACE, RIGHTS_ALL & ~RIGHT_BIND, 0);
    uint64_t weak_table = slot_copy(INIT_SLOT_CAPTABLE, RIGHTS_ALL & ~RIGHT_BIND, 0);
    enum { S = INIT_SLOT_SPACE, T = INIT_SLOT_CAPTABLE };
    EXPECT_ERROR(SYS(THREAD_START, thread, 0, 0, 0, 0, 0), ERR_STATE);
    EXPECT_ERROR(SYS(THREAD_RESUME, thread), ERR_STATE);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, 0, 0, 32, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, 0, 0, ~0ul, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, 0, 0, RUNNER_PRIORITY + 1, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, 0, 0, 1, ~0ul), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, weak, 0, 1, 0), ERR_RIGHTS);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, weak_space, T, 0, 0, 1, 0), ERR_RIGHTS);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, weak_table, 0, 0, 1, 0), ERR_RIGHTS);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, slot_dead(), 0, 1, 0), ERR_CAP_DEAD);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, MACHINE, 0, 1, 0), ERR_CAP_TYPE);
    EXPECT_ERROR(SYS(THREAD_CONFIGURE, thread, S, T, slot_empty(), 0, 1, 0), ERR_CAP_EMPTY);
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, thread));
    EXPECT_EQUAL(out[0], STATE_UNCONFIGURED);
    EXPECT_OK(SYS(THREAD_CONFIGURE, thread, S, T, endpoint, 7, 1, 0));
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, thread));
    EXPECT_EQUAL(out[0], STATE_STOPPED);
    EXPECT_EQUAL(out[1], 1);
    EXPECT_ERROR(SYS(THREAD_SET_PRIORITY, thread, 32, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_SET_PRIORITY, thread, RUNNER_PRIORITY + 1, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_READ, thread, ~0ul), ERR_ARGUMENT);
}

/* Configured and started at once, or neither. */
static void beginning(void)
{
    enum { S = INIT_SLOT_SPACE, T = INIT_SLOT_CAPTABLE };
    uint64_t rootless = object_new(OBJECT_SPACE, 0);
    struct worker *worker = worker_new(nothing);
    uint64_t thread = worker->thread, space = slot_copy(S, RIGHT_BIND, 0);
    EXPECT_ERROR(SYS(THREAD_BEGIN, thread, rootless, T, 0, 0, 1, 0, 4, 0, 0, 0, 0), ERR_STATE);
    EXPECT_ERROR(SYS(THREAD_BEGIN, thread, space, T, 0, 0, RUNNER_PRIORITY + 1, 0, 4),
                 ERR_ARGUMENT);
    EXPECT_ERROR(SYS(THREAD_BEGIN, thread, space, T, MACHINE, 0, 1, 0, 4), ERR_CAP_TYPE);
    EXPECT_EQUAL(worker_state(worker), STATE_UNCONFIGURED);
    worker_begin(worker, space, WORKER_PRIORITY);
    EXPECT_ERROR(SYS(CAP_INFO, SELF, space), ERR_CAP_EMPTY); /* taken */
    REQUIRE(worker_join(worker));
    space = slot_copy(S, RIGHT_BIND, 0);
    EXPECT_ERROR(SYS(THREAD_BEGIN, thread, space, T, 0, 0, 1, 0, 4), ERR_STATE); /* it has been */
    EXPECT_OK(SYS(CAP_INFO, SELF, space));
}

static void states(void)
{
    struct worker *worker = worker_new(spin);
    worker_go(worker, 0, WORKER_PRIORITY);
    EXPECT_ERROR(SYS(THREAD_START, worker->thread, 0, 0, 0, 0, 0), ERR_STATE);
    EXPECT_ERROR(SYS(THREAD_RESUME, worker->thread), ERR_STATE); /* it runs */
    EXPECT_ERROR(SYS(THREAD_READ, worker->thread, 0), ERR_STATE);
    EXPECT_ERROR(
        SYS(THREAD_CONFIGURE, worker->thread, INIT_SLOT_SPACE, INIT_SLOT_CAPTABLE, 0, 0, 1, 0),
        ERR_STATE);
    pause_ticks(ticks_of_ms(5));
    EXPECT_OK(SYS(THREAD_SUSPEND, worker->thread));
    EXPECT_EQUAL(worker_state(worker), STATE_STOPPED);
    uint64_t count = worker->result[0];
    EXPECT(count > 0);
    EXPECT_OK(SYS(THREAD_SUSPEND, worker->thread)); /* again: no harm */
    pause_ticks(ticks_of_ms(5));
    EXPECT_EQUAL(worker->result[0], count);
    EXPECT_OK(SYS(THREAD_RESUME, worker->thread));
    pause_ticks(ticks_of_ms(5));
    EXPECT(worker->result[0] > count);
    *(volatile uint64_t *)&worker->argument[0] = 1;
    REQUIRE(worker_join(worker));
}

/* A thread at work can be destroyed at any point of it. */
static void destroyed_at_work(void)
{
    for (unsigned i = 0; i < 30; i++) {
        struct worker *worker = worker_new(spin);
        worker_go(worker, 0, i % 2 == 0 ? WORKER_PRIORITY : RUNNER_PRIORITY);
        if (i % 3 == 0) {
            (void)SYS(YIELD);
        } else {
            pause_ticks(i * 50);
        }
        object_destroy(worker->thread);
        object_destroy(worker->done);
    }
}

static void read_registers(void)
{
    struct worker *worker = worker_new(nothing);
    worker_configure(worker, 0, WORKER_PRIORITY, 0);
    EXPECT_OK(SYS(THREAD_SUSPEND, worker->thread));
    uint64_t thread = worker->thread;
    worker->thread = slot_empty(); /* so that it runs on in its last loop, once resumed */
    EXPECT_OK(SYS(THREAD_START, thread, 0xdead0000, 0x5500, 0x7000, 0xaa, 0xbb));
    EXPECT_OK(SYS(THREAD_SUSPEND, thread));
    static const uint64_t expected[16] = {
        [0] = 0xdead0000, [2] = 0x5500, [4] = 0x7000, [10] = 0xaa, [11] = 0xbb};
    for (unsigned first = 0; first < 16; first += 8) {
        EXPECT_OK(SYS_OUT(out, THREAD_READ, thread, first));
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQUAL(out[i], expected[first + i]);
        }
    }
    EXPECT_OK(SYS_OUT(out, THREAD_READ, thread, 60)); /* beyond the end reads as 0 */
    EXPECT_EQUAL(out[7], 0);
    EXPECT_OK(SYS(THREAD_READ, thread, 64));
    worker->thread = thread;
}

/* ------------------------------------------------------------------ scheduling */
static volatile uint64_t order[16];
static volatile unsigned order_count;

static void sign(struct worker *worker)
{
    order[order_count++] = worker->argument[0];
}

static void start_many(struct worker *worker)
{
    struct worker **others = (struct worker **)worker->argument[0];
    for (unsigned i = 0; i < 6; i++) {
        worker_start_at(others[i]);
    }
}

static void higher_first(void)
{
    static const unsigned priorities[] = {2, 7, 4, 7, 1, 9};
    static const unsigned expected[] = {5, 1, 3, 2, 0, 4};
    struct worker *workers[6];
    for (unsigned i = 0; i < 6; i++) {
        workers[i] = worker_new(sign);
        workers[i]->argument[0] = i;
        worker_configure(workers[i], 0, priorities[i], 0);
    }
    struct worker *starter = worker_new(start_many); /* above them all: none runs before it ends */
    starter->argument[0] = (uint64_t)workers;
    order_count = 0;
    worker_go(starter, 0, 15);
    for (unsigned i = 0; i < 6; i++) {
        REQUIRE(worker_join(workers[i]));
    }
    for (unsigned i = 0; i < 6; i++) {
        bool equals = i == 1 || i == 2; /* two of one priority: any order when it is random */
        EXPECT(order[i] == expected[i] || (equals && argument_given("preempt=")));
    }
}

/* Three threads that never yield share the time; a lower one gets none of it. The one above that
 * watches them wakes once, or about as often as slices end: that must not stop the rotation. */
static void round_robin_watched(unsigned wakes)
{
    struct worker *workers[4];
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = worker_new(spin);
        worker_configure(workers[i], 0, i < 3 ? 9 : 8, 0);
    }
    uint64_t start = time_now();
    for (unsigned i = 0; i < 4; i++) {
        worker_start_at(workers[i]);
    }
    for (unsigned i = 0; i < wakes; i++) {
        pause_ticks(ticks_of_ms(400) / wakes);
    }
    uint64_t times[4];
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_OK(SYS_OUT(out, THREAD_INFO, workers[i]->thread));
        times[i] = out[2];
    }
    uint64_t elapsed = time_now() - start;
    say("# ticks: %lu %lu %lu, lower %lu\n", times[0], times[1], times[2], times[3]);
    for (unsigned i = 0; i < 3; i++) {
        EXPECT(workers[i]->result[0] > 0);
        EXPECT(times[i] > ticks_of_ms(40));
    }
    EXPECT(times[3] < ticks_of_ms(5));
    EXPECT_EQUAL(workers[3]->result[0], 0);
    EXPECT(times[0] + times[1] + times[2] <= elapsed);
    for (unsigned i = 0; i < 4; i++) {
        *(volatile uint64_t *)&workers[i]->argument[0] = 1;
        REQUIRE(worker_join(workers[i]));
    }
}

static void round_robin(void)
{
    round_robin_watched(1);
    round_robin_watched(40);
    round_robin_watched(80);
    round_robin_watched(57);
}

/* A thread that calls a server, or faults, all the time never uses up a slice at one go: its equals
 * get their share all the same. */
static void serve(struct worker *worker)
{
    struct message m = {.reply = worker->argument[1]};
    err_t error = ipc(SYS_RECEIVE, worker->argument[0], &m);
    while (error == ERR_OK) {
        m = (struct message){.reply = worker->argument[1]};
        error = ipc(SYS_REPLY_RECEIVE, worker->argument[0], &m);
    }
}

static void call_often(struct worker *worker)
{
    while (*(volatile uint64_t *)&worker->argument[1] == 0) {
        struct message m = {0};
        worker->result[1] += ipc(SYS_CALL, worker->argument[0], &m) != ERR_OK;
        worker->result[0]++;
    }
}

static void callers_share_too(void)
{
    struct worker *server = worker_new(serve), *caller = worker_new(call_often),
                  *spinner = worker_new(spin);
    server->argument[0] = caller->argument[0] = object_new(OBJECT_ENDPOINT, 0);
    server->argument[1] = object_new(OBJECT_REPLY, 0);
    worker_go(server, 0, 15);
    worker_go(caller, 0, 9);
    pause_ticks(ticks_of_ms(20));
    worker_go(spinner, 0, 9);
    pause_ticks(ticks_of_ms(400));
    uint64_t spun, called;
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, spinner->thread));
    spun = out[2];
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, caller->thread));
    called = out[2];
    say("# ticks: spinner %lu, caller %lu, its calls %lu\n", spun, called, caller->result[0]);
    EXPECT(spun > ticks_of_ms(100)); /* of 400 */
    /* At random points it is preempted the more often the less it has run at one go. */
    EXPECT(called > ticks_of_ms(argument_given("preempt=") ? 5 : 30));
    EXPECT_EQUAL(caller->result[1], 0);
    *(volatile uint64_t *)&spinner->argument[0] = 1;
    *(volatile uint64_t *)&caller->argument[1] = 1;
    REQUIRE(worker_join(spinner));
    REQUIRE(worker_join(caller));
}

static void priority_takes_effect(void)
{
    struct worker *low = worker_new(spin), *high = worker_new(spin);
    worker_go(low, 0, 5);
    worker_go(high, 0, 6);
    pause_ticks(ticks_of_ms(10));
    EXPECT_EQUAL(low->result[0], 0);
    EXPECT_OK(SYS(THREAD_SET_PRIORITY, low->thread, 7, 0));
    EXPECT_OK(SYS_OUT(out, THREAD_INFO, low->thread));
    EXPECT_EQUAL(out[1], 7);
    uint64_t before = high->result[0];
    pause_ticks(ticks_of_ms(10));
    EXPECT(low->result[0] > 0);
    EXPECT(high->result[0] <= before + 1);
    *(volatile uint64_t *)&low->argument[0] = 1;
    *(volatile uint64_t *)&high->argument[0] = 1;
    REQUIRE(worker_join(low));
    REQUIRE(worker_join(high));
}

/* Registers survive preemption at any instruction: a sum over all of them, over and over. */
static void compute(struct worker *worker)
{
    uint64_t sum = worker->argument[1];
    while (*(volatile uint64_t *)&worker->argument[0] == 0) {
        uint64_t result;
        __asm__ volatile(".irp n, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
                         "24, 25, 26, 27, 28, 29, 30, 31\n"
                         "addi x\\n, %1, \\n\n"
                         ".endr\n"
                         "mv a0, zero\n"
                         ".irp n, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
                         "24, 25, 26, 27, 28, 29, 30, 31\n"
                         "add a0, a0, x\\n\n"
                         ".endr\n"
                         "mv %0, a0\n"
                         : "=r"(result)
                         : "r"(sum)
                         : "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16",
                           "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
                           "x27", "x28", "x29", "x30", "x31");
        worker->result[0]++;
        /* 25 registers, and the sum of their numbers */
        worker->result[1] += result != 25 * sum + 468;
    }
}

static void registers_survive(void)
{
    struct worker *workers[4];
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = worker_new(compute);
        workers[i]->argument[1] = 0x1111111111ul * (i + 1);
        worker_go(workers[i], i % 2 == 0 ? 0 : space_new().slot, 9);
    }
    pause_ticks(ticks_of_ms(300));
    for (unsigned i = 0; i < 4; i++) {
        *(volatile uint64_t *)&workers[i]->argument[0] = 1;
    }
    for (unsigned i = 0; i < 4; i++) {
        REQUIRE(worker_join(workers[i]));
        EXPECT(workers[i]->result[0] > 0);
        EXPECT_EQUAL(workers[i]->result[1], 0);
    }
}

static void machine_calls(void)
{
    EXPECT_ERROR(SYS(MACHINE_LOG, MACHINE, 33, 0, 0, 0, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MACHINE_LOG, MACHINE, ~0ul, 0, 0, 0, 0), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MACHINE_RESET, MACHINE, 2), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MACHINE_COUNTER, MACHINE, COUNTERS), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MACHINE_COUNTER, MACHINE, ~0ul), ERR_ARGUMENT);
    EXPECT_ERROR(SYS(MACHINE_EVENT, MACHINE, ~0ul), ERR_RANGE);
    EXPECT_OK(SYS_OUT(out, MACHINE_EVENT, MACHINE, 0));
    EXPECT(out[0] != 0 && out[0] <= time_now());
    EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, COUNTER_ENTRIES));
    uint64_t before = out[0];
    EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, COUNTER_ENTRIES));
    EXPECT(out[0] >= before + 1 && out[0] < before + 100);
    for (unsigned i = 0; i < COUNTERS; i++) {
        EXPECT_OK(SYS_OUT(out, MACHINE_COUNTER, MACHINE, i));
    }
}

TESTS(TEST(configuration_refused,
           "a thread is configured once, with rights, below its maker's priority"),
      TEST(beginning, "a thread is configured and started at once, or not at all"),
      TEST(states, "start, suspend and resume work in the states that allow them"),
      TEST(destroyed_at_work, "a thread at work is destroyed at any point"),
      TEST(read_registers, "a stopped thread's registers are read"),
      TEST(higher_first, "higher priorities run first, equals in their order"),
      TEST(round_robin, "equals share the time, the lower get none"),
      TEST(callers_share_too, "a thread that calls all the time does not starve its equals"),
      TEST(priority_takes_effect, "a change of priority takes effect at once"),
      TEST(registers_survive, "every register survives preemption"),
      TEST(machine_calls, "log, counters and events answer, and refuse nonsense"));
