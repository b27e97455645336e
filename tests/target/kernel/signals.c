/* test: MEM=64M SMP=4 */
/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=31,120" */
/* Notifications, bound and waited for; timers; interrupts. */
#include "support/test.h"
#include "support/world.h"

static uint64_t out[CALL_RESULTS];

static void bits_gather(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t one = slot_copy(notification, RIGHT_CALL, 0x10),
             two = slot_copy(notification, RIGHT_CALL, 0x8001);
    EXPECT_ERROR(SYS(WAIT, notification, 0), ERR_WOULD_BLOCK);
    EXPECT_OK(SYS(SIGNAL, notification)); /* no badge: bit 0 */
    EXPECT_OK(SYS(SIGNAL, one));
    EXPECT_OK(SYS(SIGNAL, two));
    EXPECT_OK(SYS(SIGNAL, one));
    EXPECT_OK(SYS_OUT(out, WAIT, notification, 0));
    EXPECT_EQUAL(out[0], 0x8011);
    EXPECT_ERROR(SYS(WAIT, notification, 0), ERR_WOULD_BLOCK);
    uint64_t before = time_now();
    EXPECT_ERROR(SYS(WAIT, notification, before + ticks_of_ms(5)), ERR_TIMEOUT);
    EXPECT(time_now() - before >= ticks_of_ms(5));
    EXPECT_ERROR(SYS(WAIT, notification, 1), ERR_TIMEOUT);
    EXPECT_ERROR(SYS(WAIT, one, 0), ERR_RIGHTS);
}

static void wait_once(struct worker *worker)
{
    uint64_t results[CALL_RESULTS];
    worker->result[0] = SYS_OUT(results, WAIT, worker->argument[0], worker->argument[1]);
    worker->result[1] = results[0];
}

static struct worker *waiter(uint64_t notification, uint64_t deadline)
{
    struct worker *worker = worker_new(wait_once);
    worker->argument[0] = notification;
    worker->argument[1] = deadline;
    worker_go(worker, 0, WORKER_PRIORITY);
    worker_settle(worker, STATE_WAITING);
    return worker;
}

static void waiters_wake_in_turn(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t badged = slot_copy(notification, RIGHT_CALL, 6);
    struct worker *first = waiter(notification, NEVER), *second = waiter(notification, NEVER);
    EXPECT_OK(SYS(SIGNAL, badged));
    REQUIRE(worker_join(first));
    EXPECT_EQUAL(first->result[0], ERR_OK);
    EXPECT_EQUAL(first->result[1], 6);
    EXPECT_EQUAL(worker_state(second), STATE_WAITING);
    EXPECT_OK(SYS(SIGNAL, notification));
    REQUIRE(worker_join(second));
    EXPECT_EQUAL(second->result[1], 1);
}

static void waits_end(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    struct worker *workers[20];
    for (unsigned i = 0; i < 20; i++) {
        workers[i] = waiter(notification, i % 2 == 0 ? NEVER : NEVER - 1); /* armed, not reached */
    }
    EXPECT_OK(SYS(THREAD_SUSPEND, workers[3]->thread));
    object_destroy(workers[4]->thread);
    object_destroy(notification);
    for (unsigned i = 0; i < 20; i++) {
        if (i != 4) {
            (void)SYS(THREAD_RESUME, workers[i]->thread);
            REQUIRE(worker_join(workers[i]));
            EXPECT_EQUAL(workers[i]->result[0], ERR_PEER_GONE);
        }
    }
}

/* --------------------------------------------------------------------- bound */
static void receive_bound(struct worker *worker)
{
    uint64_t forever = worker->argument[2] != 0 ? worker->argument[2] : NEVER;
    worker->message =
        (struct message){.flags = IPC_DEADLINE, .deadline = forever, .reply = worker->argument[1]};
    worker->result[0] = ipc(SYS_RECEIVE, worker->argument[0], &worker->message);
}

static void bound_wakes_receive(void)
{
    uint64_t endpoint = object_new(OBJECT_ENDPOINT, 0), reply = object_new(OBJECT_REPLY, 0);
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t badged = slot_copy(notification, RIGHT_CALL, 0x70);
    for (unsigned early = 0; early < 2; early++) {
        struct worker *worker = worker_new(receive_bound);
        worker->argument[0] = endpoint, worker->argument[1] = reply;
        EXPECT_OK(SYS(NOTIFICATION_BIND, notification, worker->thread));
        EXPECT_ERROR(SYS(NOTIFICATION_BIND, notification, worker->thread), ERR_BUSY);
        if (early) {
            EXPECT_OK(SYS(SIGNAL, badged)); /* before it receives */
        }
        worker_go(worker, 0, WORKER_PRIORITY);
        if (!early) {
            worker_settle(worker, STATE_RECEIVING);
            EXPECT_OK(SYS(SIGNAL, badged));
        }
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], ERR_OK);
        EXPECT_EQUAL(worker->message.info, IPC_INFO_NOTIFICATION);
        EXPECT_EQUAL(worker->message.w[0], 0x70);
        EXPECT_EQUAL(worker->message.label, 0);
        EXPECT_EQUAL(worker->message.badge, 0);
        struct message m = {.flags = IPC_DEADLINE, .reply = reply};
        EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK); /* reply object is empty */
        EXPECT_OK(SYS(NOTIFICATION_BIND, notification, 0));
        EXPECT_ERROR(SYS(WAIT, notification, 0), ERR_WOULD_BLOCK);
    }
}

static void binding_refused(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0),
             other = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t thread = object_new(OBJECT_THREAD, 0), second = object_new(OBJECT_THREAD, 0);
    EXPECT_OK(SYS(NOTIFICATION_BIND, notification, thread));
    EXPECT_ERROR(SYS(NOTIFICATION_BIND, notification, second), ERR_BUSY);
    EXPECT_ERROR(SYS(NOTIFICATION_BIND, other, thread), ERR_BUSY);
    EXPECT_OK(SYS(NOTIFICATION_BIND, notification, 0));
    EXPECT_OK(SYS(NOTIFICATION_BIND, other, thread));
    struct worker *worker = waiter(notification, NEVER);
    EXPECT_ERROR(SYS(NOTIFICATION_BIND, notification, second), ERR_BUSY); /* somebody waits on it */
    object_destroy(other); /* bound: the thread is free again */
    EXPECT_OK(SYS(SIGNAL, notification));
    REQUIRE(worker_join(worker));
    EXPECT_OK(SYS(NOTIFICATION_BIND, notification, thread));
    object_destroy(thread); /* bound: the notification is free again */
    EXPECT_OK(SYS(SIGNAL, notification));
    EXPECT_OK(SYS(NOTIFICATION_BIND, notification, second));
}

/* -------------------------------------------------------------------- timers */
static void timers_fire(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t timers[12];
    uint64_t now = time_now();
    for (unsigned i = 0; i < 12; i++) {
        timers[i] = object_new(OBJECT_TIMER, 0);
        uint64_t badged = slot_copy(notification, RIGHT_CALL, 1u << i);
        unsigned order = i * 5 % 12;
        EXPECT_OK(SYS(TIMER_SET, timers[i], badged, now + ticks_of_ms(20 + 4 * order)));
    }
    uint64_t seen = 0;
    for (unsigned order = 0; order < 12; order++) {
        EXPECT_OK(SYS_OUT(out, WAIT, notification, now + ticks_of_ms(1900)));
        seen |= out[0];
        for (unsigned i = 0; i < 12; i++) { /* nobody fires early */
            uint64_t due = now + ticks_of_ms(20 + 4 * (i * 5 % 12));
            EXPECT((out[0] >> i & 1) == 0 || time_now() >= due);
        }
        if (seen == 0xfff) {
            break;
        }
    }
    EXPECT_EQUAL(seen, 0xfff);
}

static void timers_change(void)
{
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0), timer = object_new(OBJECT_TIMER, 0);
    EXPECT_OK(SYS(TIMER_SET, timer, notification, time_now() + ticks_of_ms(5)));
    EXPECT_OK(SYS(TIMER_SET, timer, notification, NEVER)); /* cancelled */
    EXPECT_ERROR(SYS(WAIT, notification, time_now() + ticks_of_ms(15)), ERR_TIMEOUT);
    EXPECT_OK(SYS(TIMER_SET, timer, notification, 1)); /* in the past: at once */
    EXPECT_OK(SYS(WAIT, notification, time_now() + ticks_of_ms(1000)));
    EXPECT_OK(SYS(TIMER_SET, timer, notification, time_now() + ticks_of_ms(1000)));
    EXPECT_OK(SYS(TIMER_SET, timer, notification, time_now() + ticks_of_ms(3))); /* replaced */
    EXPECT_OK(SYS(WAIT, notification, time_now() + ticks_of_ms(500)));
    EXPECT_ERROR(SYS(WAIT, notification, 0), ERR_WOULD_BLOCK); /* once */
    EXPECT_OK(SYS(TIMER_SET, timer, notification, time_now() + ticks_of_ms(5)));
    object_destroy(notification); /* what it would signal goes first */
    pause_ticks(ticks_of_ms(10));
    uint64_t second = object_new(OBJECT_NOTIFICATION, 0);
    EXPECT_OK(SYS(TIMER_SET, timer, second, time_now() + ticks_of_ms(5)));
    object_destroy(timer); /* it goes itself, armed */
    EXPECT_ERROR(SYS(WAIT, second, time_now() + ticks_of_ms(10)), ERR_TIMEOUT);
}

/* ---------------------------------------------------------------- interrupts */
enum { RTC_SOURCE = 11, RTC_FRAME = 0x101 }; /* the goldfish clock of QEMU's virt machine */
enum {
    RTC_TIME_LOW = 0,
    RTC_TIME_HIGH = 4,
    RTC_ALARM_LOW = 8,
    RTC_ALARM_HIGH = 12,
    RTC_IRQ_ENABLED = 16,
    RTC_CLEAR_ALARM = 20,
    RTC_CLEAR_INTERRUPT = 28
};

static volatile uint32_t *clock_map(void)
{
    for (uint64_t i = 0; i < boot_info()->device_count; i++) {
        if (SYS(TABLE_MAP_DEVICE, MEMORY, own_area().leaf, 100, 1, INIT_SLOT_DEVICE_FIRST + i,
                RTC_FRAME, MAP_R | MAP_W) == ERR_OK) {
            return (void *)(AREA + 100 * PAGE_BYTES);
        }
    }
    return NULL;
}

static void clock_alarm(volatile uint32_t *rtc, uint64_t nanoseconds)
{
    uint64_t at = rtc[RTC_TIME_LOW / 4];
    at |= (uint64_t)rtc[RTC_TIME_HIGH / 4] << 32;
    at += nanoseconds;
    rtc[RTC_IRQ_ENABLED / 4] = 1;
    rtc[RTC_ALARM_HIGH / 4] = (uint32_t)(at >> 32);
    rtc[RTC_ALARM_LOW / 4] = (uint32_t)at;
}

static void interrupts_arrive(void)
{
    volatile uint32_t *rtc = clock_map();
    REQUIRE(rtc != NULL);
    uint64_t interrupt = object_new(OBJECT_INTERRUPT, 0),
             notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t badged = slot_copy(notification, RIGHT_CALL, 0x400);
    EXPECT_OK(SYS(INTERRUPT_BIND, interrupt, CONTROL, RTC_SOURCE, badged));
    for (unsigned i = 0; i < 5; i++) {
        clock_alarm(rtc, 1000000);
        EXPECT_OK(SYS_OUT(out, WAIT, notification, time_now() + ticks_of_ms(1500)));
        EXPECT_EQUAL(out[0], 0x400);
        /* Masked until it is acknowledged, though the line is still up. */
        EXPECT_ERROR(SYS(WAIT, notification, time_now() + ticks_of_ms(3)), ERR_TIMEOUT);
        rtc[RTC_CLEAR_INTERRUPT / 4] = 1;
        if (i % 2 == 1) { /* a second one while masked: it comes with the acknowledgement */
            clock_alarm(rtc, 1000000);
            EXPECT_ERROR(SYS(WAIT, notification, time_now() + ticks_of_ms(3)), ERR_TIMEOUT);
            EXPECT_OK(SYS(INTERRUPT_ACK, interrupt));
            EXPECT_OK(SYS(WAIT, notification, time_now() + ticks_of_ms(3)));
            rtc[RTC_CLEAR_INTERRUPT / 4] = 1;
        }
        EXPECT_OK(SYS(INTERRUPT_ACK, interrupt));
        EXPECT_ERROR(SYS(WAIT, notification, time_now() + ticks_of_ms(3)), ERR_TIMEOUT);
    }
    clock_alarm(rtc, 1000000);
    EXPECT_OK(SYS(WAIT, notification, time_now() + ticks_of_ms(1500)));
    object_destroy(notification); /* nobody to signal: no harm */
    EXPECT_OK(SYS(INTERRUPT_ACK, interrupt));
    pause_ticks(ticks_of_ms(2));
    rtc[RTC_CLEAR_INTERRUPT / 4] = 1;
    object_destroy(interrupt);
    clock_alarm(rtc, 1000000); /* unclaimed: disabled */
    pause_ticks(ticks_of_ms(3));
    rtc[RTC_CLEAR_INTERRUPT / 4] = 1;
}

enum { CLOCK, INTERRUPT, NOTIFICATION }; /* a listener's arguments */

/* The interrupt that it acknowledged comes, and to the hart that it is bound to. */
static void listen(struct worker *worker)
{
    volatile uint32_t *rtc = (void *)worker->argument[CLOCK];
    uint64_t event[CALL_RESULTS], begin = time_now();
    worker->result[0] = SYS(INTERRUPT_ACK, worker->argument[INTERRUPT]);
    clock_alarm(rtc, 1000000);
    worker->result[1] = SYS(WAIT, worker->argument[NOTIFICATION], begin + ticks_of_ms(1500));
    rtc[RTC_CLEAR_INTERRUPT / 4] = 1;
    for (unsigned age = 0; SYS_OUT(event, MACHINE_EVENT, MACHINE, age) == ERR_OK; age++) {
        worker->result[2] +=
            event[0] >= begin && event[1] == EVENT_INTERRUPT && event[2] == RTC_SOURCE;
    }
}

static void interrupts_follow(void)
{
    volatile uint32_t *rtc = clock_map();
    REQUIRE(rtc != NULL);
    uint64_t interrupt = object_new(OBJECT_INTERRUPT, 0);
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    EXPECT_OK(SYS(INTERRUPT_BIND, interrupt, CONTROL, RTC_SOURCE,
                  slot_copy(notification, RIGHT_CALL, 1)));
    (void)SYS(WAIT, notification, time_now() + ticks_of_ms(3)); /* what the test before left */
    for (unsigned i = 0; i < 2 * boot_info()->hart_count; i++) {
        struct worker *worker = worker_new(listen);
        worker->argument[CLOCK] = (uintptr_t)rtc;
        worker->argument[INTERRUPT] = interrupt;
        worker->argument[NOTIFICATION] = notification;
        worker_configure(worker, 0, WORKER_PRIORITY, 0);
        uint64_t hart = i % boot_info()->hart_count;
        EXPECT_OK(SYS(THREAD_SET_PRIORITY, worker->thread, WORKER_PRIORITY, 1ul << hart));
        worker_start_at(worker);
        REQUIRE(worker_join(worker));
        EXPECT_OK(worker->result[0]);
        EXPECT_OK(worker->result[1]);
        EXPECT_EQUAL(worker->result[2], 1);
        EXPECT_OK(SYS_OUT(out, THREAD_INFO, worker->thread));
        EXPECT_EQUAL(out[4], hart);
    }
    object_destroy(interrupt);
}

static void interrupts_refused(void)
{
    uint64_t interrupt = object_new(OBJECT_INTERRUPT, 0), second = object_new(OBJECT_INTERRUPT, 0);
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    EXPECT_ERROR(SYS(INTERRUPT_ACK, interrupt), ERR_STATE); /* nothing bound */
    EXPECT_ERROR(SYS(INTERRUPT_BIND, interrupt, CONTROL, 0, notification), ERR_RANGE);
    EXPECT_ERROR(SYS(INTERRUPT_BIND, interrupt, CONTROL, 1024, notification), ERR_RANGE);
    EXPECT_ERROR(SYS(INTERRUPT_BIND, interrupt, CONTROL, ~0ul, notification), ERR_RANGE);
    EXPECT_OK(SYS(INTERRUPT_BIND, interrupt, CONTROL, 9, notification));
    EXPECT_ERROR(SYS(INTERRUPT_BIND, second, CONTROL, 9, notification), ERR_BUSY);
    EXPECT_ERROR(SYS(INTERRUPT_BIND, interrupt, CONTROL, 8, notification), ERR_STATE);
    object_destroy(interrupt);
    EXPECT_OK(SYS(INTERRUPT_BIND, second, CONTROL, 9, notification));
}

TESTS(TEST(bits_gather, "signals gather as bits, taken all at once"),
      TEST(waiters_wake_in_turn, "one signal wakes one waiter, the first"),
      TEST(waits_end, "destroying a notification answers its waiters"),
      TEST(bound_wakes_receive, "a bound notification is received where messages are"),
      TEST(binding_refused, "one notification, one thread; either going frees the other"),
      TEST(timers_fire, "twelve timers fire, none early"),
      TEST(timers_change, "timers are cancelled, replaced, and outlive what they would signal"),
      TEST(interrupts_arrive, "an interrupt signals once and stays masked until acknowledged"),
      TEST(interrupts_follow, "an interrupt comes to the hart of who acknowledged it"),
      TEST(interrupts_refused, "an interrupt source has one owner"));
