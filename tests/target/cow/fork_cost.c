/* test: MEM=160M */
/* test: MEM=2600M TIMEOUT=120 RUN="fork_cost 1024 && memaudit" */
/* Conformance 10: the fork of a big process does what the fork of a small one does: as many tables,
 * no frame, and no more time. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/tap.h"

enum { SAMPLES = 9 };

struct cost {
    uint64_t tables, frames, microseconds;
};

static volatile uint32_t *go;

static int wait_for_go(void *unused)
{
    (void)unused;
    while (*go == 0) {
        sleep_ms(1);
    }
    return 0;
}

static struct cost fork_measured(void)
{
    struct cost best = {.microseconds = ~0ul};
    for (unsigned i = 0; i < SAMPLES; i++) {
        struct cost cost;
        *go = 0;
        uint64_t start = microseconds();
        pid_t pid = fork();
        if (pid == 0) {
            _exit(wait_for_go(NULL));
        }
        cost.microseconds = microseconds() - start;
        struct books with = books();
        sleep_ms(5); /* the child has run: its stack and tables are its own */
        with = books();
        *go = 1;
        (void)exits_with(pid, 0);
        sleep_ms(5);
        struct books after = books();
        cost.tables = with.tables_used - after.tables_used;
        cost.frames = after.frames_free - with.frames_free;
        best = cost.microseconds < best.microseconds ? cost : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 48;
    go = memory_shared(PAGE);
    *go = 0;
    volatile uint8_t *small = memory(64 << 10);
    for (unsigned at = 0; at < 64 << 10; at += PAGE) {
        small[at] = 1;
    }
    (void)fork_measured(); /* warm */
    struct cost before = fork_measured();
    volatile uint8_t *block = memory(megabytes << 20);
    for (size_t at = 0; at < megabytes << 20; at += PAGE) {
        block[at] = 1;
    }
    struct cost after = fork_measured();
    note("64 KiB: %lu tables, %lu frames, %lu us; %lu MiB: %lu tables, %lu frames, %lu us",
         before.tables, before.frames, before.microseconds, (unsigned long)megabytes, after.tables,
         after.frames, after.microseconds);
    check(after.tables == before.tables, "as many tables");
    check(after.frames == before.frames, "as many frames");
    /* Time counts instructions here: a thousand a microsecond, less than one for each page of the block. */
    check(after.microseconds <= before.microseconds + 1, "and as many instructions, to a thousand");
    return done();
}
