/* test: MEM=128M SMP=4 TIMEOUT=90 */
/* test: MEM=128M SMP=2 TIMEOUT=60 BOOTARGS="preempt=11,300" */
/* test: MEM=64M SMP=4 TIMEOUT=60 BOOTARGS="overcommit" RUN="beside shortage && memaudit" */
/* The pager's threads serve faults beside one another, and what they serve does not mix: threads of
 * one process and processes fault at once, on pages of their own and on the same ones; one forks
 * while its siblings fault; a process is killed while its pages are being copied; memory runs out
 * under all of them. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { THREADS = 4, PAGES = 96, ROUNDS = 6, FORKS = 12, KILLS = 24, CHUNK_PAGES = 64 };

static volatile uint64_t *region; /* PAGES pages; word 8 * t is thread t's */

static volatile uint64_t *word_at(unsigned page, uintptr_t thread)
{
    return &region[page * (PAGE / 8) + 8 * thread];
}

/* Each page with the stamp of who filled it, all of it. */
static void fill(volatile uint64_t *pages, unsigned count, uint64_t stamp)
{
    for (unsigned i = 0; i < count * (PAGE / 8); i++) {
        pages[i] = stamp + i;
    }
}

static bool is_filled(const volatile uint64_t *pages, unsigned count, uint64_t stamp)
{
    for (unsigned i = 0; i < count * (PAGE / 8); i++) {
        if (pages[i] != stamp + i) {
            return false;
        }
    }
    return true;
}

static bool run_threads(void *(*run)(void *), pthread_t threads[THREADS])
{
    bool started = true;
    for (uintptr_t t = 0; t < THREADS; t++) {
        started = pthread_create(&threads[t], NULL, run, (void *)t) == 0 && started;
    }
    return started;
}

static void join_threads(pthread_t threads[THREADS])
{
    for (unsigned t = 0; t < THREADS; t++) {
        pthread_join(threads[t], NULL);
    }
}

/* ------------------------------------------------------------ the same pages, at once */
static void *stamp_all_pages(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    for (unsigned i = 0; i < PAGES; i++) {
        *word_at((i + 7 * (unsigned)thread) % PAGES, thread) = 1000 * thread + i;
    }
    return NULL;
}

/* In a child: every page is inherited, so each is copied, by whoever comes first. */
static int stamp_together(void *unused)
{
    (void)unused;
    pthread_t threads[THREADS];
    if (!run_threads(stamp_all_pages, threads)) {
        return 2;
    }
    join_threads(threads);
    for (unsigned i = 0; i < PAGES; i++) {
        for (unsigned t = 0; t < THREADS; t++) {
            if (*word_at((i + 7 * t) % PAGES, t) != 1000 * t + i) {
                return 1;
            }
        }
        if (*word_at(i, THREADS) != i * (PAGE / 8) + 8 * THREADS) {
            return 1; /* what nobody wrote is what was inherited */
        }
    }
    return 0;
}

static void one_process(void)
{
    bool right = true;
    for (unsigned i = 0; i < ROUNDS && right; i++) {
        right = exits_with(child(stamp_together, NULL), 0);
    }
    check(right, "%d threads of a process write to the same inherited pages", THREADS);
    check(is_filled(region, PAGES, 0), "and the parent's stay as they are");
}

/* -------------------------------------------------------------------------- processes */
static int fill_and_fork(void *argument)
{
    uint64_t stamp = 1000000 * (1 + (uint64_t)(uintptr_t)argument);
    for (unsigned i = 0; i < ROUNDS; i++) {
        volatile uint64_t *pages = memory(PAGES * PAGE);
        fill(pages, PAGES, stamp + i);
        pid_t pid = fork();
        if (pid == 0) {
            fill(pages, PAGES, stamp + 500 + i);
            _exit(is_filled(pages, PAGES, stamp + 500 + i) ? 0 : 1);
        }
        fill(pages + PAGE / 8, 1, stamp + 900);
        if (!exits_with(pid, 0) || !is_filled(pages + PAGE / 8, 1, stamp + 900) ||
            !is_filled(pages, 1, stamp + i)) {
            return 1;
        }
        munmap((void *)(uintptr_t)pages, PAGES * PAGE);
    }
    return 0;
}

static void many_processes(void)
{
    pid_t pids[THREADS];
    bool right = true;
    for (uintptr_t i = 0; i < THREADS; i++) {
        pids[i] = child(fill_and_fork, (void *)i);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        right = exits_with(pids[i], 0) && right;
    }
    check(right, "%d processes fill, fork and rewrite pages at once", THREADS);
}

/* ------------------------------------------------------------- fork among faulting siblings */
static volatile bool stop;

/* Both words of each page change together, the first before the second. */
static void *count_on(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    for (uint64_t round = 1; !stop; round++) {
        for (unsigned i = (unsigned)thread; i < PAGES; i += THREADS) {
            *word_at(i, 0) = round;
            *word_at(i, 1) = round;
        }
    }
    return NULL;
}

static int look_at_snapshot(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t first = *word_at(i, 0), second = *word_at(i, 1);
        if (first != second && first != second + 1) {
            return 1;
        }
        *word_at(i, 0) = 7;
    }
    return 0;
}

static void fork_among_siblings(void)
{
    pthread_t threads[THREADS];
    bool right = true;
    memset((void *)(uintptr_t)region, 0, PAGES * PAGE);
    stop = false;
    bool started = run_threads(count_on, threads);
    for (unsigned i = 0; i < FORKS && right; i++) {
        right = exits_with(child(look_at_snapshot, NULL), 0);
    }
    stop = true;
    join_threads(threads);
    check(started && right, "%d forks while siblings fault: each child sees one moment", FORKS);
}

/* ------------------------------------------------------------ killed while it is served */
static int rewrite_for_ever(void *unused)
{
    (void)unused;
    for (uint64_t stamp = 1;; stamp++) {
        pid_t pid = fork(); /* so that there is something to copy again */
        if (pid == 0) {
            fill(region, PAGES, stamp);
            _exit(0);
        }
        fill(region, PAGES, stamp);
        (void)status_of(pid);
    }
    return 0;
}

static void kill_at_work(void)
{
    bool right = true;
    fill(region, PAGES, 5);
    for (unsigned i = 0; i < KILLS && right; i++) {
        pid_t pids[2] = {child(rewrite_for_ever, NULL), child(rewrite_for_ever, NULL)};
        sleep_ms(1 + (unsigned)(random_next() >> 40) % 3);
        kill(pids[0], SIGKILL);
        kill(pids[1], SIGKILL);
        right = dies_of(pids[0], SIGKILL) && dies_of(pids[1], SIGKILL);
    }
    check(right, "%d processes are killed while their pages are copied", 2 * KILLS);
    check(is_filled(region, PAGES, 5), "and their parent's pages are untouched");
}

/* ------------------------------------------------------------------------ out of memory */
/* Take what there is, and keep it right to the end. */
static int take_all(void *argument)
{
    uint64_t stamp = 1 + (uint64_t)(uintptr_t)argument;
    volatile uint64_t *last = NULL;
    for (;;) {
        void *chunk = mmap(NULL, CHUNK_PAGES * PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) {
            return errno == ENOMEM && last != NULL && is_filled(last, CHUNK_PAGES, stamp) ? 0 : 1;
        }
        last = chunk;
        fill(last, CHUNK_PAGES, stamp);
    }
}

/* With promises that need not be kept whoever finds nothing dies; nobody else, and nothing
 * mixes. */
static void run_out(bool promised)
{
    pid_t pids[THREADS];
    unsigned refused = 0, killed = 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        pids[i] = child(take_all, (void *)i);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        int status = status_of(pids[i]);
        refused += status == 0;
        killed += WIFSIGNALED(status);
    }
    check(promised ? refused == THREADS : refused + killed == THREADS && killed > 0,
          "%d processes take all memory at once (%s)", THREADS,
          promised ? "all are refused in the end" : "who finds none is killed");
}

int main(int argc, char **argv)
{
    bool shortage = argc > 1 && strcmp(argv[1], "shortage") == 0;
    region = memory(PAGES * PAGE);
    fill(region, PAGES, 0);
    struct books before = books();
    if (!shortage) {
        one_process();
        many_processes();
        fork_among_siblings();
        kill_at_work();
    }
    run_out(!shortage);
    check(books_return_to(before), "no frame, table or promise is lost");
    return done();
}
