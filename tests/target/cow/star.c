/* test: MEM=512M TIMEOUT=120 BOOTARGS="testhooks" */
/* test: MEM=512M TIMEOUT=120 BOOTARGS="testhooks preempt=102,500" */
/* Conformance 2: a star of 300 living children. (a) nobody writes: the table's count is 301;
 * (b) each first writes a neighbour page: the frame's count is 301; and a count near its maximum
 * sticks there. */
#include <byre/pager_hook.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { CHILDREN = 300 };

static volatile uint32_t *ready; /* shared: how many have done their part; [1]: leave */
static volatile uint8_t *block;  /* private: three pages, in a table of their own */
static pid_t children[CHILDREN];

static int look(void *writes)
{
    if (writes != NULL) {
        block[PAGE] = (uint8_t)(1 + getpid() % 200);
    }
    bool right = block[0] == 'p';
    __atomic_add_fetch(ready, 1, __ATOMIC_SEQ_CST);
    while (ready[1] == 0) {
        sleep_ms(20);
    }
    right = right && block[0] == 'p' && block[2 * PAGE] == 'q';
    return right && (writes == NULL || block[PAGE] == (uint8_t)(1 + getpid() % 200)) ? 0 : 1;
}

static unsigned star(void *writes)
{
    unsigned made = 0;
    ready[0] = ready[1] = 0;
    while (made < CHILDREN && (children[made] = child(look, writes)) > 0) {
        made++;
    }
    for (unsigned i = 0; i < 3000 && ready[0] < made; i++) {
        sleep_ms(10);
    }
    return made;
}

static bool end(unsigned made)
{
    bool good = true;
    ready[1] = 1;
    for (unsigned i = 0; i < made; i++) {
        good = exits_with(children[i], 0) && good;
    }
    return good;
}

int main(void)
{
    ready = memory_shared(PAGE);
    block = mmap((void *)0x1800000000, 3 * PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (!check(block != MAP_FAILED, "three pages far from all others")) {
        return done();
    }
    block[0] = 'p', block[PAGE] = 'n', block[2 * PAGE] = 'q';
    ready[0] = 0;
    if (!check(hooks_work(), "booted with testhooks")) {
        return done();
    }
    (void)hook(PAGER_HOOK_SPACE, own_space_id());
    (void)hook(PAGER_HOOK_ADDRESS, (uintptr_t)block);

    unsigned made = star(NULL);
    check(made == CHILDREN, "%u children live", made);
    check(block[0] == 'p', "the parent reads");
    uint64_t tables = hook(PAGER_HOOK_TABLE_COUNT, 0);
    check(tables == CHILDREN + 1, "nobody wrote: the table's count is %lu", tables);
    uint64_t frames = hook(PAGER_HOOK_COUNT_READ, 0);
    check(frames == 1, "and the frame's is %lu", frames);
    check(end(made), "each read what the parent had written");
    (void)hook(PAGER_HOOK_ADDRESS, (uintptr_t)block);

    struct books before = books();
    made = star("write");
    check(made == CHILDREN, "%u children live", made);
    frames = hook(PAGER_HOOK_COUNT_READ, 0);
    check(frames == CHILDREN + 1, "each wrote a neighbour: the frame's count is %lu", frames);
    check(end(made), "each kept what it wrote, and read the rest");
    check(books_return_to(before), "300 children left no frame and no table");
    frames = hook(PAGER_HOOK_COUNT_READ, 0);
    check(frames == 1, "the frame's count is %lu again", frames);

    (void)hook(PAGER_HOOK_COUNT_PRESET, UINT32_MAX - 3);
    made = star("write");
    frames = hook(PAGER_HOOK_COUNT_READ, 0);
    check(frames == UINT32_MAX, "a count that reaches its maximum (%lu) does not wrap", frames);
    check(end(made) && books_return_to(before), "its sharers read right, and are gone");
    frames = hook(PAGER_HOOK_COUNT_READ, 0);
    check(frames == UINT32_MAX, "and never changes again: %lu", frames);
    (void)hook(PAGER_HOOK_COUNT_PRESET, 1);
    block[0] = 'z';
    check(block[0] == 'z', "set right, it is written");
    return done();
}
