/* test: MEM=64M */
/* The calls that change memory: sbrk, mmap, munmap, mprotect, malloc, and what they refuse. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

#define FIXED_AT ((char *)0x1200000000)

static int load_from(void *address)
{
    return load8((uintptr_t)address) & 0;
}

static int store_to(void *address)
{
    store8((uintptr_t)address, 1);
    return 0;
}

static char *map(void *address, size_t bytes, int protection, int flags)
{
    return mmap(address, bytes, protection, flags | MAP_ANONYMOUS, -1, 0);
}

static bool refuses(int number, void *address, size_t bytes, int flags)
{
    errno = 0;
    return mmap(address, bytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED &&
           errno == number;
}

static void check_protection(void)
{
    char *m = map(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    m[0] = 5;
    check(mprotect(m, PAGE, PROT_READ) == 0 && m[0] == 5, "write can be taken away");
    check(dies_of(child(store_to, m), SIGSEGV), "then a store is SIGSEGV");
    check(mprotect(m, PAGE, PROT_NONE) == 0 && dies_of(child(load_from, m), SIGSEGV),
          "without rights a load is, too");
    check(mprotect(m, PAGE, PROT_READ | PROT_WRITE) == 0 && m[0] == 5, "and the page is kept");
    m[0] = 6;
    check(munmap(m, 2 * PAGE) == 0 && dies_of(child(load_from, m), SIGSEGV),
          "what is unmapped is gone");
}

static void check_fixed(void)
{
    char *m = map(FIXED_AT, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED);
    check(m == FIXED_AT && m[0] == 0, "a fixed mapping is where it was asked for");
    m[0] = 1;
    m = map(FIXED_AT, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED);
    check(m == FIXED_AT && m[0] == 0, "a second one replaces it");
}

static void check_heap(void)
{
    char *end = sbrk(0);
    char *more = sbrk(10000);
    check(more == end && sbrk(0) == end + 10000, "sbrk goes up");
    memset(more, 1, 10000);
    check(sbrk(-10000) != (void *)-1 && sbrk(0) == end, "and down");
    char *again = sbrk(3 * PAGE);
    check(again == end && again[2 * PAGE] == 0, "what comes again is zero");
    sbrk(-3 * PAGE);

    char *big = malloc(20 << 20);
    check(big != NULL, "malloc goes beyond the first heap");
    memset(big, 3, 20 << 20);
    char *small = malloc(100);
    check(small != NULL && big[(20 << 20) - 1] == 3, "and serves small blocks after it");
    free(big);
    free(small);
    errno = 0;
    check(malloc((size_t)1 << 40) == NULL && errno == ENOMEM, "too much is ENOMEM");
    check(malloc(100) != NULL, "and harms nothing");
}

int main(void)
{
    check_protection();
    check_fixed();
    check_heap();
    check(refuses(EINVAL, NULL, 0, MAP_PRIVATE | MAP_ANONYMOUS), "nothing to map: EINVAL");
    check(refuses(EINVAL, NULL, PAGE, MAP_ANONYMOUS), "neither shared nor private: EINVAL");
    check(refuses(ENODEV, NULL, PAGE, MAP_PRIVATE), "no file to map: ENODEV");
    check(refuses(ENOMEM, NULL, (size_t)1 << 34, MAP_PRIVATE | MAP_ANONYMOUS),
          "more than there is: ENOMEM");
    check(refuses(ENOMEM, NULL, (size_t)1 << 40, MAP_PRIVATE | MAP_ANONYMOUS),
          "more than there are addresses: ENOMEM");
    check(munmap((void *)1, PAGE) == -1 && errno == EINVAL, "an odd address: EINVAL");
    return done();
}
