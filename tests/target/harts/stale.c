/* test: MEM=128M SMP=1 TIMEOUT=120 */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 20 && memaudit" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 10 100 && memaudit" BOOTARGS="asid_bits=0" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 10 200 && memaudit" BOOTARGS="asid_bits=2" */
/* test: MEM=128M SMP=4 TIMEOUT=100 RUN="stale 6 300 && memaudit" BOOTARGS="asid_bits=3" */
/* No hart goes on with a translation that was taken back. Threads write on other harts while one forks,
 * unmaps, protects or exits; whose store comes after that dies of it, and never reaches the frame's next
 * owner, which is a buffer with a pattern. stale ROUNDS SEED: for as long as you like, by hand. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum {
    WRITERS = 2,
    OWN_PAGES = 16,
    REGION_PAGES = 24,
    BUFFER_PAGES = 64,
    KINDS = 4,
    WATCH_US = 8000
};

#define NEXT 0x1300000000

/* A page: both words are written one after the other, so second <= first <= second + 1. */
struct counters {
    volatile uint64_t first;
    uint8_t gap[PAGE - 16];
    volatile uint64_t second;
};

static struct counters *own;
static volatile uint8_t *region;
static volatile uint32_t
    *begun; /* shared: writers of the child that have written everything once */
static volatile bool stop;
static volatile uint64_t lost;

static void *count_rounds(void *argument)
{
    struct counters *mine = own + (uintptr_t)argument * OWN_PAGES;
    for (uint64_t round = 1; !stop; round++) {
        for (int i = 0; i < OWN_PAGES; i++) {
            lost += mine[i].first != round - 1 || mine[i].second != round - 1;
            mine[i].first = round;
            mine[i].second = round;
        }
    }
    return NULL;
}

/* In a child: stores without end, until one is refused or the process ends. */
static void *write_region(void *argument)
{
    for (uint8_t value = (uint8_t)(uintptr_t)argument;; value = (uint8_t)(value + 16)) {
        for (int i = 0; i < REGION_PAGES; i++) {
            region[i * PAGE + 8 * ((uintptr_t)argument & 15)] = value;
        }
        __atomic_fetch_or(begun, 1u << ((uintptr_t)argument & 15), __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static bool start_writers(void)
{
    pthread_t threads[WRITERS];
    for (uintptr_t i = 0; i < WRITERS; i++) {
        if (pthread_create(&threads[i], NULL, write_region, (void *)(i + 1)) != 0) {
            return false;
        }
    }
    while (*begun != (1u << (WRITERS + 1)) - 2) {
        sleep_ms(1);
    }
    return true;
}

static int snapshot(void *unused)
{
    (void)unused;
    for (int i = 0; i < WRITERS * OWN_PAGES; i++) {
        uint64_t first = own[i].first, second = own[i].second;
        if (first != second && first != second + 1) {
            return 1;
        }
        own[i].first = 7;
    }
    return 0;
}

/* For as long as the writers let us live: what nobody may write any more stays as it is. */
static void watch(const volatile uint8_t *bytes)
{
    uint8_t seen[REGION_PAGES][WRITERS + 1];
    for (uint64_t end = microseconds() + WATCH_US, first = end; microseconds() < end; first = 0) {
        for (int i = 0; i < REGION_PAGES; i++) {
            for (int writer = 1; writer <= WRITERS; writer++) {
                uint8_t now = bytes[i * PAGE + 8 * writer];
                if (first == 0 && now != seen[i][writer]) {
                    begun[1]++;
                }
                seen[i][writer] = now;
            }
        }
    }
}

/* The frames come back at once, as our own. */
static int unmap_under_writers(void *unused)
{
    (void)unused;
    if (!start_writers() || munmap((void *)(uintptr_t)region, REGION_PAGES * PAGE) != 0) {
        return 1;
    }
    uint8_t *next = mmap((void *)(uintptr_t)NEXT, REGION_PAGES * PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    for (int i = 0; i < REGION_PAGES; i++) {
        next[i * PAGE] = 1;
    }
    watch(next);
    sleep_ms(1000);
    return 2; /* a writer should have died, and we of it */
}

static int protect_under_writers(void *unused)
{
    (void)unused;
    if (!start_writers() ||
        mprotect((void *)(uintptr_t)region, REGION_PAGES * PAGE, PROT_READ) != 0) {
        return 1;
    }
    watch(region);
    sleep_ms(1000);
    return 2;
}

static int exit_under_writers(void *unused)
{
    (void)unused;
    return start_writers() ? 0 : 1;
}

/* One round; what went wrong, or NULL. */
static const char *play(unsigned kind)
{
    static int (*const acts[KINDS])(void *) = {snapshot, unmap_under_writers, protect_under_writers,
                                               exit_under_writers};
    static const char *const names[KINDS] = {"snapshot", "unmap", "protect", "exit"};
    begun[0] = begun[1] = 0;
    pid_t pid = child(acts[kind], NULL);
    uint8_t pattern = (uint8_t)random_next();
    uint8_t *buffer = memory(BUFFER_PAGES * PAGE);
    bool right = kind == 1 || kind == 2 ? dies_of(pid, SIGSEGV) : exits_with(pid, 0);
    for (size_t at = 0; at < BUFFER_PAGES * PAGE; at += 8) {
        buffer[at] = pattern;
    }
    sleep_ms((unsigned)random_next() % 2);
    for (size_t at = 0; at < BUFFER_PAGES * PAGE; at++) {
        if (buffer[at] != (at % 8 == 0 ? pattern : 0)) {
            return "a frame's next owner";
        }
    }
    munmap(buffer, BUFFER_PAGES * PAGE);
    if (begun[1] != 0) {
        return "a store after the rights were gone";
    }
    return right ? NULL : names[kind];
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 60;
    for (unsigned long i = argc > 2 ? strtoul(argv[2], NULL, 10) : 0; i > 0; i--) {
        (void)random_next();
    }
    own = memory(sizeof(struct counters) * WRITERS * OWN_PAGES);
    region = memory(REGION_PAGES * PAGE);
    begun = memory_shared(PAGE);
    pthread_t threads[WRITERS];
    bool started = true;
    const char *wrong = NULL;
    for (uintptr_t i = 0; i < WRITERS; i++) {
        started = pthread_create(&threads[i], NULL, count_rounds, (void *)i) == 0 && started;
    }
    check(started, "%d threads write", WRITERS);
    unsigned long round = 0;
    while (round < rounds && wrong == NULL) {
        wrong = play((unsigned)(random_next() >> 32) % KINDS);
        round++;
    }
    stop = true;
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    check(wrong == NULL, "%lu rounds; wrong in the last: %s", round,
          wrong == NULL ? "nothing" : wrong);
    check(lost == 0, "no store of a thread was lost (%lu)", (unsigned long)lost);
    check(own[0].first > 1, "the threads went on");
    return done();
}
