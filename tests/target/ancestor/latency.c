/* test: SMP=1 MEM=1600M TIMEOUT=120 RUN="latency tree & latency && memaudit" */
/* one hart: it bounds how late somebody is, and harts that take turns are late by turns */
/* The ancestor spent half a second with interrupts off in one fork of a big process. Here somebody
 * else wakes each millisecond, touches a page and asks proc something, and is late by little more
 * than a time slice, whatever goes on beside: a big process is filled, forks, is written on,
 * protected and unmapped; a thousand processes are killed at once. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "support/tap.h"

enum { BYTES = 400 << 20, FORKS = 10, TREE = 1000, WATCHED_PAGES = 1024 };
enum { MOST_LATE_US = 13000 }; /* a slice of 10 ms, and what others may do before it ends */

enum phase { BEGIN, FILL, FORK, PROTECT, UNMAP, KILL, OVER, PHASES };
static const char *const phase_names[] = {
    [FILL] = "fill",
    [FORK] = "fork and write",
    [PROTECT] = "mprotect to nothing and back",
    [UNMAP] = "munmap",
    [KILL] = "the end of a thousand",
};

struct watch {
    volatile uint64_t phase, late_us[PHASES], wakes[PHASES], took_us[PHASES];
};
static struct watch *watch; /* shared */

static uint64_t processes(void)
{
    uint64_t count = 0, unused[5];
    (void)!proc_statistics(PROGRAM_SLOT_PROC, &count, &unused[0], &unused[1], &unused[2],
                           &unused[3], &unused[4]);
    return count;
}

static int somebody(void *unused)
{
    (void)unused;
    uint8_t *pages = memory(WATCHED_PAGES * PAGE);
    for (size_t i = 0; watch->phase != OVER; i = (i + 1) % WATCHED_PAGES) {
        uint64_t start = microseconds();
        uint64_t phase = watch->phase;
        sleep_ms(1);
        store8((uintptr_t)pages + i * PAGE, 1);
        (void)processes();
        uint64_t late = microseconds() - start - 1000;
        watch->late_us[phase] = late > watch->late_us[phase] ? late : watch->late_us[phase];
        watch->wakes[phase]++;
    }
    return 0;
}

static void enter(enum phase phase)
{
    static uint64_t entered;
    watch->took_us[watch->phase] = microseconds() - entered;
    watch->phase = phase;
    sleep_ms(3); /* who sleeps from here on belongs to this phase */
    entered = microseconds();
}

static int rewrite_some(void *block)
{
    volatile uint8_t *bytes = block;
    for (size_t at = 0; at < BYTES; at += 64 * PAGE) {
        bytes[at]++;
    }
    return 0;
}

static void work_on_block(void)
{
    volatile uint8_t *block = memory(BYTES);
    enter(FILL);
    for (size_t at = 0; at < BYTES; at += PAGE) {
        block[at] = 1;
    }
    enter(FORK);
    bool good = true;
    for (unsigned i = 0; i < FORKS; i++) {
        good = exits_with(child(rewrite_some, (void *)block), 0) && good;
        rewrite_some((void *)block);
    }
    check(good, "a big process forks %d times", FORKS);
    enter(PROTECT);
    good = mprotect((void *)block, BYTES, PROT_NONE) == 0;
    check(mprotect((void *)block, BYTES, PROT_READ | PROT_WRITE) == 0 && good,
          "is protected, and opened again");
    good = load8((uintptr_t)block + BYTES - PAGE) == 1;
    enter(UNMAP);
    check(munmap((void *)block, BYTES) == 0 && good, "has kept what it had, and lets it go");
}

/* What the shell began before us, in a tree of its own: TREE processes that sleep. */
__attribute__((noreturn)) static void be_tree(void)
{
    for (unsigned i = 1; i < TREE; i++) {
        if (fork() == 0) {
            break;
        }
    }
    for (;;) {
        sleep_ms(1000000);
    }
}

/* Its leader is the sibling that came first. */
static pid_t leader_of_tree(void)
{
    uint64_t pid = 0, parent = 0, unused[6];
    while (proc_list(PROGRAM_SLOT_PROC, pid, &pid, &parent, &unused[0], &unused[1], &unused[2],
                     &unused[3], &unused[4], &unused[5]) == ERR_OK) {
        if (parent == (uint64_t)getppid()) {
            return (pid_t)pid;
        }
    }
    return -1;
}

static void wait_for_processes(uint64_t least, uint64_t most)
{
    for (unsigned ms = 0; (processes() < least || processes() > most) && ms < 20000; ms++) {
        sleep_ms(1);
    }
}

static void kill_tree(void)
{
    uint64_t left = processes() - (TREE - 1); /* the leader is the shell's zombie */
    enter(KILL);
    check(kill(-leader_of_tree(), SIGKILL) == 0, "%d processes are killed together", TREE);
    wait_for_processes(0, left);
    check(processes() == left, "and are gone");
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        be_tree();
    }
    watch = memory_shared(PAGE);
    memset((void *)watch, 0, sizeof(*watch));
    wait_for_processes(TREE, UINT64_MAX);
    pid_t pid = child(somebody, NULL); /* before there is anything to share */
    sleep_ms(50);
    work_on_block();
    kill_tree();
    enter(OVER);
    check(exits_with(pid, 0), "somebody was there all the time");
    for (unsigned i = FILL; i < OVER; i++) {
        check(watch->late_us[i] < MOST_LATE_US,
              "%s: %lu us long; at the worst of %lu wakes %lu us late", phase_names[i],
              watch->took_us[i], watch->wakes[i], watch->late_us[i]);
    }
    return done();
}
