/* test: MEM=64M BOOTARGS="testhooks" */
/* test: MEM=64M BOOTARGS="testhooks preempt=501,150" */
/* What the ancestor's reference counts do: one for a page of one's own, one more for each sharer,
 * one less when a sharer writes or goes; the sole owner writes again without a copy; a page freed
 * twice is not freed twice. */
#include <byre/pager_hook.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

static volatile uint8_t *block; /* page 0 is under test, page 1 is its neighbour */
static volatile uint32_t *step; /* shared */

static uint64_t count(void)
{
    return hook(PAGER_HOOK_COUNT_READ, 0);
}

static uint64_t frame(void)
{
    return hook(PAGER_HOOK_ADDRESS, (uintptr_t)block);
}

static void step_to(uint32_t wanted)
{
    for (unsigned i = 0; i < 2000 && step[0] != wanted; i++) {
        sleep_ms(1);
    }
}

/* Takes a table of its own by writing the neighbour; at step 2 it writes, or leaves. */
static int sharer(void *writes)
{
    block[PAGE] = 2;
    step[0] = 1;
    step_to(2);
    if (writes != NULL) {
        block[0] = 'c';
        step[0] = 3;
        step_to(4);
        return block[0] == 'c' ? 0 : 1;
    }
    return block[0] == 'p' ? 0 : 1;
}

int main(void)
{
    step = memory_shared(PAGE);
    step[0] = 0;
    block = memory(2 * PAGE);
    if (!check(hooks_work(), "booted with testhooks")) {
        return done();
    }
    (void)hook(PAGER_HOOK_SPACE, own_space_id());
    struct books before = books();
    block[0] = 'p';
    check(books().frames_free == before.frames_free - 1, "a page written takes a frame");
    uint64_t first = frame();
    check(first != 0 && count() == 1, "its count is 1");
    block[PAGE] = 1;

    pid_t pid = child(sharer, NULL);
    step_to(1);
    check(count() == 2 && frame() == first, "shared after a fork: 2");
    check(block[0] == 'p' && count() == 2, "to read it changes nothing");
    step[0] = 2;
    check(exits_with(pid, 0), "the sharer leaves");
    check(count() == 1, "and the count is 1 again");
    struct own_books own = own_books();
    block[0] = 'q';
    struct own_books then = own_books();
    check(frame() == first, "the sole owner writes in place");
    check(then.faults_copy == own.faults_copy, "without a copy");

    step[0] = 0;
    block[0] = 'p';
    pid = child(sharer, "write");
    step_to(1);
    check(count() == 2, "shared again: 2");
    step[0] = 2;
    step_to(3);
    check(count() == 1 && frame() == first, "the sharer wrote: it has a copy, and the count is 1");
    own = own_books();
    block[0] = 'r';
    then = own_books();
    check(frame() == first && then.faults_copy == own.faults_copy, "so the owner writes in place");
    step[0] = 4;
    check(exits_with(pid, 0), "the sharer kept what it wrote");

    step[0] = 0;
    block[0] = 'p';
    pid = child(sharer, NULL);
    step_to(1);
    block[0] = 's';
    check(frame() != first, "the parent writes while it is shared: it gets a copy");
    check(count() == 1, "with a count of 1");
    step[0] = 2;
    check(exits_with(pid, 0), "the other reads what was");

    struct books mapped = books();
    check(munmap((void *)block, PAGE) == 0, "unmapped");
    check(books().frames_free == mapped.frames_free + 1, "the frame is free");
    check(frame() == 0, "and nobody's");
    (void)munmap((void *)block, PAGE); /* twice */
    check(books().frames_free == mapped.frames_free + 1, "to unmap it twice frees nothing");
    check(block[PAGE] == 1, "nor its neighbour");
    return done();
}
