/* test: MEM=128M TIMEOUT=120 */
/* test: MEM=128M TIMEOUT=120 BOOTARGS="preempt=101,400" */
/* test: MEM=512M TIMEOUT=180 RUN="fork_chain 1000 && memaudit" */
/* Conformance 1: a chain of forks a thousand deep. Each generation writes its own page and finds
 * what all before it wrote; frames and tables come back. */
#include <stdlib.h>
#include <unistd.h>

#include "support/tap.h"

enum { GENERATIONS = 1000, PAGES = 32 };

struct report {
    volatile uint32_t reached, wrong, ended;
};

static uint32_t living_depth = 40;
static struct report *report;
static uint32_t *pages; /* page g % PAGES holds the last generation that wrote it */

static bool pages_right(uint32_t generation)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        uint32_t last =
            generation - (generation - i) % PAGES; /* the last <= generation that is i mod PAGES */
        uint32_t wanted = generation < i ? 0 : last;
        if (pages[i * PAGE / 4] != wanted || pages[i * PAGE / 4 + 1023] != wanted) {
            return false;
        }
    }
    return true;
}

static void write_page(uint32_t generation)
{
    pages[generation % PAGES * PAGE / 4] = generation;
    pages[generation % PAGES * PAGE / 4 + 1023] = generation;
}

/* The parent of each generation leaves at once: one or two live at a time. */
static int generations(void *unused)
{
    (void)unused;
    for (uint32_t generation = 1; generation <= GENERATIONS; generation++) {
        pid_t pid = fork();
        if (pid > 0) {
            _exit(0);
        }
        if (pid < 0) {
            report->wrong = 1000000 + generation;
            break;
        }
        write_page(generation);
        if (!pages_right(generation)) {
            report->wrong = generation;
            break;
        }
        report->reached = generation;
    }
    report->ended = 1;
    return 0;
}

/* The parent of each generation waits: all live. */
static int living(void *argument)
{
    uint32_t depth = *(uint32_t *)argument;
    write_page(depth);
    if (!pages_right(depth)) {
        return 1;
    }
    report->reached = depth;
    if (depth < living_depth) {
        uint32_t next = depth + 1;
        if (!exits_with(child(living, &next), 0)) {
            return 2;
        }
    }
    return pages_right(depth) ? 0 : 3; /* the descendants wrote into their own */
}

int main(int argc, char **argv)
{
    living_depth = argc > 1 ? (uint32_t)atoi(argv[1]) : living_depth;
    report = memory_shared(PAGE);
    pages = memory(PAGES * PAGE);
    for (int i = 0; i < PAGES; i++) {
        pages[i * PAGE / 4] = 0; /* resident before */
    }
    (void)exits_with(child(living, &(uint32_t){living_depth}), 1); /* warm: it finds gaps */
    report->reached = 0;
    struct books before = books();
    check(exits_with(child(generations, NULL), 0), "the first of the chain leaves");
    for (unsigned i = 0; i < 2000 && !report->ended; i++) {
        sleep_ms(20);
    }
    check(report->reached == GENERATIONS, "%u generations were reached", (unsigned)report->reached);
    check(report->wrong == 0, "each found its ancestors' pages (%u)", (unsigned)report->wrong);
    check(books_return_to(before), "a thousand generations left no frame and no table");
    check(exits_with(child(living, &(uint32_t){1}), 0), "a living chain");
    check(report->reached == living_depth, "%u deep, each page its owner's",
          (unsigned)report->reached);
    sleep_ms(100);
    before = books(); /* the servers keep some room for as many processes as there were */
    check(exits_with(child(living, &(uint32_t){1}), 0), "and again");
    check(books_return_to(before), "it left no frame and no table");
    return done();
}
