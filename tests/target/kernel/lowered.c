/* test: MEM=64M */
/* A thread that gets the priority of others that are ready shares the hart with them (G3). */
#include "support/test.h"
#include "support/world.h"

static void spin(struct worker *worker)
{
    while (*(volatile uint64_t *)&worker->argument[0] == 0) {
        worker->result[0]++;
    }
}
/* lowers itself to the priority of the one that is ready, then spins */
static void lower(struct worker *worker)
{
    worker->result[1] = SYS(THREAD_SET_PRIORITY, worker->thread, 5, 0);
    spin(worker);
}
static void shares(void)
{
    struct worker *low = worker_new(spin), *high = worker_new(lower);
    worker_go(high, 0, 6);
    worker_go(low, 0, 5);
    pause_ticks(ticks_of_ms(200));
    say("# low %lu high %lu (%lu)\n", low->result[0], high->result[0], high->result[1]);
    EXPECT(low->result[0] > 0);
    *(volatile uint64_t *)&low->argument[0] = 1;
    *(volatile uint64_t *)&high->argument[0] = 1;
    REQUIRE(worker_join(low));
    REQUIRE(worker_join(high));
}
static void shares_late(void)
{
    struct worker *low = worker_new(spin), *high = worker_new(spin);
    worker_go(high, 0, 6);
    worker_go(low, 0, 5);
    pause_ticks(ticks_of_ms(20));
    uint64_t t = time_now();
    EXPECT_OK(SYS(THREAD_SET_PRIORITY, high->thread, 5, 0));
    while (time_now() - t < ticks_of_ms(50)) {
    }
    pause_ticks(ticks_of_ms(200));
    say("# low %lu high %lu\n", low->result[0], high->result[0]);
    EXPECT(low->result[0] > 0);
    *(volatile uint64_t *)&low->argument[0] = 1;
    *(volatile uint64_t *)&high->argument[0] = 1;
    REQUIRE(worker_join(low));
    REQUIRE(worker_join(high));
}
TESTS(TEST(shares, "a thread that lowers itself shares with its new equals"),
      TEST(shares_late, "a thread that another lowers shares with its new equals"));
