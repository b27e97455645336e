/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=302,150" */
/* expect: ^wild\[\d+\]: load from 0x0000000000000000 at pc 0x[0-9a-f]+: no region there */
/* expect: ^wild\[\d+\]: store to 0x0000000000000008 at pc 0x[0-9a-f]+: no region there */
/* expect: ^wild\[\d+\]: store to 0x0000000deadbeef0 at pc 0x[0-9a-f]+: no region there */
/* expect: ^wild\[\d+\]: (load from|store to) 0xffffffc080000000 at pc 0x[0-9a-f]+: an address of
 * the kernel or not an address */
/* expect: ^wild\[\d+\]: (load from|store to) 0x1000000000000000 at pc 0x[0-9a-f]+: an address of
 * the kernel or not an address */
/* expect: ^wild\[\d+\]: fetch from 0x0000000000000000 */
/* expect: the guard below a stack */
/* expect: illegal instruction */
/* expect: breakpoint */
/* expect: ^wild\[\d+\]: .*0x[0-9a-f]+1 at pc 0x[0-9a-f]+: misaligned access */
/* A wild, null or kernel address, an illegal instruction, a breakpoint: each ends the process that
 * did it with its signal's status and a message that names it, and nobody else. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

static int do_load(void *address)
{
    return load8((uintptr_t)address);
}
static int do_store(void *address)
{
    store8((uintptr_t)address, 1);
    return 1;
}
static int do_amo(void *address)
{
    return (int)__atomic_fetch_add((uint32_t *)address, 1, __ATOMIC_SEQ_CST);
}
static int do_jump(void *address)
{
    ((void (*)(void))address)();
    return 1;
}
static int do_illegal(void *unused)
{
    (void)unused;
    __asm__ volatile(".word 0xffffffff");
    return 1;
}
static int do_csr(void *unused)
{
    (void)unused;
    __asm__ volatile("csrr t0, satp" ::: "t0");
    return 1;
}
static int do_break(void *unused)
{
    (void)unused;
    __asm__ volatile("ebreak");
    return 1;
}

static volatile bool for_ever = true;

__attribute__((noinline)) static int recurse(volatile uint8_t *above)
{
    volatile uint8_t here[PAGE];
    here[0] = above[0] + 1;
    return for_ever ? recurse(here) + here[0] : 0;
}

static int overflow(void *unused)
{
    (void)unused;
    volatile uint8_t first = 0;
    return recurse(&first);
}

static void *overflow_in_thread(void *unused)
{
    (void)overflow(unused);
    return NULL;
}

/* A fault of one thread ends the process, the others with it. */
static int thread_overflows(void *unused)
{
    (void)unused;
    pthread_t thread;
    if (pthread_create(&thread, NULL, overflow_in_thread, NULL) != 0) {
        return 2;
    }
    pthread_join(thread, NULL);
    return 3;
}

static volatile uint32_t *alive;

static int keep_alive(void *unused)
{
    (void)unused;
    while (alive[1] == 0) {
        alive[0]++;
        sleep_ms(1);
    }
    return 0;
}

int main(void)
{
    static uint64_t aligned[2];
    static const struct {
        int (*run)(void *);
        uintptr_t address;
        int signal;
        const char *what;
    } cases[] = {
        {do_load, 0, SIGSEGV, "a load from null"},
        {do_store, 8, SIGSEGV, "a store to null"},
        {do_store, 0xdeadbeef0, SIGSEGV, "a wild store"},
        {do_load, 0xffffffc080000000, SIGSEGV, "a load from the kernel's window"},
        {do_store, 0xffffffc080000000, SIGSEGV, "a store to it"},
        {do_store, 0xffffffff80200000, SIGSEGV, "a store to the kernel's text"},
        {do_load, 0xffffffff80200000, SIGSEGV, "a load from it"},
        {do_jump, 0xffffffff80200000, SIGSEGV, "a jump to it"},
        {do_store, 0x1000000000000000, SIGSEGV, "a store to no address at all"},
        {do_store, 0x3ffffff000, SIGSEGV, "a store at the end of user space"},
        {do_store, 0x4000000000, SIGSEGV, "a store beyond it"},
        {do_amo, 0x10, SIGSEGV, "an atomic on null"},
        {do_amo, (uintptr_t)aligned + 1, SIGBUS, "a misaligned atomic"},
        {do_jump, 0, SIGSEGV, "a jump to null"},
        {do_jump, 0x3000000000, SIGSEGV, "a wild jump"},
        {do_illegal, 0, SIGILL, "an illegal instruction"},
        {do_csr, 0, SIGILL, "a privileged instruction"},
        {do_break, 0, SIGTRAP, "a breakpoint"},
        {overflow, 0, SIGSEGV, "endless recursion"},
        {thread_overflows, 0, SIGSEGV, "endless recursion in a thread"},
    };
    alive = memory_shared(PAGE);
    alive[0] = alive[1] = 0;
    pid_t bystander = child(keep_alive, NULL);
    (void)dies_of(child(do_load, NULL), SIGSEGV); /* warm */
    (void)dies_of(child(thread_overflows, NULL), SIGSEGV);
    struct books before = books();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t rounds = alive[0];
        bool died = dies_of(child(cases[i].run, (void *)cases[i].address), cases[i].signal);
        sleep_ms(3);
        check(died && alive[0] > rounds, "%s ends its process alone", cases[i].what);
    }
    check(books_return_to(before), "and leaves nothing");
    alive[1] = 1;
    check(exits_with(bystander, 0), "the bystander ends by itself");
    return done();
}
