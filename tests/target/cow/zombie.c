/* test: MEM=64M RUN="zombie strict && memaudit" */
/* test: MEM=64M RUN="zombie overcommit && memaudit" BOOTARGS="overcommit" */
/* test: MEM=64M RUN="zombie strict && memaudit" BOOTARGS="preempt=122,200" */
/* Conformance 18: a parent with an unwaited zombie child rewrites two thirds of memory: a zombie
 * holds none. */
#include <string.h>
#include <sys/mman.h>

#include "support/tap.h"

static int read_all(void *argument)
{
    volatile uint8_t *block = argument;
    return block[0] == 1 ? 3 : 4;
}

static volatile uint8_t *fill(size_t pages)
{
    volatile uint8_t *block = memory(pages * PAGE);
    for (size_t i = 0; i < pages; i++) {
        block[i * PAGE] = 1;
    }
    return block;
}

static bool rewrite(volatile uint8_t *block, size_t pages)
{
    bool right = true;
    for (size_t i = 0; i < pages; i++) {
        right = right && block[i * PAGE] == 1;
        block[i * PAGE] = 2;
    }
    return right;
}

int main(int argc, char **argv)
{
    bool overcommit = argc > 1 && strcmp(argv[1], "overcommit") == 0;
    struct books start = books();
    size_t third = start.frames_free / 3;
    /* Strict, a fork of two thirds is refused; so the second third comes when the child is a
     * zombie. */
    size_t first = overcommit ? 2 * third : third - third / 8;
    volatile uint8_t *block = fill(first);
    pid_t pid = child(read_all, (void *)block);
    check(pid > 0, "a child is made");
    sleep_ms(100); /* it has ended; nobody waits for it */
    check(rewrite(block, first), "its parent rewrites %lu pages", (unsigned long)first);
    if (!overcommit) {
        size_t second = 2 * third - first;
        volatile uint8_t *more = fill(second);
        check(rewrite(more, second), "and %lu more", (unsigned long)second);
    }
    check(exits_with(pid, 3), "the zombie still tells how it ended");
    return done();
}
