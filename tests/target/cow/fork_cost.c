/* test: SMP=1 MEM=160M BOOTARGS="testhooks" */
/* test: SMP=1 MEM=2600M TIMEOUT=120 BOOTARGS="testhooks" RUN="fork_cost 1024 && memaudit" */
/* one hart: it compares times, and harts that take turns lose turns */
/* Conformance 10: the fork of a big process does what the fork of a small one does: it writes as
 * many entries, makes as many tables, takes no frame, and no more time. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byre/gen/kernel.h>
#include <byre/pager_hook.h>

#include "support/tap.h"

enum { SAMPLES = 17 }; /* one more than the pager's memory of which pages to copy at once */

/* Begins a GiB: what stands here needs one entry of a root table. */
static uint8_t *const block = (uint8_t *)0x1400000000;

struct cost {
    uint64_t entries, tables, frames, microseconds;
};

static volatile uint32_t *go;

/* Pages of the block from `from` to `to`, written. */
static void grow(size_t from, size_t to)
{
    void *at = mmap(block + from, to - from, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at != block + from) {
        check(false, "memory for the block");
        exit(done());
    }
    for (; from < to; from += PAGE) {
        store8((uintptr_t)block + from, 1);
    }
}

static int wait_for_go(void *unused)
{
    (void)unused;
    while (*go == 0) {
        sleep_ms(1);
    }
    return 0;
}

/* That the kernel has written for the pager, in all tables. */
static uint64_t entries_written(void)
{
    return hook(PAGER_HOOK_COUNTER, COUNTER_TABLE_ENTRIES);
}

static struct cost fork_measured(void)
{
    struct cost best = {.entries = ~0ul, .microseconds = ~0ul};
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct cost cost;
        *go = 0;
        uint64_t entries = entries_written();
        uint64_t start = microseconds();
        pid_t pid = fork();
        if (pid == 0) {
            _exit(wait_for_go(NULL));
        }
        cost.microseconds = microseconds() - start;
        entries = entries_written() - entries;
        struct books with = books();
        sleep_ms(5); /* the child has run: its stack and tables are its own */
        with = books();
        *go = 1;
        (void)exits_with(pid, 0);
        sleep_ms(5);
        struct books after = books();
        cost.tables = with.tables_used - after.tables_used;
        cost.frames = after.frames_free - with.frames_free;
        cost.entries = entries < best.entries ? entries : best.entries;
        best = cost.microseconds < best.microseconds ? cost : best;
        best.entries = cost.entries;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 48;
    go = memory_shared(PAGE);
    *go = 0;
    grow(0, 64 << 10);
    (void)fork_measured(); /* warm */
    struct cost before = fork_measured();
    grow(64 << 10, megabytes << 20);
    struct cost after = fork_measured();
    note("64 KiB: %lu entries, %lu tables, %lu frames, %lu us; %lu MiB: %lu entries, %lu tables, "
         "%lu frames, %lu us",
         before.entries, before.tables, before.frames, before.microseconds,
         (unsigned long)megabytes, after.entries, after.tables, after.frames, after.microseconds);
    check(before.entries > 0, "a fork writes entries, and they are counted");
    check(after.entries == before.entries, "as many entries");
    check(after.tables == before.tables, "as many tables");
    check(after.frames == before.frames, "as many frames");
    /* Time counts instructions here: a thousand a microsecond, less than one for each page of the
     * block. */
    check(after.microseconds <= before.microseconds + 1, "and as many instructions, to a thousand");
    return done();
}
