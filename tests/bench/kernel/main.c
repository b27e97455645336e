/* The kernel bench: an init of its own, alone with the kernel, that prints one line an operation:
 *   bench NAME LEAST SUM MOST OPERATIONS UNIT
 * Every server runs in another address space than its client. */
#include "loops.h"

#include "../sample.h"
#include "support/test.h"
#include "support/world.h"

enum { CLIENT_PRIORITY = 12, SERVER_PRIORITY = 18, ACCEPT_SLOTS = 128 };

static struct scene *scene;

static void scene_make(void)
{
    scene = frame_pointer(frame_new());
    *scene = (struct scene){
        .endpoint = object_new(OBJECT_ENDPOINT, 0),
        .reply = object_new(OBJECT_REPLY, 0),
        .notification = object_new(OBJECT_NOTIFICATION, 0),
        .answer_notification = object_new(OBJECT_NOTIFICATION, 0),
        .memory = MEMORY,
        .map_word = map_word(frame_new(), MAP_R | MAP_W),
        .area = AREA,
    };
}

struct job {
    void (*loop)(struct scene *, struct sample *);
    void (*serve)(struct scene *);
    const char *name;
    unsigned divide; /* an operation of the loop is this many of the unit */
};

static void run_loop(struct worker *worker)
{
    const struct job *job = (const struct job *)worker->argument[0];
    struct sample sample = {0};
    job->loop(scene, &sample);
    worker->result[0] = sample.operations;
    worker->result[1] = sample.sum;
    worker->result[2] = sample.least;
    worker->result[3] = sample.most;
}

static void run_server(struct worker *worker)
{
    const struct job *job = (const struct job *)worker->argument[0];
    job->serve(scene);
}

static void measure(const struct job *job)
{
    scene_make();
    struct space client_space = space_new(), server_space = space_new();
    for (unsigned i = 0; i < 4; i++) {
        scene->leaf[i] = table_new(0);
        uint64_t out[CALL_RESULTS];
        (void)SYS(TABLE_DROP, MEMORY, client_space.middle, i, 1);
        EXPECT_OK(SYS_OUT(out, TABLE_LINK, MEMORY, client_space.middle, i, scene->leaf[i], 0));
    }
    scene->accept_first = slot_new();
    scene->accept_count = ACCEPT_SLOTS;
    for (unsigned i = 1; i < ACCEPT_SLOTS; i++) {
        (void)slot_new();
    }
    scene->cap_slot = slot_copy(scene->notification, RIGHTS_ALL, 0);
    struct worker *server = NULL;
    if (job->serve != NULL) {
        bool spins = job->serve == (void (*)(struct scene *))spin;
        server = worker_new(run_server);
        server->argument[0] = (uint64_t)job;
        worker_go(server, server_space.slot, spins ? CLIENT_PRIORITY - 1 : SERVER_PRIORITY);
    }
    struct worker *client = worker_new(run_loop);
    client->argument[0] = (uint64_t)job;
    client->endpoint = scene->endpoint;
    worker_go(client, client_space.slot, CLIENT_PRIORITY);
    while (!client->finished) {
        (void)SYS(WAIT, client->done, time_now() + ticks_of_ms(1000));
    }
    EXPECT(client->result[0] >= BENCH_OPERATIONS);
    sample_end();
    say("bench %s %lu %lu %lu %lu instructions\n", job->name, client->result[2] / job->divide,
        client->result[1], client->result[3] / job->divide, client->result[0] * job->divide);
    EXPECT_OK(SYS(THREAD_SUSPEND, client->thread));
    if (server != NULL) {
        EXPECT_OK(SYS(THREAD_SUSPEND, server->thread));
    }
}

#define JOB(function, name, loop, serve, divide)                                             \
    static void function(void)                                                               \
    {                                                                                        \
        static const struct job job = {loop, (void (*)(struct scene *))serve, name, divide}; \
        measure(&job);                                                                       \
    }

JOB(null_call, "syscall_null", loop_null, NULL, 1)
JOB(call_0, "ipc_rtt_0w", loop_call_0, serve_short, 1)
JOB(call_4, "ipc_rtt_4w", loop_call_4, serve_short, 1)
JOB(call_8, "ipc_rtt_8w", loop_call_8, serve_long, 1)
JOB(call_cap, "ipc_rtt_cap", loop_call_cap, serve_cap, 1)
JOB(signal, "signal_rtt", loop_signal, serve_signal, 1)
JOB(fault, "fault_map", loop_fault, serve_fault, 1)
JOB(map_batch, "map_batch16_each", loop_map_batch, NULL, 16)
JOB(preempt, "preempt", loop_preempt, spin, 1)

TESTS(TEST(null_call, "the cheapest system call"), TEST(call_0, "a call and its answer"),
      TEST(call_4, "the same with four words"), TEST(call_8, "the same with eight words"),
      TEST(call_cap, "a call that carries a capability"), TEST(signal, "a signal and back"),
      TEST(fault, "a fault and the mapping in the reply"),
      TEST(map_batch, "sixteen pages mapped at once, each"),
      TEST(preempt, "a timer interrupt to the next thread"));
