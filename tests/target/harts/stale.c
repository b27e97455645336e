/* test: MEM=128M SMP=1 TIMEOUT=60 RUN="stale 40 && memaudit" */
/* test: MEM=128M SMP=4 TIMEOUT=60 RUN="stale 200 0 2 && memaudit" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 60 1 1 && memaudit" BOOTARGS="asid_bits=0" */
/* test: MEM=128M SMP=2 TIMEOUT=60 RUN="stale 60 2 1 && memaudit" BOOTARGS="asid_bits=2" */
/* test: MEM=128M SMP=4 TIMEOUT=60 RUN="stale 60 3 && memaudit" BOOTARGS="asid_bits=3" */
/* No hart goes on with a translation that was taken back. Siblings write on other harts without a pause,
 * all of them to the same pages; each looks for what it wrote before, and for what others say they wrote.
 * A round is a fork, and by chance, before it or beside the child, a region that the siblings write to
 * goes and comes again without its frames. The child
 *
 *   looks    finds the pages as they were at one moment, and so they stay until each sibling of its parent
 *            has written to all of them again; then it writes to them itself, and, with writers of its
 *            own (half of the rounds) that write to the region,
 *   exits    or is killed while they write, or
 *   refuses  unmaps or protects what they write to: they die of it, and nobody writes there any more.
 *
 * Frames that come free meanwhile are the next to be given: to buffers with a pattern, which nobody else
 * may change. stale ROUNDS SEED SIBLINGS: the seed chooses each round's chances; `make stress` makes a
 * million of them. */
#include <byre/gen/calls.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum {
    SIBLINGS_MAX = 3,
    THREADS = SIBLINGS_MAX + 1, /* they, and the one that forks: the last */
    FORKER = SIBLINGS_MAX,
    WRITERS_MAX = 2, /* siblings of a child */
    GROUND_PAGES = 3,
    REGION_PAGES = 2,
    BUFFER_PAGES = 1,
    WORDS = 8,
    CHILDS = 7, /* what a child writes */
    TURNS_OF_A_SLICE = 64,
    LOOKS_OF_A_SLICE = 300,
    WATCH_US = 3000,
    PATIENCE_US = 2000000,
    REPORT_ROUNDS = 10000
};

enum end { END_LOOKED, END_EXITS, END_KILLED, END_UNMAPS, END_PROTECTS };

#define ELSEWHERE ((void *)0x1300000000)

struct page {
    struct {
        volatile uint64_t value;
        uint8_t gap[PAGE / WORDS - sizeof(uint64_t)];
    } word[WORDS];
};

/* What no fork copies. */
struct common {
    uint64_t turns[THREADS];      /* that each has ended: its words are no less */
    uint64_t phase;               /* odd: siblings write to the region */
    uint64_t heard[SIBLINGS_MAX]; /* the phase that each has acted on */
    uint64_t wrong;               /* words that were not what they had to be */
    uint64_t changed;             /* after the right to was gone */
    uint32_t begun;               /* of the child's writers, a bit each */
    uint32_t stop;
};

static struct page *ground; /* word i is the i-th thread's; written in order */
static struct page *region; /* the same; it goes and comes */
static struct common *common;
static struct {
    enum end end;
    uint64_t begun; /* when all writers of the child have */
} plan;             /* of the round */
static unsigned siblings;

static uint64_t chances; /* the state that they come from */

/* 0 to most - 1. */
static uint64_t chance(uint64_t most)
{
    chances += 0x9e3779b97f4a7c15;
    uint64_t mixed = (chances ^ chances >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return (mixed ^ mixed >> 31) % most;
}

static void *memory_at(void *where, size_t bytes)
{
    return mmap(where, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                0);
}

static uint64_t turns_of(unsigned thread)
{
    return __atomic_load_n(&common->turns[thread], __ATOMIC_ACQUIRE);
}

static void add(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

/* ------------------------------------------------------------------- the siblings
 * What they do again and again is in line, so that they write where they are told to and nowhere else:
 * each page more is a copy and fences more in each round. */

/* Each page is written by all but one of the siblings, and by the thread that forks. */
static inline bool writes_to(unsigned thread, unsigned page)
{
    return thread != page % SIBLINGS_MAX;
}

/* Our word of each page, from the last turn's number to this one's. Others' words are no less than
 * what they say: nobody reads where a page was before somebody's store made a copy of it. */
static inline __attribute__((always_inline)) void write_ground(unsigned me, uint64_t turn)
{
    bool right = true;
    for (unsigned i = 0; i < THREADS; i++) {
        uint64_t said = turns_of(i);
        for (unsigned p = 0; p < GROUND_PAGES; p++) {
            right = (!writes_to(i, p) || ground[p].word[i].value >= said) && right;
        }
    }
    for (unsigned p = 0; p < GROUND_PAGES; p++) {
        if (writes_to(me, p)) {
            right = ground[p].word[me].value == turn - 1 && right;
            ground[p].word[me].value = turn;
        }
    }
    if (!right) {
        add(&common->wrong);
    }
    __atomic_store_n(&common->turns[me], turn, __ATOMIC_RELEASE);
}

static inline void write_region(unsigned me, uint64_t before, uint64_t turn)
{
    for (unsigned p = 0; p < REGION_PAGES; p++) {
        if (region[p].word[me].value != before) {
            add(&common->wrong);
        }
        region[p].word[me].value = turn;
    }
}

static void *write_always(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    uint64_t known = 0, written = 0;
    for (uint64_t turn = 1; __atomic_load_n(&common->stop, __ATOMIC_RELAXED) == 0; turn++) {
        write_ground(me, turn);
        uint64_t now = __atomic_load_n(&common->phase, __ATOMIC_ACQUIRE);
        if (now % 2 == 1) {
            write_region(me, now == known ? written : 0, turn);
            known = now;
            written = turn;
        }
        __atomic_store_n(&common->heard[me], now, __ATOMIC_RELEASE);
        if (turn % TURNS_OF_A_SLICE == 0) {
            (void)!byre_yield();
        }
    }
    return NULL;
}

/* False when it is not so in time. */
static bool wait_for(bool (*is_so)(const uint64_t *than), const uint64_t *than)
{
    uint64_t end = microseconds() + PATIENCE_US;
    do {
        for (unsigned i = 0; i < LOOKS_OF_A_SLICE; i++) {
            if (is_so(than)) {
                return true;
            }
        }
        sched_yield();
    } while (microseconds() < end);
    return false;
}

static bool all_heard(const uint64_t *next)
{
    bool all = true;
    for (unsigned i = 0; i < siblings; i++) {
        all = __atomic_load_n(&common->heard[i], __ATOMIC_ACQUIRE) == *next && all;
    }
    return all;
}

/* The siblings are told, and all have heard. */
static bool next_phase(void)
{
    uint64_t next = common->phase + 1;
    __atomic_store_n(&common->phase, next, __ATOMIC_SEQ_CST);
    return wait_for(all_heard, &next);
}

static bool all_went_on(const uint64_t *since)
{
    bool all = true;
    for (unsigned i = 0; i < siblings; i++) {
        all = turns_of(i) >= since[i] + 2 && all;
    }
    return all;
}

/* Each sibling has begun and ended a turn. */
static bool let_siblings_go_on(void)
{
    uint64_t since[SIBLINGS_MAX];
    for (unsigned i = 0; i < siblings; i++) {
        since[i] = turns_of(i);
    }
    return wait_for(all_went_on, since);
}

/* --------------------------------------------------------------------- in children */
/* What the threads of the parent wrote is here as it was at the fork, and does not change. */
static bool is_of_one_moment(void)
{
    uint64_t kept[GROUND_PAGES][THREADS];
    bool right = true;
    for (unsigned i = 0; i < THREADS; i++) {
        const uint64_t *before = NULL;
        for (unsigned p = 0; p < GROUND_PAGES; p++) {
            uint64_t value = kept[p][i] = ground[p].word[i].value;
            if (writes_to(i, p)) {
                right = (before == NULL || value == *before || value + 1 == *before) && right;
                before = &kept[p][i];
            }
        }
    }
    right = let_siblings_go_on() && right;
    for (unsigned p = 0; p < GROUND_PAGES; p++) {
        for (unsigned i = 0; i < THREADS; i++) {
            right = ground[p].word[i].value == kept[p][i] && right;
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ground[chance(GROUND_PAGES)].word[i].value = CHILDS;
    }
    return right;
}

/* Stores without end, until one is refused or the process ends; once all write, without a pause. */
static void *write_for_ever(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    for (uint64_t turn = UINT64_MAX;; turn--) {
        for (unsigned i = 0; i < REGION_PAGES; i++) {
            region[i].word[me].value = turn;
        }
        if (__atomic_or_fetch(&common->begun, 1u << me, __ATOMIC_SEQ_CST) != plan.begun) {
            (void)!byre_yield();
        }
    }
    return NULL;
}

static bool all_begun(const uint64_t *bits)
{
    return __atomic_load_n(&common->begun, __ATOMIC_SEQ_CST) == *bits;
}

static bool start_writers(void)
{
    pthread_t threads[WRITERS_MAX];
    for (uintptr_t i = 0; 1u << i <= plan.begun; i++) {
        if (pthread_create(&threads[i], NULL, write_for_ever, (void *)i) != 0) {
            return false;
        }
    }
    return wait_for(all_begun, &plan.begun);
}

/* For as long as the writers let us live: what nobody may write any more stays as it is. */
static void watch(const struct page *pages)
{
    uint64_t kept[REGION_PAGES][WRITERS_MAX];
    uint64_t end = microseconds() + WATCH_US;
    for (bool is_first = true; microseconds() < end; is_first = false) {
        for (int i = 0; i < REGION_PAGES * WRITERS_MAX; i++) {
            uint64_t value = pages[i / WRITERS_MAX].word[i % WRITERS_MAX].value;
            if (!is_first && value != kept[i / WRITERS_MAX][i % WRITERS_MAX]) {
                add(&common->changed);
            }
            kept[i / WRITERS_MAX][i % WRITERS_MAX] = value;
        }
    }
    sleep_ms(1000); /* a writer should have died, and we of it */
}

/* The frames come back at once, as our own. */
static bool unmap_under_writers(void)
{
    if (munmap(region, REGION_PAGES * PAGE) != 0) {
        return false;
    }
    struct page *next = memory_at(ELSEWHERE, REGION_PAGES * PAGE);
    for (int i = 0; i < REGION_PAGES; i++) {
        next[i].word[WRITERS_MAX].value = 1;
    }
    watch(next);
    return false;
}

static bool protect_under_writers(void)
{
    if (mprotect(region, REGION_PAGES * PAGE, PROT_READ) != 0) {
        return false;
    }
    watch(region);
    return false;
}

static int live(void *unused)
{
    (void)unused;
    if (!is_of_one_moment()) {
        return 1;
    }
    if (plan.end != END_LOOKED && !start_writers()) {
        return 2;
    }
    if (plan.end == END_KILLED) {
        sleep_ms(1000 * 1000);
    }
    return (plan.end == END_UNMAPS && !unmap_under_writers()) ||
                   (plan.end == END_PROTECTS && !protect_under_writers())
               ? 3
               : 0;
}

/* --------------------------------------------------------------------------- rounds */
static enum end choose_end(void)
{
    uint64_t of_32 = chance(32);
    return of_32 < 16   ? END_LOOKED
           : of_32 < 24 ? END_EXITS
           : of_32 < 30 ? END_KILLED
           : of_32 < 31 ? END_UNMAPS
                        : END_PROTECTS;
}

static void fill(struct page *pages, unsigned first, unsigned count, uint64_t pattern)
{
    for (unsigned i = first * WORDS; i < (first + count) * WORDS; i++) {
        pages[i / WORDS].word[i % WORDS].value = pattern + i;
    }
}

static bool is_filled(const struct page *pages, unsigned count, uint64_t pattern)
{
    bool right = true;
    for (unsigned i = 0; i < count * WORDS; i++) {
        right = pages[i / WORDS].word[i % WORDS].value == pattern + i && right;
    }
    return right;
}

/* The region's frames are ours elsewhere, while siblings may still hold where they were. */
static const char *renew_region(uint64_t pattern)
{
    if (!next_phase() || munmap(region, REGION_PAGES * PAGE) != 0) {
        return "munmap of the region";
    }
    struct page *taken = memory_at(ELSEWHERE, REGION_PAGES * PAGE);
    fill(taken, 0, REGION_PAGES, pattern);
    if (memory_at(region, REGION_PAGES * PAGE) != region || !next_phase()) {
        return "mmap of the region";
    }
    if (!is_filled(taken, REGION_PAGES, pattern)) {
        return "unmap: a frame's next owner";
    }
    for (unsigned i = 0; i < REGION_PAGES * siblings; i++) {
        if (region[i / siblings].word[i % siblings].value == 0) {
            return "unmap: a store went elsewhere";
        }
    }
    return munmap(taken, REGION_PAGES * PAGE) == 0 ? NULL : "munmap of the other";
}

static const char *wait_for_child(pid_t pid)
{
    switch (plan.end) {
    case END_LOOKED:
    case END_EXITS:
        return exits_with(pid, 0) ? NULL : "fork: not of one moment";
    case END_KILLED:
        if (!wait_for(all_begun, &plan.begun) || kill(pid, SIGKILL) != 0) {
            return "kill";
        }
        return dies_of(pid, SIGKILL) ? NULL : "kill: it ends otherwise";
    case END_UNMAPS:
    case END_PROTECTS:
        return dies_of(pid, SIGSEGV) ? NULL : "refuse: it lives";
    }
    return "no such end";
}

/* One round; what went wrong, or NULL. */
static const char *play(uint64_t turn)
{
    plan.end = choose_end();
    plan.begun = chance(32) == 0 ? 3 : 1;
    uint64_t pattern = turn << 32, renewed = chance(6);
    const char *wrong = renewed == 0 ? renew_region(pattern) : NULL;
    struct page *buffer = memory(2 * BUFFER_PAGES * PAGE);
    common->begun = 0;
    write_ground(FORKER, turn);
    pid_t pid = child(live, NULL);
    if (renewed == 1 && wrong == NULL) {
        wrong = renew_region(pattern);
    }
    fill(buffer, 0, BUFFER_PAGES, pattern);
    if (wrong == NULL) {
        wrong = wait_for_child(pid);
    }
    fill(buffer, BUFFER_PAGES, BUFFER_PAGES, pattern);
    if (wrong == NULL && !let_siblings_go_on()) {
        wrong = "a sibling does not go on";
    }
    if (wrong == NULL && !is_filled(buffer, 2 * BUFFER_PAGES, pattern)) {
        wrong = "a frame's next owner";
    }
    munmap(buffer, 2 * BUFFER_PAGES * PAGE);
    return wrong == NULL && common->changed != 0 ? "refuse: a store after the rights were gone"
                                                 : wrong;
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 60, round = 0;
    chances = argc > 2 ? strtoul(argv[2], NULL, 10) << 32 : 0;
    siblings = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : SIBLINGS_MAX;
    ground = memory(GROUND_PAGES * PAGE);
    region = memory(REGION_PAGES * PAGE);
    common = memory_shared(PAGE);
    common->phase = 1;
    pthread_t threads[SIBLINGS_MAX];
    bool started = true;
    for (uintptr_t i = 0; i < siblings; i++) {
        started = pthread_create(&threads[i], NULL, write_always, (void *)i) == 0 && started;
    }
    check(started, "%u siblings write", siblings);
    const char *wrong = NULL;
    while (round < rounds && wrong == NULL && common->wrong == 0) {
        wrong = play(++round);
        if (round % REPORT_ROUNDS == 0) {
            note("%lu rounds", round);
        }
    }
    __atomic_store_n(&common->stop, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < siblings; i++) {
        pthread_join(threads[i], NULL);
    }
    check(wrong == NULL, "%lu rounds; wrong in the last: %s", round,
          wrong == NULL ? "nothing" : wrong);
    check(common->wrong == 0, "every word was what it had to be (%lu were not)", common->wrong);
    check(turns_of(0) > 1, "the siblings went on");
    return done();
}
