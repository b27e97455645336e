/* The checker's command line. Without --seed it makes the runs of the suite, each in a process of
 * its own, and reports them as TAP; with --seed it makes one run.
 *
 *   model [--suite N] [--jobs N]
 *   model --seed S [--steps N] [--audit-every N] [--chunks N] [--overcommit] [--shortage]
 *         [--beside] [--fierce] [--trace]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "books.h"
#include "fake_kernel.h"
#include "model.h"
#include "port.h"
#include "requests.h"
#include "sim.h"

enum { SUITE_RUNS = 12, SUITE_STEPS = 200000 };

static void run(void)
{
    dice_start(model.seed);
    sim_start();
    port_start();
    books_open();
    requests_start();
    for (model_step = 0; model_step < model.steps; model_step++) {
        sim_step();
        if (model_step % model.audit_every == model.audit_every - 1) {
            port_alone(); /* as for a request: law 6 holds between those */
            sim_check_caches();
            books_check();
        }
    }
    sim_stop();
    requests_stop();
    books_check_empty();
    port_stop();
}

static void report(void)
{
    const struct sim_counts *c = &sim_counts;
    printf("# accesses %" PRIu64 ", faults %" PRIu64 " (maps %" PRIu64 ", look again %" PRIu64
           ", killed %" PRIu64 ", of these for want of memory %" PRIu64 ")\n",
           c->accesses, c->faults, c->maps, c->fences, c->kills, c->ended_by_memory);
    printf("# forks %" PRIu64 ", programs %" PRIu64 " (of images %" PRIu64 "), requests %" PRIu64
           " (refused %" PRIu64 "), audits %" PRIu64 ", kernel calls %" PRIu64 "\n",
           c->forks, c->spaces, c->images, c->requests, c->refused, c->audits, fake_calls());
}

/* The suite varies what matters: memory from hardly any to plenty, strict and overcommitted, with
 * allocations that fail, and with a fiercer machine. */
static struct model_options suite_options(unsigned number)
{
    static const unsigned chunks[] = {12, 6, 32, 5, 16, 8};
    struct model_options options = {
        .seed = 1000 + number,
        .steps = SUITE_STEPS,
        .audit_every = 500,
        .chunks = chunks[number % 6],
        .overcommit = number % 4 == 3,
        .shortage = number % 3 == 1,
        .beside = number % 4 >= 2,
        .fierce = number % 2 == 1,
    };
    return options;
}

static int suite_start(unsigned number)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        model = suite_options(number);
        run();
        fflush(NULL);
        _exit(0);
    }
    return child;
}

static int run_suite(unsigned runs, unsigned jobs)
{
    unsigned started = 0, failed = 0;
    int pids[256] = {0};
    bool passed[256] = {false};
    for (unsigned ended = 0; ended < runs;) {
        while (started < runs && started - ended < jobs) {
            pids[started] = suite_start(started);
            started++;
        }
        int status = 0;
        pid_t pid = wait(&status);
        for (unsigned i = 0; i < started; i++) {
            passed[i] = passed[i] || (pids[i] == pid && status == 0);
        }
        ended++;
    }
    printf("1..%u\n", runs);
    for (unsigned i = 0; i < runs; i++) {
        struct model_options o = suite_options(i);
        failed += !passed[i];
        printf("%s %u - seed %" PRIu64 ", %" PRIu64 " steps, %u MiB%s%s%s%s\n",
               passed[i] ? "ok" : "not ok", i + 1, o.seed, o.steps, o.chunks * 2,
               o.overcommit ? ", overcommit" : "", o.shortage ? ", allocations fail" : "",
               o.beside ? ", threads beside one another" : "", o.fierce ? ", fierce machine" : "");
    }
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    unsigned runs = SUITE_RUNS, jobs = 2;
    model = (struct model_options){.steps = SUITE_STEPS, .audit_every = 500, .chunks = 12};
    for (int i = 1; i < argc; i++) {
        uint64_t number = i + 1 < argc ? strtoull(argv[i + 1], NULL, 0) : 0;
        if (strcmp(argv[i], "--overcommit") == 0) {
            model.overcommit = true;
        } else if (strcmp(argv[i], "--shortage") == 0) {
            model.shortage = true;
        } else if (strcmp(argv[i], "--beside") == 0) {
            model.beside = true;
        } else if (strcmp(argv[i], "--fierce") == 0) {
            model.fierce = true;
        } else if (strcmp(argv[i], "--trace") == 0) {
            model.trace = true;
        } else if (strcmp(argv[i], "--seed") == 0) {
            model.seed = number, i++;
        } else if (strcmp(argv[i], "--steps") == 0) {
            model.steps = number, i++;
        } else if (strcmp(argv[i], "--audit-every") == 0 && number > 0) {
            model.audit_every = number, i++;
        } else if (strcmp(argv[i], "--chunks") == 0) {
            model.chunks = (unsigned)number, i++;
        } else if (strcmp(argv[i], "--suite") == 0 && number <= 256) {
            runs = (unsigned)number, i++;
        } else if (strcmp(argv[i], "--jobs") == 0 && number > 0) {
            jobs = (unsigned)number, i++;
        } else {
            fprintf(stderr, "model: what is %s?\n", argv[i]);
            return 2;
        }
    }
    if (model.seed == 0) {
        return run_suite(runs, jobs);
    }
    run();
    printf("ok - seed %" PRIu64 ", %" PRIu64 " steps\n", model.seed, model.steps);
    report();
    return 0;
}
