/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=502,150" */
/* type: READY 1 > first line\r */
/* type: READY 2 > second line\r */
/* type: READY 3 > third line\r */
/* type: READY 4 > fourth line\r */
/* type: READY 5 > into text\r */
/* expect: ^delivery\[\d+\]: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: the region is not writable */
/* expect: ^delivery\[\d+\]: load from 0x0000000deadbeef0 at pc 0x[0-9a-f]+: no region there */
/* Data that a server delivers (the ancestor's read()): into a copy-on-write buffer it reaches the
 * reader alone; into a page just allocated, across two pages, it arrives. Into text, or out of
 * nowhere, it does not: whoever tries ends by SIGSEGV, as by an access of its own, and alone. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

static char *buffer; /* two pages */
static int number;

static bool reads(char *at, const char *expected)
{
    printf("# READY %d\n", ++number);
    fflush(stdout);
    ssize_t bytes = read(0, at, 64);
    return bytes == (ssize_t)strlen(expected) && memcmp(at, expected, strlen(expected)) == 0;
}

static bool is_filled(char with)
{
    for (int i = 0; i < 2 * PAGE; i++) {
        if (buffer[i] != with) {
            return false;
        }
    }
    return true;
}

static int son_reads(void *unused)
{
    (void)unused;
    return reads(buffer + PAGE - 5, "first line\n") && buffer[0] == 'p' &&
                   buffer[2 * PAGE - 1] == 'p'
               ? 0
               : 1;
}

static int son_holds(void *shared)
{
    volatile int *go = shared;
    while (*go == 0) {
        sleep_ms(1);
    }
    return is_filled('p') ? 0 : 1;
}

__attribute__((noinline)) static int text(int x)
{
    return x * 3 + 1;
}

static uintptr_t text_address(void)
{
    uintptr_t address = (uintptr_t)text;
    __asm__("" : "+r"(address));
    return address;
}

static int son_reads_into_text(void *unused)
{
    (void)unused;
    number = 4;
    printf("# READY %d\n", ++number);
    fflush(stdout);
    (void)read(0, (void *)text_address(), 64);
    return 1;
}

static int son_reads_nothing_into_text(void *unused)
{
    (void)unused;
    return read(0, (void *)text_address(), 0) == 0 ? 0 : 1;
}

static int son_writes_from(void *address)
{
    (void)write(1, address, 20);
    return 1;
}

/* More than a message holds: by the buffer shared with the console. */
static int son_writes_much_from(void *address)
{
    (void)write(1, address, 2000);
    return 1;
}

int main(void)
{
    volatile int *go = memory_shared(PAGE);
    *go = 0;
    buffer = memory(2 * PAGE);
    memset(buffer, 'p', 2 * PAGE);
    check(exits_with(child(son_reads, NULL), 0),
          "a child reads into a shared buffer, across its pages");
    check(is_filled('p'), "the parent's is untouched");
    number = 1;
    pid_t pid = child(son_holds, (void *)go);
    check(reads(buffer + 100, "second line\n"), "the parent reads while a child shares");
    *go = 1;
    check(exits_with(pid, 0), "the child's is untouched");
    char *fresh = memory(PAGE);
    check(reads(fresh + PAGE - 64, "third line\n"), "into a page nobody had touched");
    check(fresh[0] == 0, "the rest of which is zero");
    check(mprotect(buffer, PAGE, PROT_READ) == 0 && reads(buffer + PAGE, "fourth line\n"),
          "beside a read-only page");
    check(dies_of(child(son_reads_into_text, NULL), SIGSEGV), "a reader into text dies");
    check(text(2) == 7, "and text is what it was");
    check(exits_with(child(son_reads_nothing_into_text, NULL), 0), "of nothing it does not");
    /* The other direction: what a program may not read, it cannot write out. */
    void *nowhere = (void *)0xdeadbeef0;
    void *kernel = (void *)0xffffffff80200000;
    check(dies_of(child(son_writes_from, nowhere), SIGSEGV), "a writer out of nowhere dies");
    check(dies_of(child(son_writes_much_from, nowhere), SIGSEGV), "also of much");
    check(dies_of(child(son_writes_from, kernel), SIGSEGV), "a writer out of the kernel dies");
    return done();
}
