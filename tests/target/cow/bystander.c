/* test: MEM=64M TIMEOUT=90 */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="overcommit" */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="preempt=120,200" */
/* test: MEM=64M TIMEOUT=90 BOOTARGS="overcommit preempt=121,200" */
/* Conformance 17: a process that allocates nothing survives any hog. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { PAGES = 100 };

static volatile uint32_t *shared; /* [0] rounds, [1] stop */
static volatile uint8_t *own;

/* Writes its own pages, over and over: they are its, so no store needs memory. */
static int work(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < PAGES; i++) {
        own[i * PAGE] = 0;
    }
    for (uint8_t round = 1; shared[1] == 0; round++) {
        for (unsigned i = 0; i < PAGES; i++) {
            if (own[i * PAGE] != (uint8_t)(round - 1)) {
                return 1;
            }
            own[i * PAGE] = round;
        }
        shared[0]++;
        sleep_ms(1);
    }
    return 0;
}

/* Takes all it gets, by three ways, and keeps it until it is killed or refused. */
static int hog_memory(void *way)
{
    switch ((uintptr_t)way) {
    case 0:
        for (;;) {
            volatile uint8_t *more =
                mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (more == MAP_FAILED) {
                return 7;
            }
            for (unsigned i = 0; i < 16; i++) {
                more[i * PAGE] = 1;
            }
        }
    case 1:
        for (;;) {
            volatile uint8_t *more = sbrk(PAGE);
            if (more == (void *)-1) {
                return 7;
            }
            *more = 1;
        }
    default:
        for (;;) { /* shares, then diverges */
            pid_t pid = fork();
            if (pid < 0) {
                return 7;
            }
            volatile uint8_t *more =
                mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (unsigned i = 0; more != MAP_FAILED && i < 64; i++) {
                more[i * PAGE] = 1;
            }
            if (pid > 0) {
                int status = status_of(pid);
                _exit(status == 0 || status == SIGKILL ? 7 : status >> 8 & 0xff);
            }
            if (more == MAP_FAILED) {
                return 7;
            }
        }
    }
}

int main(void)
{
    shared = memory_shared(PAGE);
    own = memory(PAGES * PAGE);
    shared[0] = shared[1] = 0;
    pid_t worker = child(work, NULL);
    sleep_ms(20);
    for (uintptr_t way = 0; way < 3; way++) {
        uint32_t before = shared[0];
        struct books start = books();
        int status = status_of(child(hog_memory, (void *)way));
        check(status == 7 << 8 || status == SIGKILL, "hog %d is refused or dies (0x%x)", (int)way,
              (unsigned)status);
        sleep_ms(50);
        check(shared[0] > before, "the bystander works on");
        check(books_return_to(start), "and all the hog had comes back");
    }
    shared[1] = 1;
    check(exits_with(worker, 0), "the bystander's memory was its own all the time");
    return done();
}
