/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=124,150" */
/* Conformance 20: sbrk, munmap, mprotect and mmap in parent or child after fork show in nobody
 * else. */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { PAGES = 16 };

static volatile uint8_t *block;
static volatile uint32_t *turn; /* shared: 0 = the child's, 1 = the parent's */
static uint8_t *heap_end;

static bool block_is(uint8_t value)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (block[i * PAGE] != value) {
            return false;
        }
    }
    return true;
}

static int child_changes(void *unused)
{
    (void)unused;
    if (sbrk(10 * PAGE) != heap_end) {
        return 1;
    }
    heap_end[5 * PAGE] = 1;
    if (munmap((void *)(block + 4 * PAGE), 4 * PAGE) != 0 ||
        mprotect((void *)(block + 8 * PAGE), 4 * PAGE, PROT_READ) != 0) {
        return 2;
    }
    void *again = mmap((void *)(block + 4 * PAGE), PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (again == MAP_FAILED || block[4 * PAGE] != 0) {
        return 3;
    }
    block[4 * PAGE] = 77;
    turn[0] = 1;
    while (turn[0] == 1) {
        sleep_ms(1);
    }
    return block[4 * PAGE] == 77 && block[0] == 5 && sbrk(0) == heap_end + 10 * PAGE ? 0 : 4;
}

static int child_waits(void *unused)
{
    (void)unused;
    while (turn[0] != 2) {
        sleep_ms(1);
    }
    if (sbrk(0) != heap_end || !block_is(6)) {
        return 1;
    }
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 7;
    }
    return block_is(7) ? 0 : 2;
}

static int touch(void *argument)
{
    block[(uintptr_t)argument * PAGE] = 1;
    return 0;
}

int main(void)
{
    turn = memory_shared(PAGE);
    block = memory(PAGES * PAGE);
    turn[0] = 0;
    heap_end = sbrk(0);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 5;
    }
    pid_t pid = child(child_changes, NULL);
    while (turn[0] == 0) {
        sleep_ms(1);
    }
    check(block_is(5), "the child's munmap, mprotect and mmap leave the parent's pages");
    check(sbrk(0) == heap_end, "and its sbrk the parent's break");
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 6;
    }
    check(block_is(6), "the parent can write them all");
    turn[0] = 0;
    check(exits_with(pid, 0), "and the child does not see it");

    turn[0] = 1;
    pid = child(child_waits, NULL);
    check(sbrk(4 * PAGE) == heap_end, "the parent grows");
    check(munmap((void *)(block + 2 * PAGE), 2 * PAGE) == 0, "unmaps");
    check(mprotect((void *)(block + 8 * PAGE), PAGE, PROT_READ) == 0, "and protects");
    turn[0] = 2;
    check(exits_with(pid, 0), "the child has all as it was");
    check(sbrk(-4 * PAGE) == heap_end + 4 * PAGE && sbrk(0) == heap_end,
          "the parent shrinks again");
    check(dies_of(child(touch, (void *)2), SIGSEGV),
          "what the parent unmapped, a later child has not");
    check(dies_of(child(touch, (void *)8), SIGSEGV),
          "what it protected, a later child cannot write");
    check(exits_with(child(touch, (void *)9), 0), "the rest it can");
    return done();
}
