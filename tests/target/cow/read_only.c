/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=108,150" */
/* expect: read_only\[\d+\]: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: the region is not writable */
/* Conformance 8: what is read-only or executable stays so in the grandchild: a store to text dies,
 * patched text never runs. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

static const char constant[64] = "read-only data";
static uint32_t *code; /* a page made by hand: li a0, 7; ret */

static int seven(void)
{
    return ((int (*)(void))code)();
}

static int text_function(int x)
{
    return x + 41;
}

static uintptr_t text_address(void)
{
    uintptr_t address = (uintptr_t)text_function;
    __asm__("" : "+r"(address));
    return address;
}

static int store_to(void *address)
{
    store8((uintptr_t)address, 0x13);
    return 1;
}

static int read_it(void *address)
{
    (void)load8((uintptr_t)address);
    return seven() == 7 && text_function(1) == 42 ? 0 : 1;
}

/* A grandchild does it; how it ended is told to the grandfather. */
static int (*grandchild_run)(void *);
static int through_grandchild(void *address)
{
    int status = status_of(child(grandchild_run, address));
    return status & 0x7f; /* the signal, or 0 */
}

static bool grandchild_dies(int (*run)(void *), void *address)
{
    grandchild_run = run;
    return exits_with(child(through_grandchild, address), SIGSEGV);
}

static int patch_text(void *unused)
{
    (void)unused;
    void *page = (void *)(text_address() / PAGE * PAGE);
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {
        return 1;
    }
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) == 0) {
        /* Not refused: then the copy must be its own, and never run again. */
        store8(text_address(), 0);
        return mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0 ? 2 : 0;
    }
    return text_function(1) == 42 ? 0 : 3;
}

/* Page after page, as the last owner gets several back at once; the third is of another region. */
static int write_up_to_read_only(void *unused)
{
    (void)unused;
    uint8_t *pages = memory(4 * PAGE);
    for (unsigned i = 0; i < 4; i++) {
        store8((uintptr_t)pages + i * PAGE, 1);
    }
    if (mprotect(pages + 2 * PAGE, 2 * PAGE, PROT_READ) != 0 ||
        !exits_with(child(store_to, pages), 1)) {
        return 2;
    }
    sleep_ms(20); /* the child's tables are gone */
    store8((uintptr_t)pages, 2);
    store8((uintptr_t)pages + PAGE, 2);
    return store_to(pages + 2 * PAGE);
}

static int jump_to(void *address)
{
    ((void (*)(void))address)();
    return 1;
}

int main(void)
{
    code = memory(PAGE);
    code[0] = 0x00700513; /* li a0, 7 */
    code[1] = 0x00008067; /* ret */
    check(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0, "written code is made executable");
    __asm__ volatile("fence.i" ::: "memory");
    check(seven() == 7, "and runs");
    check(mprotect(code, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) != 0,
          "never writable and executable at once");

    check(dies_of(child(store_to, (void *)text_address()), SIGSEGV),
          "a child's store to text kills it");
    check(grandchild_dies(store_to, (void *)text_address()), "a grandchild's too");
    check(grandchild_dies(store_to, (void *)constant), "a store to constants too");
    check(grandchild_dies(store_to, code), "a store to a page made read-only too");
    grandchild_run = read_it;
    check(exits_with(child(through_grandchild, (void *)constant), 0),
          "reading and running go on in a grandchild");
    check(exits_with(child(patch_text, NULL), 0), "text cannot be made writable and run again");
    check(text_function(1) == 42 && seven() == 7, "nobody else's text changed");

    check(dies_of(child(write_up_to_read_only, NULL), SIGSEGV),
          "what follows pages that their last owner writes to stays read-only");
    uint8_t *data = memory(PAGE);
    data[0] = 1;
    check(dies_of(child(jump_to, data), SIGSEGV), "data is not executable");
    check(mprotect(data, PAGE, PROT_READ) == 0, "data made read-only");
    check(grandchild_dies(store_to, data), "stays so in the grandchild");
    check(load8((uintptr_t)data) == 1, "and is what it was");
    return done();
}
