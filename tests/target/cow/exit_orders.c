/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=106,150" */
/* Conformance 6: the child outlives its parent, the grandchild both, and every order in which three
 * can exit; each keeps its own memory, and all of it comes back. */
#include <unistd.h>

#include "support/tap.h"

enum { PAGES = 20 };

struct plan {
    volatile uint32_t turn;     /* who may leave next */
    volatile uint32_t order[3]; /* order[generation] = when it leaves */
    volatile uint32_t born, wrong, gone;
};

static struct plan *plan;
static volatile uint8_t *pages;

static bool right(unsigned generation)
{
    for (unsigned i = 0; i < PAGES; i++) {
        /* generation g wrote page i where i % 4 == g; it inherited the rest */
        unsigned writer = i % 4 <= generation ? i % 4 : 9;
        if (pages[i * PAGE] != writer || pages[i * PAGE + PAGE - 1] != writer) {
            return false;
        }
    }
    return true;
}

static int generation(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; i < PAGES; i++) {
        if (i % 4 == me) {
            pages[i * PAGE] = (uint8_t)me;
            pages[i * PAGE + PAGE - 1] = (uint8_t)me;
        }
    }
    plan->born++;
    if (me < 2 && child(generation, (void *)(uintptr_t)(me + 1)) < 0) {
        plan->wrong = 100;
    }
    while (plan->born < 3 || plan->turn != plan->order[me]) {
        if (!right(me)) {
            plan->wrong = 1 + me;
        }
        sleep_ms(1);
    }
    if (!right(me)) {
        plan->wrong = 11 + me;
    }
    plan->gone++;
    plan->turn++;
    return 0;
}

int main(void)
{
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    plan = memory_shared(PAGE);
    plan->turn = 0;
    pages = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        pages[i * PAGE] = pages[i * PAGE + PAGE - 1] = 9;
    }
    for (unsigned round = 0; round < 7; round++) {
        struct books before = books();
        const uint8_t *order = orders[round % 6];
        *plan = (struct plan){.order = {order[0], order[1], order[2]}};
        pid_t first = child(generation, NULL);
        bool ended = exits_with(first, 0);
        for (unsigned i = 0; i < 200 && plan->gone < 3; i++) {
            sleep_ms(10);
        }
        bool back = books_return_to(before);
        if (round > 0) { /* the first round warms */
            check(ended && plan->gone == 3 && plan->wrong == 0 && back,
                  "order %u %u %u: each keeps its memory, and it comes back (%u)", order[0],
                  order[1], order[2], (unsigned)plan->wrong);
        }
    }
    return done();
}
