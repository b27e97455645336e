/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=104,200" */
/* Conformance 4: stores at every offset around a page's end, straddling two copy-on-write pages. */
#include <string.h>

#include "support/tap.h"

enum { FIRST = PAGE - 16, LAST = PAGE + 8 };

static uint8_t *pair; /* two pages */

struct store {
    unsigned offset, bytes;
};

/* One instruction, at any alignment. */
static void store(uintptr_t address, unsigned bytes, uint64_t value)
{
    switch (bytes) {
    case 8:
        __asm__ volatile("sd %1, 0(%0)" : : "r"(address), "r"(value) : "memory");
        break;
    case 4:
        __asm__ volatile("sw %1, 0(%0)" : : "r"(address), "r"(value) : "memory");
        break;
    default:
        __asm__ volatile("sh %1, 0(%0)" : : "r"(address), "r"(value) : "memory");
    }
}

static const uint64_t pattern = 0xf1e2d3c4b5a69788;

static uint8_t original(unsigned at)
{
    return (uint8_t)(at * 7 + 1);
}

static bool holds(const struct store *s)
{
    for (unsigned i = 0; i < 2 * PAGE; i++) {
        bool inside = s != NULL && i >= s->offset && i < s->offset + s->bytes;
        uint8_t wanted = inside ? (uint8_t)(pattern >> 8 * (i - s->offset)) : original(i);
        if (pair[i] != wanted) {
            return false;
        }
    }
    return true;
}

static int writes(void *argument)
{
    const struct store *s = argument;
    store((uintptr_t)pair + s->offset, s->bytes, pattern);
    return holds(s) ? 0 : 1;
}

static int reads(void *unused)
{
    (void)unused;
    return holds(NULL) ? 0 : 1;
}

int main(void)
{
    pair = memory(2 * PAGE);
    bool children = true, parent = true, parent_writes = true;
    for (unsigned bytes = 2; bytes <= 8; bytes *= 2) {
        for (unsigned offset = FIRST; offset <= LAST; offset++) {
            for (unsigned i = 0; i < 2 * PAGE; i++) {
                pair[i] = original(i);
            }
            struct store s = {offset, bytes};
            children = exits_with(child(writes, &s), 0) && children;
            parent = parent && holds(NULL);
            /* And the other way round: the parent writes while the child still shares. */
            pid_t pid = child(reads, NULL);
            store((uintptr_t)pair + offset, bytes, pattern);
            parent_writes = parent_writes && holds(&s) && exits_with(pid, 0);
        }
    }
    check(children, "the child finds its store whole, and nothing else changed");
    check(parent, "the parent sees nothing of it");
    check(parent_writes, "the parent's store shows in the parent alone");
    return done();
}
