/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=71,100" */
/* Floating point registers belong to their thread, across switches, preemption and destruction. */
#include "support/test.h"
#include "support/world.h"

void float_fill(uint64_t seed);
uint64_t float_check(uint64_t seed);
void float_read(uint64_t *values);

enum { WITH_FLOAT = 1 };

static void hold(struct worker *worker)
{
    uint64_t seed = worker->argument[0];
    float_fill(seed);
    while (*(volatile uint64_t *)&worker->argument[1] == 0) {
        worker->result[0] += float_check(seed);
        worker->result[1]++;
        if (worker->argument[2] != 0) {
            (void)SYS(YIELD);
        }
        if (worker->result[1] % 64 == 0) { /* a value in them that changes while others run */
            seed += 1000;
            float_fill(seed);
        }
    }
    worker->argument[3] = seed;
}

static void spin(struct worker *worker)
{
    while (*(volatile uint64_t *)&worker->argument[1] == 0) {
        (void)SYS(YIELD);
    }
}

static void held(void)
{
    struct worker *workers[6];
    for (unsigned i = 0; i < 6; i++) {
        workers[i] = worker_new(i == 5 ? spin : hold);
        workers[i]->argument[0] = 1000003 * (i + 1);
        workers[i]->argument[2] = i % 2;
        worker_configure(workers[i], i % 3 == 0 ? 0 : space_new().slot, 9, i == 5 ? 0 : WITH_FLOAT);
    }
    for (unsigned i = 0; i < 6; i++) {
        worker_start_at(workers[i]);
    }
    pause_ticks(ticks_of_ms(500));
    for (unsigned i = 0; i < 6; i++) {
        *(volatile uint64_t *)&workers[i]->argument[1] = 1;
    }
    for (unsigned i = 0; i < 6; i++) {
        REQUIRE(worker_join(workers[i]));
        EXPECT_EQUAL(workers[i]->result[0], 0);
        EXPECT(i == 5 || workers[i]->result[1] > 1);
    }
}

static void read_all(struct worker *worker)
{
    uint64_t values[33];
    float_read(values);
    for (unsigned i = 0; i < 33; i++) {
        worker->result[0] += values[i] != 0;
    }
}

static void fresh(void)
{
    struct worker *owner = worker_new(hold);
    owner->argument[0] = 77;
    worker_configure(owner, 0, 9, WITH_FLOAT);
    worker_start_at(owner);
    pause_ticks(ticks_of_ms(3));
    object_destroy(owner->thread); /* its registers are still on the hart */
    for (unsigned i = 0; i < 3; i++) {
        struct worker *worker = worker_new(read_all);
        worker_configure(worker, space_new().slot, 9, WITH_FLOAT);
        worker_start_at(worker);
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], 0);
    }
}

/* One that held values of its own and has stopped; NULL: it did not end. */
static struct worker *ended(uint64_t seed)
{
    struct worker *worker = worker_new(hold);
    worker->argument[0] = seed;
    worker_configure(worker, 0, 9, WITH_FLOAT);
    worker_start_at(worker);
    pause_ticks(ticks_of_ms(2));
    *(volatile uint64_t *)&worker->argument[1] = 1;
    if (!worker_join(worker)) {
        return NULL;
    }
    worker_settle(worker, STATE_STOPPED);
    return worker;
}

static void readable(void)
{
    struct worker *worker = ended(500);
    REQUIRE(worker != NULL);
    uint64_t seed = worker->argument[3];
    uint64_t out[CALL_RESULTS];
    uint64_t previous = 0;
    for (unsigned first = 32; first < 64; first += 8) {
        EXPECT_OK(SYS_OUT(out, THREAD_READ, worker->thread, first));
        for (unsigned i = 0; i < 8; i++) { /* doubles of consecutive integers: positive, growing */
            EXPECT(out[i] > previous && out[i] >> 62 == 1);
            previous = out[i];
        }
    }
    EXPECT_OK(SYS_OUT(out, THREAD_READ, worker->thread, 64));
    EXPECT_EQUAL(out[0] & 0xff, (seed & 0x1f) | 1 << 5);
}

/* A thread that is started again is a new one: nothing of its first life is in its registers. */
static void started_again(void)
{
    struct worker *worker = ended(900);
    REQUIRE(worker != NULL);
    worker->run = read_all;
    worker->finished = false;
    worker->result[0] = 0;
    worker_start_at(worker);
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->result[0], 0);
    for (unsigned n = 1; n < 32; n++) {
        bool argument = n == 2 || n == 4 || n == 10 || n == 11 || n == 5 || n == 8;
        EXPECT(argument || worker->found[n] == 0);
    }
}

static void use(struct worker *worker)
{
    float_fill(worker->argument[0]);
}

static void refused(void)
{
    struct worker *worker = worker_new(use);
    struct fault fault;
    REQUIRE(fault_catch(worker, 0, &fault)); /* configured without the flag */
    EXPECT_EQUAL(fault.kind, FAULT_ILLEGAL);
}

TESTS(TEST(held, "five threads' floating point registers survive each other"),
      TEST(fresh, "a new thread finds zeros where a destroyed one had values"),
      TEST(started_again, "a thread that is started again finds zeros"),
      TEST(readable, "a stopped thread's floating point registers are read"),
      TEST(refused, "a thread without the flag has no floating point"));
