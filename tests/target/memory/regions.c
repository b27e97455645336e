/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=301,150" */
/* mmap, munmap, mprotect and sbrk: what is promised, what is zero, what is refused, what comes
 * back. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS, PAGES = 64 };

static int do_store(void *address)
{
    store8((uintptr_t)address, 1);
    return 0;
}

static int do_load(void *address)
{
    return load8((uintptr_t)address) == 0 ? 0 : 1;
}

static bool dies(int (*run)(void *), volatile void *address)
{
    return dies_of(child(run, (void *)address), SIGSEGV);
}

static void zeroes(void)
{
    volatile uint8_t *block = memory(PAGES * PAGE);
    struct books before = books();
    bool zero = true;
    for (unsigned i = 0; i < PAGES * PAGE; i += 64) {
        zero = zero && block[i] == 0;
    }
    struct books read = books();
    check(zero, "fresh memory is zero");
    check(read.frames_free == before.frames_free, "to read it takes no frame (%ld)",
          (long)(before.frames_free - read.frames_free));
    check(read.zero_references >= before.zero_references + PAGES, "all pages are the zero page");
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE + 7] = 1;
    }
    struct books written = books();
    check(read.frames_free - written.frames_free == PAGES, "to write it takes one a page (%ld)",
          (long)(read.frames_free - written.frames_free));
    check(block[0] == 0 && block[PAGE + 7] == 1 && block[PAGE + 8] == 0,
          "and leaves the rest zero");
    munmap((void *)block, PAGES * PAGE);
    block = memory(PAGES * PAGE);
    check(block[7] == 0, "memory used before is zero again");
    munmap((void *)block, PAGES * PAGE);
}

static void splits(void)
{
    struct books before = books();
    volatile uint8_t *block = memory(PAGES * PAGE);
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = (uint8_t)(i + 1);
    }
    check(munmap((void *)(block + 10 * PAGE), 5 * PAGE) == 0, "a hole in the middle");
    check(dies(do_load, block + 10 * PAGE) && dies(do_store, block + 14 * PAGE), "is a hole");
    check(mprotect((void *)(block + 20 * PAGE), 4 * PAGE, PROT_READ) == 0, "a part made read-only");
    check(dies(do_store, block + 20 * PAGE) && dies(do_store, block + 23 * PAGE), "is read-only");
    check(exits_with(child(do_store, (void *)(block + 24 * PAGE)), 0), "but its neighbour is not");
    check(mprotect((void *)(block + 30 * PAGE), PAGE, PROT_NONE) == 0, "a part made unreadable");
    check(dies(do_load, block + 30 * PAGE), "is unreadable");
    check(mprotect((void *)(block + 20 * PAGE), 11 * PAGE, RW) == 0, "all made writable again");
    bool good = true;
    for (unsigned i = 0; i < PAGES; i++) {
        good = good && ((i >= 10 && i < 15) || block[i * PAGE] == i + 1);
    }
    check(good, "and what was written is there");
    block[20 * PAGE] = 9;
    check(munmap((void *)block, PAGES * PAGE) == 0, "unmapped, hole and all");
    check(books_return_to(before), "nothing is left of it");
}

static bool refused(void *address, size_t bytes, int protection, int flags, int error)
{
    errno = 0;
    void *at = mmap(address, bytes, protection, flags, -1, 0);
    if (at == MAP_FAILED && (errno == error || error == 0)) {
        return true;
    }
    note("mmap of %lu bytes at %p: %p, errno %d", (unsigned long)bytes, address, at, errno);
    return false;
}

static void refusals(void)
{
    volatile uint8_t *block = memory(4 * PAGE);
    check(refused(NULL, 0, RW, ANON, EINVAL), "no bytes: EINVAL");
    check(refused(NULL, ~0ul / 2, RW, ANON, 0), "half of everything");
    check(refused(NULL, ~0ul, RW, ANON, 0), "more than everything");
    check(refused(NULL, 1ul << 38, RW, ANON, 0), "more than a space has");
    check(refused((void *)(block + 1), PAGE, RW, ANON | MAP_FIXED, EINVAL),
          "an unaligned address: EINVAL");
    check(refused((void *)(1ul << 38), PAGE, RW, ANON | MAP_FIXED, 0), "an address of nobody's");
    check(refused((void *)0xffffffc000000000, PAGE, RW, ANON | MAP_FIXED, 0),
          "an address of the kernel's");
    check(refused((void *)(0x4000000000 - PAGE), 2 * PAGE, RW, ANON | MAP_FIXED, 0),
          "across the end");
    check(refused(NULL, PAGE, RW | PROT_EXEC, ANON, 0), "writable and executable at once");
    check(munmap((void *)(block + 1), PAGE) == -1 && errno == EINVAL,
          "munmap of an unaligned address: EINVAL");
    check(munmap((void *)0xffffffc000000000, PAGE) == -1, "munmap of the kernel");
    check(munmap((void *)~0xffful, 2 * PAGE) == -1, "munmap across the end of everything");
    check(mprotect((void *)0xffffffc000000000, PAGE, RW) == -1, "mprotect of the kernel");
    check(mprotect((void *)0x1234567000, PAGE, RW) == -1 && errno == ENOMEM,
          "mprotect of a hole: ENOMEM");
    block[0] = 1;
    check(block[0] == 1, "what is there is still there");
}

static void heap(void)
{
    (void)sbrk(PAGE);
    (void)sbrk(-PAGE); /* with what was reserved for malloc beyond its end */
    struct books before = books();
    uint8_t *start = sbrk(0);
    uint8_t *at = sbrk(10 * PAGE + 100);
    check(at == start, "the heap grows from its end");
    bool zero = true;
    for (unsigned i = 0; i < 10 * PAGE + 100; i++) {
        zero = zero && at[i] == 0;
        at[i] = 0xee;
    }
    check(zero, "with zeroes");
    check(sbrk(-(10 * PAGE + 100)) == at + 10 * PAGE + 100 && sbrk(0) == start, "shrinks");
    check(sbrk(10 * PAGE) == start, "and grows again");
    zero = true;
    for (unsigned i = PAGE; i < 10 * PAGE; i++) {
        zero = zero && at[i] == 0;
    }
    check(zero, "with zeroes, whole pages at least");
    check(sbrk(-10 * PAGE) == start + 10 * PAGE, "shrinks once more");
    check(books_return_to(before), "and nothing is left of it");
    errno = 0;
    check(sbrk(1l << 40) == (void *)-1 && errno == ENOMEM && sbrk(0) == start,
          "too much: ENOMEM, and no change");
    check(dies(do_store, (uint8_t *)(((uintptr_t)start + PAGE - 1) / PAGE * PAGE) + 16 * PAGE),
          "beyond it there is nothing");
}

int main(void)
{
    note("regions");
    (void)dies(do_load, NULL); /* warm */
    (void)exits_with(child(do_load, memory(PAGE)), 0);
    zeroes();
    splits();
    refusals();
    heap();
    return done();
}
