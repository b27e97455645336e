/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=114,150" */
/* Conformance 13: stack, heap, data, bss and mapped pages each diverge after fork, and stay equal
 * where nobody wrote. */
#include <stdlib.h>
#include <string.h>

#include "support/tap.h"

enum { BYTES = 5 * PAGE, SEGMENTS = 5 };

static uint8_t in_data[BYTES] = {1};
static uint8_t in_bss[BYTES];
static const char *const names[SEGMENTS] = {"stack", "heap", "data", "bss", "mapped"};

struct segment {
    volatile uint8_t *at[SEGMENTS];
    unsigned writes; /* the one that the child writes */
};

static uint8_t filled(unsigned segment, unsigned at)
{
    return (uint8_t)(segment * 31 + at / 7 + 3);
}

static bool holds(const struct segment *s, unsigned segment, int changed_page)
{
    for (unsigned at = 0; at < BYTES; at++) {
        bool changed = changed_page >= 0 && at / PAGE == (unsigned)changed_page;
        if (s->at[segment][at] != (changed ? 0xcc : filled(segment, at))) {
            return false;
        }
    }
    return true;
}

static int diverge(void *argument)
{
    struct segment *s = argument;
    for (unsigned at = 2 * PAGE; at < 3 * PAGE; at++) {
        s->at[s->writes][at] = 0xcc;
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        /* Where the segment is not page aligned, the written bytes are still these. */
        if (!holds(s, i, i == s->writes ? 2 : -1)) {
            return 1;
        }
    }
    return 0;
}

int main(void)
{
    uint8_t on_stack[BYTES];
    struct segment s = {.at = {on_stack, malloc(BYTES), in_data, in_bss, memory(BYTES)}};
    for (unsigned i = 0; i < SEGMENTS; i++) {
        for (unsigned at = 0; at < BYTES; at++) {
            s.at[i][at] = filled(i, at);
        }
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        s.writes = i;
        bool in_child = exits_with(child(diverge, &s), 0);
        bool in_parent = true;
        for (unsigned k = 0; k < SEGMENTS; k++) {
            in_parent = in_parent && holds(&s, k, -1);
        }
        check(in_child && in_parent, "%s: what the child writes is the child's alone", names[i]);
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        s.at[i][2 * PAGE + 5] ^= 0xff; /* the parent writes after its children have gone */
        s.at[i][2 * PAGE + 5] ^= 0xff;
        check(holds(&s, i, -1), "%s: the parent writes on", names[i]);
    }
    return done();
}
