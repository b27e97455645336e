/* test: MEM=128M SMP=1 TIMEOUT=60 RUN="stale 20 && memaudit" */
/* test: MEM=128M SMP=4 TIMEOUT=60 RUN="stale 60 && memaudit" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 40 100 && memaudit" BOOTARGS="asid_bits=0" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 40 200 && memaudit" BOOTARGS="asid_bits=2" */
/* test: MEM=128M SMP=4 TIMEOUT=60 RUN="stale 40 300 && memaudit" BOOTARGS="asid_bits=3" */
/* No hart goes on with a translation that was taken back. Siblings write on other harts without a pause,
 * and each looks for what it wrote before. A round is one of:
 *   fork     the child finds the pages as they were at one moment, and writes to them
 *   unmap    a region that the siblings wrote to goes and comes again, without its frames
 *   exit     a child exits while siblings of its own write
 *   refuse   a child unmaps or protects what its siblings write to: they die of it (one in 32)
 * Frames that came free are the next to be given: to a buffer with a pattern, which nobody else may change.
 * stale ROUNDS SKIPPED: as many rounds, after so many random numbers; `make stress` makes a million. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum {
    SIBLINGS = 3,
    OWN_PAGES = 3,
    REGION_PAGES = 6,
    BUFFER_PAGES = 24,
    WORDS = 8,
    WRITERS = 2, /* siblings of a child */
    WATCH_US = 3000,
    LOOK_US = 100,
    REPORT_ROUNDS = 10000
};

#define ELSEWHERE ((void *)0x1300000000)

/* Its words are written in their order, so each is what the one before it is, or one less. */
struct page {
    struct {
        volatile uint64_t value;
        uint8_t gap[PAGE / WORDS - sizeof(uint64_t)];
    } word[WORDS];
};

static struct page *own;                 /* of each sibling OWN_PAGES */
static struct page *region;              /* everybody's: word i is the i-th sibling's */
static volatile uint64_t phase = 1;      /* odd: siblings write to the region */
static volatile uint64_t seen[SIBLINGS]; /* the phase that each knows of */
static volatile uint64_t lost;           /* stores that were not there any more */
static volatile uint32_t *begun; /* shared: of the child's writers a bit each; what it saw change */
static volatile bool stop;

static void *write_always(void *argument)
{
    uintptr_t me = (uintptr_t)argument;
    struct page *mine = own + me * OWN_PAGES;
    for (uint64_t round = 1; !stop; round++) {
        for (int i = 0; i < OWN_PAGES * WORDS; i++) {
            volatile uint64_t *value = &mine[i / WORDS].word[i % WORDS].value;
            if (*value != round - 1) {
                lost++; /* so that nobody's += 0 undoes it */
            }
            *value = round;
        }
        uint64_t now = phase;
        for (int i = 0; i < REGION_PAGES && now % 2 == 1; i++) {
            region[i].word[me].value = round;
        }
        __atomic_store_n(&seen[me], now, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void *memory_at(void *where, size_t bytes)
{
    return mmap(where, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                0);
}

/* The siblings are told, and all have heard. */
static void next_phase(void)
{
    uint64_t next = phase + 1;
    __atomic_store_n(&phase, next, __ATOMIC_SEQ_CST);
    for (int i = 0; i < SIBLINGS; i++) {
        while (__atomic_load_n(&seen[i], __ATOMIC_SEQ_CST) != next) {
            sched_yield();
        }
    }
}

/* ---------------------------------------------------------------- in children */
/* What the siblings of the parent wrote is here as it was at the fork, and does not change. */
static int find_one_moment(void *unused)
{
    uint64_t kept[SIBLINGS * OWN_PAGES][WORDS];
    (void)unused;
    for (int i = 0; i < SIBLINGS * OWN_PAGES * WORDS; i++) {
        uint64_t value = own[i / WORDS].word[i % WORDS].value;
        uint64_t first = own[i / WORDS].word[0].value;
        if (value > first || value + 1 < first) {
            return 1;
        }
        kept[i / WORDS][i % WORDS] = value;
    }
    for (uint64_t end = microseconds() + LOOK_US; microseconds() < end;) {
    }
    for (int i = 0; i < SIBLINGS * OWN_PAGES * WORDS; i++) {
        if (own[i / WORDS].word[i % WORDS].value != kept[i / WORDS][i % WORDS]) {
            return 2;
        }
    }
    for (int i = 0; i < SIBLINGS * OWN_PAGES; i++) {
        own[i].word[i % WORDS].value = 7;
    }
    return 0;
}

/* Stores without end, until one is refused or the process ends. */
static void *write_region(void *argument)
{
    uintptr_t me = (uintptr_t)argument;
    for (uint64_t round = 1;; round++) {
        for (int i = 0; i < REGION_PAGES; i++) {
            region[i].word[me].value = round;
        }
        __atomic_fetch_or(begun, 1u << me, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static bool start_writers(void)
{
    pthread_t threads[WRITERS];
    for (uintptr_t i = 0; i < WRITERS; i++) {
        if (pthread_create(&threads[i], NULL, write_region, (void *)i) != 0) {
            return false;
        }
    }
    while (*begun != (1u << WRITERS) - 1) {
        sched_yield();
    }
    return true;
}

/* For as long as the writers let us live: what nobody may write any more stays as it is. */
static int watch(const struct page *pages)
{
    uint64_t kept[REGION_PAGES][WRITERS];
    uint64_t end = microseconds() + WATCH_US;
    for (bool is_first = true; microseconds() < end; is_first = false) {
        for (int i = 0; i < REGION_PAGES * WRITERS; i++) {
            uint64_t value = pages[i / WRITERS].word[i % WRITERS].value;
            begun[1] += !is_first && value != kept[i / WRITERS][i % WRITERS];
            kept[i / WRITERS][i % WRITERS] = value;
        }
    }
    sleep_ms(1000);
    return 2; /* a writer should have died, and we of it */
}

/* The frames come back at once, as our own. */
static int unmap_under_writers(void *unused)
{
    (void)unused;
    if (!start_writers() || munmap(region, REGION_PAGES * PAGE) != 0) {
        return 1;
    }
    struct page *next = memory_at(ELSEWHERE, REGION_PAGES * PAGE);
    for (int i = 0; i < REGION_PAGES; i++) {
        next[i].word[WRITERS].value = 1;
    }
    return watch(next);
}

static int protect_under_writers(void *unused)
{
    (void)unused;
    if (!start_writers() || mprotect(region, REGION_PAGES * PAGE, PROT_READ) != 0) {
        return 1;
    }
    return watch(region);
}

static int exit_under_writers(void *unused)
{
    (void)unused;
    return start_writers() ? 0 : 1;
}

/* --------------------------------------------------------------------- rounds */
static const char *play_fork(void)
{
    return exits_with(child(find_one_moment, NULL), 0) ? NULL : "fork: not of one moment";
}

static const char *play_unmap(void)
{
    next_phase();
    if (munmap(region, REGION_PAGES * PAGE) != 0) {
        return "munmap";
    }
    uint64_t *taken = memory_at(ELSEWHERE, REGION_PAGES * PAGE); /* the frames that it had */
    size_t step = PAGE / WORDS / sizeof *taken, words = REGION_PAGES * PAGE / sizeof *taken;
    for (size_t i = 0; i < words; i += step) {
        taken[i] = i;
    }
    if (memory_at(region, REGION_PAGES * PAGE) != region) {
        return "mmap";
    }
    next_phase();
    for (size_t i = 0; i < words; i += step) {
        if (taken[i] != i) {
            return "unmap: a frame's next owner";
        }
    }
    for (int i = 0; i < REGION_PAGES * SIBLINGS; i++) {
        if (region[i / SIBLINGS].word[i % SIBLINGS].value == 0) {
            return "unmap: a store went elsewhere";
        }
    }
    return munmap(taken, REGION_PAGES * PAGE) == 0 ? NULL : "munmap of the other";
}

static const char *play_exit(void)
{
    return exits_with(child(exit_under_writers, NULL), 0) ? NULL : "exit";
}

static const char *play_refuse(void)
{
    bool is_unmap = random_next() >> 63 != 0;
    bool died =
        dies_of(child(is_unmap ? unmap_under_writers : protect_under_writers, NULL), SIGSEGV);
    return !died           ? "refuse: it lives"
           : begun[1] != 0 ? "refuse: a store after the rights were gone"
                           : NULL;
}

/* One round; what went wrong, or NULL. */
static const char *play(void)
{
    uint64_t chance = (random_next() >> 32) % 32, pattern = random_next();
    uint64_t *buffer = memory(BUFFER_PAGES * PAGE);
    size_t step = PAGE / WORDS / sizeof *buffer, words = BUFFER_PAGES * PAGE / sizeof *buffer;
    begun[0] = begun[1] = 0;
    const char *wrong = chance == 0   ? play_refuse()
                        : chance < 8  ? play_exit()
                        : chance < 20 ? play_unmap()
                                      : play_fork();
    for (size_t i = 0; i < words; i += step) {
        buffer[i] = pattern;
    }
    sched_yield();
    for (size_t i = 0; i < words && wrong == NULL; i++) {
        wrong = buffer[i] == (i % step == 0 ? pattern : 0) ? NULL : "a frame's next owner";
    }
    munmap(buffer, BUFFER_PAGES * PAGE);
    return wrong;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 60, round = 0;
    for (unsigned long i = argc > 2 ? strtoul(argv[2], NULL, 10) : 0; i > 0; i--) {
        (void)random_next();
    }
    own = memory(SIBLINGS * OWN_PAGES * PAGE);
    region = memory(REGION_PAGES * PAGE);
    begun = memory_shared(PAGE);
    pthread_t threads[SIBLINGS];
    bool started = true;
    for (uintptr_t i = 0; i < SIBLINGS; i++) {
        started = pthread_create(&threads[i], NULL, write_always, (void *)i) == 0 && started;
    }
    check(started, "%d siblings write", SIBLINGS);
    const char *wrong = NULL;
    while (round < rounds && wrong == NULL && lost == 0) {
        wrong = play();
        if (++round % REPORT_ROUNDS == 0) {
            note("%lu rounds", round);
        }
    }
    stop = true;
    for (int i = 0; i < SIBLINGS; i++) {
        pthread_join(threads[i], NULL);
    }
    check(wrong == NULL, "%lu rounds; wrong in the last: %s", round,
          wrong == NULL ? "nothing" : wrong);
    check(lost == 0, "no store of a sibling was lost (%lu)", (unsigned long)lost);
    check(own[0].word[0].value > 1, "the siblings went on");
    return done();
}
