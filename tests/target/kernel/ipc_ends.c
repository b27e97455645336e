/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=22,120" */
/* How a wait ends other than by its answer: deadlines at each stage, deleted replies, destroyed
 * endpoints, callers and servers that go. */
#include "support/test.h"
#include "support/world.h"

static uint64_t endpoint, reply;

static void make(void)
{
    endpoint = object_new(OBJECT_ENDPOINT, 0);
    reply = object_new(OBJECT_REPLY, 0);
}

static void call_once(struct worker *worker)
{
    worker->result[0] = ipc(SYS_CALL, worker->argument[0], &worker->message);
}

static struct worker *caller(struct message m)
{
    struct worker *worker = worker_new(call_once);
    worker->argument[0] = endpoint;
    worker->message = m;
    worker_go(worker, 0, WORKER_PRIORITY);
    return worker;
}

static struct worker *held_caller(struct message m)
{
    struct worker *worker = caller(m);
    struct message got = {
        .flags = IPC_DEADLINE, .reply = reply, .deadline = time_now() + ticks_of_ms(1000)};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &got));
    EXPECT_EQUAL(got.info & IPC_INFO_DEADLINE,
                 (m.flags & IPC_DEADLINE) != 0 ? IPC_INFO_DEADLINE : 0);
    EXPECT_EQUAL(worker_state(worker), STATE_REPLYING);
    return worker;
}

static struct message in_ms(uint64_t ms)
{
    return (struct message){.flags = IPC_DEADLINE, .deadline = time_now() + ticks_of_ms(ms)};
}

static void expect_end(struct worker *worker, err_t error)
{
    if (worker_join(worker)) {
        EXPECT_EQUAL(worker->result[0], error);
    }
}

static void call_times_out(void)
{
    make();
    uint64_t before = time_now();
    struct message m = in_ms(10);
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_TIMEOUT); /* queued */
    EXPECT(time_now() - before >= ticks_of_ms(10));
    m = (struct message){.flags = IPC_DEADLINE, .deadline = time_now() - 1}; /* in the past */
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_TIMEOUT);
    m = (struct message){.flags = IPC_DEADLINE};
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_TIMEOUT);
    struct worker *worker = held_caller(in_ms(20)); /* received, not answered */
    expect_end(worker, ERR_TIMEOUT);
    struct message late = {.label = 1};
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &late), ERR_CALLER_GONE);
    late = (struct message){.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &late), ERR_WOULD_BLOCK); /* the object is free again */
}

static void receive_times_out(void)
{
    make();
    uint64_t before = time_now();
    struct message m = in_ms(10);
    m.reply = reply;
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_TIMEOUT);
    EXPECT(time_now() - before >= ticks_of_ms(10));
    m = (struct message){.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
    m = (struct message){.flags = IPC_DEADLINE, .deadline = 1, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_TIMEOUT);
    /* reply_receive: the answer goes out, then the wait ends. */
    struct worker *worker = held_caller((struct message){0});
    m = in_ms(5);
    m.reply = reply, m.label = 9;
    EXPECT_ERROR(ipc(SYS_REPLY_RECEIVE, endpoint, &m), ERR_TIMEOUT);
    expect_end(worker, ERR_OK);
    EXPECT_EQUAL(worker->message.label, 9);
    worker = held_caller((struct message){0});
    m = (struct message){.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_REPLY_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
    expect_end(worker, ERR_OK);
}

/* A late answer does not stop the server's receive. */
static void late_answer(void)
{
    make();
    struct worker *first = held_caller(in_ms(5));
    expect_end(first, ERR_TIMEOUT);
    struct worker *second = caller((struct message){.label = 2});
    worker_settle(second, STATE_CALLING);
    struct message m = {.label = 8, .reply = reply, .flags = IPC_DEADLINE};
    EXPECT_OK(ipc(SYS_REPLY_RECEIVE, endpoint, &m));
    EXPECT_EQUAL(m.label, 2);
    EXPECT_EQUAL(m.info, IPC_INFO_CALL);
    struct message answer = {.label = 4};
    EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    expect_end(second, ERR_OK);
    EXPECT_EQUAL(second->message.label, 4);
    m = (struct message){.reply = reply, .flags = IPC_DEADLINE};
    EXPECT_ERROR(ipc(SYS_REPLY_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
}

static void reply_goes(void)
{
    make();
    struct worker *worker = held_caller((struct message){0});
    EXPECT_OK(SYS(CAP_DELETE, SELF, reply));
    expect_end(worker, ERR_PEER_GONE);
    reply = object_new(OBJECT_REPLY, 0);
    worker = held_caller((struct message){0});
    object_destroy(reply);
    expect_end(worker, ERR_PEER_GONE);
    /* In another table that is destroyed with the reply in it. */
    reply = object_new(OBJECT_REPLY, 0);
    uint64_t table = object_new(OBJECT_CAPTABLE, 4);
    worker = held_caller((struct message){0});
    EXPECT_OK(SYS(CAP_MOVE, SELF, reply, table, 2));
    EXPECT_EQUAL(worker_state(worker), STATE_REPLYING);
    object_destroy(table);
    expect_end(worker, ERR_PEER_GONE);
}

enum { CROWD = 100 };

static void endpoint_goes(void)
{
    make();
    struct worker *workers[CROWD];
    for (unsigned i = 0; i < CROWD; i++) {
        workers[i] = caller((struct message){.label = i});
        if (i % 3 == 0) {
            EXPECT_OK(SYS(THREAD_SET_PRIORITY, workers[i]->thread, 1 + i % 7, 0));
        }
    }
    pause_ticks(ticks_of_ms(20));
    for (unsigned i = 0; i < CROWD; i++) {
        worker_settle(workers[i], STATE_CALLING);
    }
    struct place place = object_where(endpoint);
    EXPECT_OK(SYS(OBJECT_DESTROY, MEMORY, place.page, place.slot));
    object_forget(place);
    for (unsigned i = 0; i < CROWD; i++) {
        expect_end(workers[i], ERR_PEER_GONE);
    }
    struct message m = {0};
    EXPECT_ERROR(ipc(SYS_CALL, endpoint, &m), ERR_CAP_DEAD);
}

static void receive_once(struct worker *worker)
{
    worker->message.reply = worker->argument[1];
    worker->result[0] = ipc((unsigned)worker->argument[2], worker->argument[0], &worker->message);
}

static struct worker *receiver(unsigned number, uint64_t reply_slot)
{
    struct worker *worker = worker_new(receive_once);
    worker->argument[0] = endpoint;
    worker->argument[1] = reply_slot;
    worker->argument[2] = number;
    worker_go(worker, 0, WORKER_PRIORITY);
    worker_settle(worker, STATE_RECEIVING);
    return worker;
}

static void endpoint_goes_from_receivers(void)
{
    make();
    uint64_t other = object_new(OBJECT_REPLY, 0);
    struct worker *held = held_caller((struct message){0});
    struct worker *first = receiver(SYS_RECEIVE, other), *second = receiver(SYS_RECEIVE, 0);
    struct worker *third = receiver(SYS_REPLY_RECEIVE, reply);
    object_destroy(endpoint);
    expect_end(first, ERR_PEER_GONE);
    expect_end(second, ERR_PEER_GONE);
    expect_end(third, ERR_PEER_GONE);
    expect_end(held, ERR_OK);
}

/* A server that was destroyed: its queue waits on; who was received is held by the reply object. */
static void receiver_goes(void)
{
    make();
    struct worker *server = receiver(SYS_RECEIVE, reply);
    object_destroy(server->thread);
    struct worker *worker = caller((struct message){.label = 6});
    worker_settle(worker, STATE_CALLING);
    struct message m = {.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_OK(ipc(SYS_RECEIVE, endpoint, &m));
    EXPECT_EQUAL(m.label, 6);
    struct message answer = {.label = 7};
    EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    expect_end(worker, ERR_OK);
}

static void caller_goes(void)
{
    make();
    struct worker *queued = caller((struct message){0});
    worker_settle(queued, STATE_CALLING);
    object_destroy(queued->thread);
    struct message m = {.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
    struct worker *held = held_caller((struct message){0});
    object_destroy(held->thread);
    struct message answer = {0};
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &answer), ERR_CALLER_GONE);
    struct worker *with_deadline = held_caller(in_ms(1500));
    object_destroy(with_deadline->thread); /* its deadline must go with it */
    pause_ticks(ticks_of_ms(2));
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &answer), ERR_CALLER_GONE);
}

static void suspended(void)
{
    make();
    struct worker *queued = caller((struct message){0});
    worker_settle(queued, STATE_CALLING);
    EXPECT_OK(SYS(THREAD_SUSPEND, queued->thread));
    struct message m = {.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
    EXPECT_OK(SYS(THREAD_RESUME, queued->thread));
    expect_end(queued, ERR_PEER_GONE);
    struct worker *held = held_caller(in_ms(1500));
    EXPECT_OK(SYS(THREAD_SUSPEND, held->thread));
    struct message answer = {0};
    EXPECT_ERROR(ipc(SYS_REPLY, reply, &answer), ERR_CALLER_GONE);
    EXPECT_OK(SYS(THREAD_RESUME, held->thread));
    expect_end(held, ERR_PEER_GONE);
    struct worker *server = receiver(SYS_RECEIVE, reply);
    EXPECT_OK(SYS(THREAD_SUSPEND, server->thread));
    EXPECT_ERROR(ipc(SYS_SEND, endpoint, &answer), ERR_WOULD_BLOCK);
    EXPECT_OK(SYS(THREAD_RESUME, server->thread));
    expect_end(server, ERR_PEER_GONE);
}

/* Two threads cannot receive with one reply object. */
static void one_receiver_a_reply(void)
{
    make();
    struct worker *server = receiver(SYS_RECEIVE, reply);
    static const unsigned numbers[] = {SYS_RECEIVE, SYS_REPLY_RECEIVE};
    for (unsigned i = 0; i < 2; i++) {
        struct message m = {.flags = IPC_DEADLINE, .reply = reply};
        EXPECT_ERROR(ipc(numbers[i], endpoint, &m), ERR_BUSY);
    }
    struct worker *worker = caller((struct message){.label = 3});
    expect_end(server, ERR_OK);
    EXPECT_EQUAL(server->message.label, 3);
    struct message answer = {.label = 4};
    EXPECT_OK(ipc(SYS_REPLY, reply, &answer));
    expect_end(worker, ERR_OK);
    EXPECT_EQUAL(worker->message.label, 4);
}

/* Deadlines of many callers end in their order, whatever the order in which they were set. */
static void many_deadlines(void)
{
    make();
    struct worker *workers[40];
    uint64_t start = time_now() + ticks_of_ms(20);
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t at = start + ticks_of_ms(i * 7 % 40) / 4;
        workers[i] = caller((struct message){.flags = IPC_DEADLINE, .deadline = at});
    }
    for (unsigned i = 0; i < 40; i++) {
        expect_end(workers[i], ERR_TIMEOUT);
    }
    struct message m = {.flags = IPC_DEADLINE, .reply = reply};
    EXPECT_ERROR(ipc(SYS_RECEIVE, endpoint, &m), ERR_WOULD_BLOCK);
}

TESTS(TEST(call_times_out,
           "a call's deadline ends it queued and held; the late reply finds nobody"),
      TEST(receive_times_out, "a receive's deadline ends it; 0 only looks"),
      TEST(late_answer, "a late answer does not stop reply-and-receive"),
      TEST(reply_goes, "deleting or destroying a reply object answers its caller"),
      TEST(endpoint_goes, "destroying an endpoint answers a hundred callers"),
      TEST(endpoint_goes_from_receivers, "destroying an endpoint answers its receivers"),
      TEST(receiver_goes, "callers outlive their server's thread"),
      TEST(caller_goes, "a caller that is destroyed leaves queue, reply object and deadline"),
      TEST(suspended, "a suspended thread leaves its wait and finds PEER_GONE when resumed"),
      TEST(one_receiver_a_reply, "one reply object serves one receive at a time"),
      TEST(many_deadlines, "forty deadlines end forty waits"));
