/* selftest: what the hart below really does, for the first boot on a board.
 * Prints each finding; what Byre relies on and does not find is marked WRONG and makes the exit
 * status 1, all else is only told.
 *
 * A probe that may be refused runs in a child, and being killed is its answer: proc's line about it
 * is part of the show. What only S-mode sees is not here: whether the hart sets the accessed and
 * dirty bits itself or faults, Byre never lets matter, because it presets both (memaudit checks
 * each entry).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <byre/gen/calls.h>
#include <libsys/time.h>

enum {
    PAGE = 4096,
    PAGES = 64,
    LOOPS = 20000,
    CODE_LOOPS = 200,
    FORKS = 20,
    ROUNDS = 8,
    NAP_MS = 50,
    NAP_MS_MAX = 500,
    SLOW_NS = 200,  /* QEMU's cheap instructions stay below, a trap to firmware does not */
    SLOW_RATIO = 8, /* misaligned against aligned */
};

static bool failed;
static uint8_t *block;

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void tell(const char *what, const char *finding)
{
    printf("  %-40s %s\n", what, finding);
}

static void tell_number(const char *what, uint64_t number, const char *unit)
{
    printf("  %-40s %lu %s\n", what, (unsigned long)number, unit);
}

static void need(const char *what, bool right)
{
    tell(what, right ? "ok" : "WRONG");
    failed = failed || !right;
}

/* ------------------------------------------------------------------------------- probes */
/* Does it run without being killed? */
static bool survives(void (*probe)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        probe();
        _exit(0);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void probe_nothing(void)
{
}

/* Encoded by hand: the compiler is not told of these extensions. */
static void probe_zba(void)
{
    __asm__ volatile(".word 0x20a52533" : : : "a0"); /* sh1add a0, a0, a0 */
}

static void probe_zbb(void)
{
    __asm__ volatile(".word 0x60051513" : : : "a0"); /* clz a0, a0 */
}

static void probe_vector(void)
{
    __asm__ volatile(".word 0x0c007557" : : : "a0"); /* vsetvli a0, zero, e8, m1, tu, mu */
}

static void probe_cycle(void)
{
    __asm__ volatile("rdcycle a0" : : : "a0");
}

static void probe_instret(void)
{
    __asm__ volatile("rdinstret a0" : : : "a0");
}

static void probe_counter(void)
{
    __asm__ volatile("csrr a0, 0xc03" : : : "a0"); /* hpmcounter3 */
}

static void probe_sstatus(void)
{
    __asm__ volatile("csrr a0, 0x100" : : : "a0");
}

static void probe_satp(void)
{
    __asm__ volatile("csrw 0x180, zero");
}

static void probe_flush(void)
{
    __asm__ volatile("sfence.vma");
}

static uint64_t load_at(const uint8_t *at)
{
    uint64_t value;
    __asm__ volatile("ld %0, 0(%1)" : "=r"(value) : "r"(at) : "memory");
    return value;
}

static void store_at(uint8_t *at, uint64_t value)
{
    __asm__ volatile("sd %0, 0(%1)" : : "r"(value), "r"(at) : "memory");
}

static void probe_misaligned(void)
{
    static const uint64_t value = 0x0123456789abcdef;
    for (unsigned offset = 1; offset < sizeof(value); offset++) {
        uint8_t *at = block + PAGE - sizeof(value) / 2 + offset; /* some cross the page */
        store_at(at, value);
        if (load_at(at) != value) {
            _exit(1);
        }
    }
}

/* ------------------------------------------------------------------------------ sections */
/* The tree's timebase is right if the quotient is what the hart is clocked with. */
static uint64_t cycles_of_a_nap(void)
{
    uint64_t first;
    uint64_t last;
    uint64_t end = now_ns() + NAP_MS * 1000000ul;
    __asm__ volatile("rdcycle %0" : "=r"(first));
    while (now_ns() < end) {
    }
    __asm__ volatile("rdcycle %0" : "=r"(last));
    return last - first;
}

static void read_time(const uint8_t *unused)
{
    (void)unused;
    (void)time_ticks();
}

static void read_word(const uint8_t *at)
{
    (void)load_at(at);
}

/* LOOPS of it: the best of some rounds, since whatever else runs only makes a round longer. */
static uint64_t best_ns(void (*action)(const uint8_t *), const uint8_t *at)
{
    uint64_t best = UINT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t start = now_ns();
        for (unsigned i = 0; i < LOOPS; i++) {
            action(at);
        }
        uint64_t elapsed = now_ns() - start;
        best = elapsed < best ? elapsed : best;
    }
    return best;
}

static bool time_runs_forward(void)
{
    uint64_t first = time_ticks();
    uint64_t before = first;
    for (unsigned i = 0; i < LOOPS; i++) {
        uint64_t ticks = time_ticks();
        if (ticks < before) {
            return false;
        }
        before = ticks;
    }
    return before > first;
}

static void show_clock(void)
{
    puts("clock");
    need("time never goes back", time_runs_forward());
    tell_number("cycles in a microsecond of this clock", cycles_of_a_nap() / (NAP_MS * 1000ul),
                "(the hart's MHz)");
    uint64_t read_ns = best_ns(read_time, NULL) / LOOPS;
    tell_number("reading time takes", read_ns, "ns");
    tell("so reading time is", read_ns > SLOW_NS ? "emulated by firmware" : "in hardware");
    uint64_t start = now_ns();
    struct timespec nap = {.tv_nsec = NAP_MS * 1000000l};
    (void)nanosleep(&nap, NULL);
    uint64_t elapsed = (now_ns() - start) / 1000000;
    tell_number("a sleep of 50 ms took", elapsed, "ms");
    need("timer interrupts arrive in time", elapsed >= NAP_MS && elapsed <= NAP_MS_MAX);
}

static void show_rights(void)
{
    puts("instructions (a line about a killed selftest is the answer to a question)");
    need("cycle may be read", survives(probe_cycle));
    need("instret may be read", survives(probe_instret));
    tell("hpmcounter3", survives(probe_counter) ? "may be read" : "traps");
    need("sstatus traps", !survives(probe_sstatus));
    need("satp traps", !survives(probe_satp));
    need("sfence.vma traps", !survives(probe_flush));
    tell("Zba", survives(probe_zba) ? "yes" : "no");
    tell("Zbb", survives(probe_zbb) ? "yes" : "no");
    tell("vector (Byre keeps none: must trap)", survives(probe_vector) ? "runs" : "traps");
}

static void show_memory(void)
{
    puts("memory");
    bool zero = true;
    for (unsigned i = 0; i < PAGES * PAGE; i++) {
        zero = zero && block[i] == 0;
    }
    need("fresh pages are zero", zero);
    if (survives(probe_misaligned)) {
        uint64_t aligned = best_ns(read_word, block);
        uint64_t misaligned = best_ns(read_word, block + 1);
        tell_number("20,000 aligned loads", aligned / 1000, "us");
        tell_number("20,000 misaligned loads", misaligned / 1000, "us");
        tell("so misaligned access is",
             misaligned > SLOW_RATIO * aligned ? "emulated by firmware" : "in hardware");
    } else {
        tell("misaligned access", "traps (Byre's own code makes none)");
    }
    uint64_t word = 5;
    uint64_t old = __atomic_fetch_add(&word, 3, __ATOMIC_SEQ_CST);
    uint64_t expected = 8;
    bool swapped =
        __atomic_compare_exchange_n(&word, &expected, 9, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    need("atomics (amoadd, lr and sc)", old == 5 && swapped && word == 9);
}

/* Writes a function that returns a number, runs it, and again; how often did old code run? */
static unsigned stale_runs(bool with_fence)
{
    unsigned stale = 0;
    uint32_t *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        return CODE_LOOPS;
    }
    for (unsigned i = 0; i < CODE_LOOPS; i++) {
        code[0] = 0x00000513u | i << 20; /* li a0, i */
        code[1] = 0x00008067;            /* ret */
        if (mprotect(code, PAGE, PROT_READ | PROT_EXEC) != 0) {
            return CODE_LOOPS;
        }
        if (with_fence) {
            __asm__ volatile("fence.i" : : : "memory");
        }
        unsigned (*function)(void);
        memcpy(&function, &code, sizeof(function));
        stale += function() != i;
        if (mprotect(code, PAGE, PROT_READ | PROT_WRITE) != 0) {
            return CODE_LOOPS;
        }
    }
    (void)munmap(code, PAGE);
    return stale;
}

static void show_code(void)
{
    puts("code that was just written");
    tell_number("old code ran without fence.i", stale_runs(false), "times of 200");
    need("never after fence.i", stale_runs(true) == 0);
    volatile double third = 1.0;
    third /= 3.0;
    need("floating point", third * 3.0 == 1.0 && third > 0.333 && third < 0.334);
}

static void show_costs(void)
{
    puts("costs");
    uint64_t version;
    uint64_t start = now_ns();
    for (unsigned i = 0; i < LOOPS; i++) {
        (void)byre_version(&version);
    }
    tell_number("a system call", (now_ns() - start) / LOOPS, "ns");
    start = now_ns();
    for (unsigned i = 0; i < PAGES; i++) {
        block[i * PAGE] = 1;
    }
    tell_number("a first store to a page", (now_ns() - start) / PAGES, "ns");
    start = now_ns();
    unsigned ended = 0;
    for (unsigned i = 0; i < FORKS; i++) {
        ended += survives(probe_nothing);
    }
    need("fork, exit and wait", ended == FORKS);
    tell_number("they take", (now_ns() - start) / FORKS / 1000, "us");
}

int main(void)
{
    block = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    if (block == MAP_FAILED) {
        puts("selftest: no memory");
        return 1;
    }
    show_clock();
    show_memory();
    show_code();
    show_rights();
    show_costs();
    puts(failed ? "selftest: something that Byre relies on is WRONG"
                : "selftest: all that Byre relies on is there");
    return failed;
}
