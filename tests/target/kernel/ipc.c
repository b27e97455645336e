/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=21,120" */
/* Messages: what travels, who is served first, what a reply object does. Ends of waits (deadlines,
 * destruction, suspension) are in ipc_ends.c. */
#include "support/test.h"
#include "support/world.h"

static uint64_t endpoint, reply;

static void make(void)
{
    endpoint = object_new(OBJECT_ENDPOINT, 0);
    reply = object_new(OBJECT_REPLY, 0);
}

/* A worker that calls once with its message; result[0] = error. */
static void call_once(struct worker *worker)
{
    worker->result[0] = ipc(SYS_CALL, worker->argument[0], &worker->message);
}

static struct worker *caller(uint64_t slot, unsigned priority, struct message m)
{
    struct worker *worker = worker_new(call_once);
    worker->argument[0] = slot;
    worker->message = m;
    worker_go(worker, 0, priority);
    return worker;
}

static struct message receive(void)
{
    struct message m = {
        .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1000)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    return m;
}

static void answer(uint64_t label)
{
    struct message m = {.label = label};
    EXPECT_OK(ipc(SYS_REPLY, reply, &m));
}

static void words_travel(void)
{
    make();
    uint64_t badged = slot_copy(endpoint, RIGHT_CALL, 0x1234567890);
    for (unsigned round = 0; round < 4; round++) {
        bool call_is_long = round % 2 == 1, reply_is_long = round / 2 == 1;
        struct message m = {.label = 0xffffffff,
                            .w = {1, 2, 3, 4, 5, 6, 7, 8},
                            .flags = call_is_long ? IPC_LONG : 0};
        struct worker *worker = caller(badged, WORKER_PRIORITY, m);
        struct message got = receive();
        EXPECT_EQUAL(got.label, 0xffffffff);
        EXPECT_EQUAL(got.badge, 0x1234567890);
        EXPECT_EQUAL(got.info, IPC_INFO_CALL);
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQUAL(got.w[i], i < 4 || call_is_long ? i + 1 : 0);
        }
        struct message back = {.label = 77,
                               .w = {11, 12, 13, 14, 15, 16, 17, 18},
                               .flags = reply_is_long ? IPC_LONG : 0};
        EXPECT_OK(ipc(SYS_REPLY, reply, &back));
        REQUIRE(worker_join(worker));
        EXPECT_EQUAL(worker->result[0], ERR_OK);
        EXPECT_EQUAL(worker->message.label, 77);
        EXPECT_EQUAL(worker->message.badge, 0);
        for (unsigned i = 0; i < 8; i++) {
            EXPECT_EQUAL(worker->message.w[i], i < 4 || reply_is_long ? 11 + i : 0);
        }
    }
}

/* A server's loop: 200 calls through reply_receive. */
static void serve(struct worker *worker)
{
    struct message m = {.reply = worker->argument[1]};
    worker->result[0] = ipc(SYS_RECEIVE, worker->argument[0], &m);
    for (uint64_t i = 1; i < worker->argument[2]; i++) {
        m = (struct message){.reply = worker->argument[1], .label = m.label + 1, .w = {m.w[0] * 2}};
        worker->result[0] |= ipc(SYS_REPLY_RECEIVE, worker->argument[0], &m);
    }
    struct message last = {.label = m.label + 1, .w = {m.w[0] * 2}};
    worker->result[0] |= ipc(SYS_REPLY, worker->argument[1], &last);
}

static void server_loop(void)
{
    static const unsigned priorities[] = {RUNNER_PRIORITY - 5, RUNNER_PRIORITY};
    for (unsigned p = 0; p < 2; p++) {
        make();
        struct space space = space_new();
        struct worker *server = worker_new(serve);
        server->argument[0] = endpoint, server->argument[1] = reply, server->argument[2] = 200;
        worker_go(server, p == 0 ? 0 : space.slot, priorities[p]);
        for (uint64_t i = 0; i < 200; i++) {
            struct message m = {.label = i, .w = {i * 3}};
            EXPECT_OK(ipc(SYS_CALL, endpoint, &m));
            EXPECT_EQUAL(m.label, i + 1);
            EXPECT_EQUAL(m.w[0], i * 6);
        }
        REQUIRE(worker_join(server));
        EXPECT_EQUAL(server->result[0], ERR_OK);
    }
}

static void priority_order(void)
{
    make();
    static const unsigned priorities[] = {3, 9, 5, 9, 1, 12, 5, 3};
    static const unsigned order[] = {5, 1, 3, 2, 6, 0, 7, 4}; /* by priority, then by arrival */
    struct worker *workers[8];
    for (uint64_t i = 0; i < 8; i++) {
        workers[i] = caller(endpoint, priorities[i], (struct message){.label = i});
        worker_settle(workers[i], STATE_CALLING);
    }
    for (unsigned i = 0; i < 8; i++) {
        struct message m = receive();
        EXPECT_EQUAL(m.label, order[i]);
        answer(0);
    }
    for (unsigned i = 0; i < 8; i++) {
        REQUIRE(worker_join(workers[i]));
    }
    /* A change of priority while queued moves the caller in the queue. */
    for (uint64_t i = 0; i < 4; i++) {
        workers[i] = caller(endpoint, 5, (struct message){.label = i});
        worker_settle(workers[i], STATE_CALLING);
    }
    EXPECT_OK(SYS(THREAD_SET_PRIORITY, workers[2]->thread, 9, 0));
    EXPECT_OK(SYS(THREAD_SET_PRIORITY, workers[0]->thread, 2, 0));
    static const unsigned changed[] = {2, 1, 3, 0};
    for (unsigned i = 0; i < 4; i++) {
        struct message m = receive();
        EXPECT_EQUAL(m.label, changed[i]);
        answer(0);
    }
    for (unsigned i = 0; i < 4; i++) {
        REQUIRE(worker_join(workers[i]));
    }
}

/* The receiver's side: several receivers, first come first served. */
static void receive_once(struct worker *worker)
{
    worker->message.reply = worker->argument[1];
    worker->message.accept = worker->argument[2];
    worker->message.flags = worker->argument[2] != 0 ? IPC_ACCEPT : 0;
    worker->result[0] = ipc(SYS_RECEIVE, worker->argument[0], &worker->message);
}

static struct worker *receiver(uint64_t reply_slot, uint64_t accept_slot)
{
    struct worker *worker = worker_new(receive_once);
    worker->argument[0] = endpoint;
    worker->argument[1] = reply_slot;
    worker->argument[2] = accept_slot;
    worker_go(worker, 0, WORKER_PRIORITY);
    worker_settle(worker, STATE_RECEIVING);
    return worker;
}

static void sends(void)
{
    make();
    struct message m = {.label = 5, .w = {1, 2, 3, 4, 5, 6, 7, 8}, .flags = IPC_LONG};
    EXPECT_ERROR(ipc(SYS_SEND, endpoint, &m), ERR_WOULD_BLOCK);
    struct worker *first = receiver(reply, 0), *second = receiver(0, 0);
    EXPECT_OK(ipc(SYS_SEND, endpoint, &m));
    REQUIRE(worker_join(second)); /* the last that came */
    EXPECT_EQUAL(second->message.label, 5);
    EXPECT_EQUAL(second->message.w[7], 8);
    EXPECT_EQUAL(second->message.info, 0);
    struct message late = {0};
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &late), ERR_CALLER_GONE); /* a send holds nobody */
    m.flags = 0;
    EXPECT_OK(ipc(SYS_SEND, endpoint, &m));
    REQUIRE(worker_join(first));
    EXPECT_EQUAL(first->message.w[7], 0);
    m.label = 1ul << 32;
    EXPECT_ERROR(ipc(SYS_SEND, endpoint, &m), ERR_ARGUMENT);
}

static void call_without_reply_object(void)
{
    make();
    struct worker *worker = receiver(0, 0);
    struct message m = {.label = 5};
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_PEER_GONE);
    (void)worker;
}

/* As part of .cap: rights that do not travel. */
static uint64_t less(uint64_t rights)
{
    return rights << 24;
}

/* A capability goes with a call, one comes back with the reply. */
static void capabilities_travel(void)
{
    make();
    uint64_t notification = object_new(OBJECT_NOTIFICATION, 0);
    uint64_t there = slot_new(), back = slot_new();
    uint64_t weak = slot_copy(notification, RIGHT_CALL | RIGHT_GRANT, 0x50);
    struct worker *worker =
        caller(endpoint, WORKER_PRIORITY,
               (struct message){.flags = IPC_CAP | IPC_ACCEPT, .cap = weak, .accept = back});
    struct message m = {.flags = IPC_ACCEPT | IPC_DEADLINE,
                        .reply = reply,
                        .accept = there,
                        .deadline = time_now() + ticks_of_ms(1000)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    EXPECT_EQUAL(m.info, IPC_INFO_CALL | IPC_INFO_CAP);
    uint64_t out[CALL_RESULTS];
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, there));
    EXPECT_EQUAL(out[0], OBJECT_NOTIFICATION);
    EXPECT_EQUAL(out[1], RIGHT_CALL | RIGHT_GRANT);
    EXPECT_EQUAL(out[2], 0x50);
    EXPECT_OK(SYS(CAP_INFO, SELF, weak)); /* copied, not moved */
    struct message a = {.flags = IPC_CAP, .cap = endpoint | less(RIGHT_CALL)};
    EXPECT_OK(ipc(SYS_REPLY, reply, &a));
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->message.info, IPC_INFO_CAP);
    EXPECT_OK(SYS_OUT(out, CAP_INFO, SELF, back));
    EXPECT_EQUAL(out[0], OBJECT_ENDPOINT);
    EXPECT_EQUAL(out[1], RIGHTS_ALL & ~RIGHT_CALL);
    EXPECT_OK(SYS(SIGNAL, there));
    EXPECT_OK(SYS_OUT(out, WAIT, notification, 0));
    EXPECT_EQUAL(out[0], 0x50);
}

/* Nobody named a slot, or a full one: the message says that a capability was lost. */
static void capabilities_lost(void)
{
    make();
    uint64_t taken = slot_copy(endpoint, RIGHTS_ALL, 0);
    struct worker *worker =
        caller(endpoint, WORKER_PRIORITY, (struct message){.flags = IPC_CAP, .cap = endpoint});
    struct message m = receive();
    EXPECT_EQUAL(m.info, IPC_INFO_CALL | IPC_INFO_CAP_LOST);
    struct message a = {.flags = IPC_CAP, .cap = endpoint};
    EXPECT_OK(ipc(SYS_REPLY, reply, &a));
    REQUIRE(worker_join(worker));
    EXPECT_EQUAL(worker->message.info, IPC_INFO_CAP_LOST);
    m = (struct message){.flags = IPC_ACCEPT | IPC_DEADLINE, .accept = taken, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_SLOT_FULL);
    m = (struct message){.flags = IPC_ACCEPT | IPC_DEADLINE, .accept = taken};
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_SLOT_FULL);
    m = (struct message){.flags = IPC_ACCEPT | IPC_DEADLINE, .accept = taken, .reply = reply};
    EXPECT_ERROR(ipc(SYS_REPLY_RECEIVE, endpoint, &m), ERR_SLOT_FULL);
}

static void capabilities_refused(void)
{
    make();
    static const unsigned numbers[] = {SYS_CALL, SYS_SEND, SYS_REPLY, SYS_REPLY_RECEIVE};
    uint64_t weak = slot_copy(endpoint, RIGHT_CALL, 0);
    struct worker *held = caller(endpoint, WORKER_PRIORITY, (struct message){0});
    (void)receive();
    uint64_t other = object_new(OBJECT_ENDPOINT, 0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t on = numbers[i] == SYS_REPLY ? reply : other;
        uint64_t waits =
            numbers[i] == SYS_CALL || numbers[i] == SYS_REPLY_RECEIVE ? IPC_DEADLINE : 0;
        struct message m = {.flags = IPC_CAP | waits, .cap = INIT_CAPTABLE_SLOTS, .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], on, &m), ERR_CAP_RANGE);
        m = (struct message){.flags = IPC_CAP | waits, .cap = slot_empty(), .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], on, &m), ERR_CAP_EMPTY);
        m = (struct message){.flags = IPC_CAP | waits, .cap = slot_dead(), .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], on, &m), ERR_CAP_DEAD);
        m = (struct message){.flags = IPC_CAP | waits, .cap = weak, .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], on, &m), ERR_RIGHTS);
        m = (struct message){.label = 1ul << 32, .flags = waits, .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], on, &m), ERR_ARGUMENT);
    }
    EXPECT_EQUAL(worker_state(held), STATE_REPLYING); /* none of these answered it */
    answer(3);
    REQUIRE(worker_join(held));
    EXPECT_EQUAL(held->message.label, 3);
}

static void receive_refused(void)
{
    make();
    struct worker *held = caller(endpoint, WORKER_PRIORITY, (struct message){0});
    (void)receive();
    struct message m = {.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_BUSY);
    static const unsigned numbers[] = {SYS_RECEIVE, SYS_REPLY_RECEIVE};
    for (unsigned i = 0; i < 2; i++) {
        m = (struct message){.flags = IPC_DEADLINE, .reply = INIT_CAPTABLE_SLOTS};
        EXPECT_ERROR(ipc(numbers[i], endpoint, &m), ERR_CAP_RANGE);
        m = (struct message){.flags = IPC_DEADLINE, .reply = slot_empty()};
        EXPECT_ERROR(ipc(numbers[i], endpoint, &m), ERR_CAP_EMPTY);
        m = (struct message){.flags = IPC_DEADLINE, .reply = slot_dead()};
        EXPECT_ERROR(ipc(numbers[i], endpoint, &m), ERR_CAP_DEAD);
        m = (struct message){.flags = IPC_DEADLINE, .reply = endpoint};
        EXPECT_ERROR(ipc(numbers[i], endpoint, &m), ERR_CAP_TYPE);
        m = (struct message){.flags = IPC_DEADLINE | IPC_ACCEPT, .accept = ~0ul, .reply = reply};
        EXPECT(ipc(numbers[i], endpoint, &m) != ERR_OK);
    }
    answer(0);
    REQUIRE(worker_join(held));
}

/* A reply capability moves with a message: who has it answers. */
static void replies_move(void)
{
    make();
    struct worker *held = caller(endpoint, WORKER_PRIORITY, (struct message){.label = 1});
    (void)receive();
    uint64_t second = object_new(OBJECT_REPLY, 0), there = slot_new();
    struct worker *sender =
        caller(endpoint, WORKER_PRIORITY, (struct message){.flags = IPC_CAP, .cap = reply});
    struct message m = {.flags = IPC_ACCEPT | IPC_DEADLINE,
                        .reply = second,
                        .accept = there,
                        .deadline = time_now() + ticks_of_ms(1000)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    EXPECT_EQUAL(m.info, IPC_INFO_CALL | IPC_INFO_CAP);
    EXPECT_ERROR(SYS(CAP_INFO, SELF, reply), ERR_CAP_EMPTY); /* moved away */
    struct message a = {.label = 42};
    EXPECT_OK(ipc(SYS_REPLY, there, &a));
    REQUIRE(worker_join(held));
    EXPECT_EQUAL(held->message.label, 42);
    EXPECT_OK(SYS(CAP_MOVE, SELF, second, SELF, reply));
    a = (struct message){.label = 43};
    EXPECT_OK(ipc(SYS_REPLY, reply, &a));
    REQUIRE(worker_join(sender));
    EXPECT_EQUAL(sender->message.label, 43);
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &a), ERR_CALLER_GONE); /* once */
}

TESTS(TEST(words_travel, "label, badge, four or eight words travel both ways"),
      TEST(server_loop, "reply-and-receive serves 200 calls, within a space and across"),
      TEST(priority_order, "callers are received by priority, then by arrival"),
      TEST(sends, "send delivers to a waiting receiver and never waits"),
      TEST(call_without_reply_object, "a call to a receiver without a reply object is answered"),
      TEST(capabilities_travel, "one capability travels each way, with its rights and badge"),
      TEST(capabilities_lost, "a capability nobody has a slot for is told"),
      TEST(capabilities_refused,
           "a wrong capability in a message stops it before anything is sent"),
      TEST(receive_refused, "receive refuses a reply object that holds a caller, or is none"),
      TEST(replies_move, "a reply object moves, answers once, and its old slot is empty"));
