/* The measured operations of the kernel bench, and their servers. See loops.h. */
#include "loops.h"

#include "../sample.h"

#include <byre/table.h>
#include <libsys/ipc.h>

static inline uint64_t ticks(void)
{
    uint64_t value;
    __asm__ volatile("rdtime %0" : "=r"(value)::"memory");
    return value;
}

static void count(struct sample *sample, unsigned round, uint64_t before, uint64_t after)
{
    if (round >= BENCH_WARM_UP) {
        sample_count(sample, before, after);
    }
}

#define MEASURE(sample, rounds, ...)                      \
    for (unsigned round = 0; round < (rounds); round++) { \
        uint64_t before = retired_before();               \
        __VA_ARGS__;                                      \
        uint64_t after = retired_after();                 \
        count(sample, round, before, after);              \
    }

enum { ROUNDS = BENCH_WARM_UP + BENCH_OPERATIONS };

void loop_null(struct scene *scene, struct sample *sample)
{
    (void)scene;
    uint64_t version;
    MEASURE(sample, ROUNDS, (void)byre_version(&version));
}

/* ------------------------------------------------------------------------------- calls */
void loop_call_0(struct scene *scene, struct sample *sample)
{
    const cap_t endpoint = (cap_t)scene->endpoint;
    struct message m = {.label = 1};
    MEASURE(sample, ROUNDS, (void)ipc_call_short(endpoint, &m));
}

void loop_call_4(struct scene *scene, struct sample *sample)
{
    const cap_t endpoint = (cap_t)scene->endpoint;
    struct message m = {.label = 1, .w = {1, 2, 3, 4}};
    MEASURE(sample, ROUNDS, (void)ipc_call_short(endpoint, &m));
}

void loop_call_8(struct scene *scene, struct sample *sample)
{
    struct message m = {.label = 1, .w = {1, 2, 3, 4, 5, 6, 7, 8}};
    MEASURE(sample, ROUNDS, (void)ipc_call_full((cap_t)scene->endpoint, &m, IPC_LONG, 0, 0));
}

void loop_call_cap(struct scene *scene, struct sample *sample)
{
    struct message m = {.label = 1};
    uint64_t descriptor = ipc_with_cap((cap_t)scene->cap_slot);
    for (unsigned round = 0; round < ROUNDS; round++) {
        m.label = 1;
        uint64_t before = retired_before();
        (void)ipc_call_full((cap_t)scene->endpoint, &m, descriptor, 0, 0);
        uint64_t after = retired_after();
        count(sample, round, before, after);
        m.label = 2; /* the server empties its slots when they are all used */
        (void)ipc_call_short((cap_t)scene->endpoint, &m);
    }
}

_Noreturn void serve_short(struct scene *scene)
{
    const cap_t endpoint = (cap_t)scene->endpoint, reply = (cap_t)scene->reply;
    struct message m;
    (void)ipc_receive(endpoint, &m, reply);
    for (;;) {
        (void)ipc_reply_receive(endpoint, &m, reply);
    }
}

_Noreturn void serve_long(struct scene *scene)
{
    struct message m;
    (void)ipc_receive((cap_t)scene->endpoint, &m, (cap_t)scene->reply);
    for (;;) {
        (void)ipc_reply_receive_full((cap_t)scene->endpoint, &m,
                                     ipc_with_reply((cap_t)scene->reply) | IPC_LONG, 0, 0);
    }
}

_Noreturn void serve_cap(struct scene *scene)
{
    struct message m = {0};
    uint64_t next = 0;
    uint64_t descriptor = ipc_with_reply((cap_t)scene->reply) | IPC_ACCEPT;
    (void)ipc_receive_full((cap_t)scene->endpoint, &m, descriptor, (cap_t)scene->accept_first, 0);
    for (;;) {
        if (m.label == 1 && (m.info & IPC_INFO_CAP) != 0) {
            next++;
        }
        if (m.label == 2 && next + 1 == scene->accept_count) {
            for (uint64_t i = 0; i < next; i++) {
                (void)byre_cap_delete(0, scene->accept_first + i);
            }
            next = 0;
        }
        (void)ipc_reply_receive_full((cap_t)scene->endpoint, &m, descriptor,
                                     (cap_t)(scene->accept_first + next), 0);
    }
}

/* ----------------------------------------------------------------------------- signals */
void loop_signal(struct scene *scene, struct sample *sample)
{
    MEASURE(sample, ROUNDS, (void)byre_signal(scene->notification));
}

_Noreturn void serve_signal(struct scene *scene)
{
    uint64_t bits;
    for (;;) {
        (void)byre_wait(scene->notification, DEADLINE_NEVER, &bits);
    }
}

/* ------------------------------------------------------------------------------ faults */
void loop_fault(struct scene *scene, struct sample *sample)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        volatile uint64_t *page = (volatile uint64_t *)(scene->area + round * (uint64_t)PAGE_BYTES);
        uint64_t before = retired_before();
        (void)*page;
        uint64_t after = retired_after();
        count(sample, round, before, after);
    }
}

/* The least a pager can do: one leaf table by the address, always the same frame. */
_Noreturn void serve_fault(struct scene *scene)
{
    struct message m;
    (void)ipc_receive((cap_t)scene->endpoint, &m, (cap_t)scene->reply);
    for (;;) {
        uint64_t index = (m.w[1] - scene->area) >> CHUNK_SHIFT;
        m.label = 0;
        m.w[0] = scene->leaf[index];
        m.w[1] = scene->map_word;
        m.w[2] = scene->memory;
        (void)ipc_registers_short(SYS_REPLY_RECEIVE, (cap_t)scene->endpoint, &m,
                                  ipc_with_reply((cap_t)scene->reply) | IPC_MAP);
    }
}

void loop_map_batch(struct scene *scene, struct sample *sample)
{
    uint64_t pair = scene->map_word | scene->map_word << 32;
    uint64_t done;
    MEASURE(sample, ROUNDS,
            (void)byre_table_map(scene->memory, scene->leaf[0], 16 * (round % 32), 16, pair, pair,
                                 pair, pair, pair, pair, pair, pair, &done));
}

/* -------------------------------------------------------------------------- preemption */
_Noreturn void spin(struct scene *scene)
{
    for (;;) {
        scene->stamp = retired_before();
    }
}

/* From the last reading of the spinning thread to the first of the one that the timer woke. */
void loop_preempt(struct scene *scene, struct sample *sample)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t bits;
        (void)byre_wait(scene->answer_notification, ticks() + 100 + round % 7, &bits);
        uint64_t after = retired_after();
        count(sample, round, scene->stamp, after);
    }
}
