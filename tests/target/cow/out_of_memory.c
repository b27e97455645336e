/* test: MEM=64M RUN="out_of_memory strict && memaudit" TIMEOUT=90 */
/* test: MEM=64M RUN="out_of_memory strict && memaudit" BOOTARGS="preempt=118,200" TIMEOUT=90 */
/* test: MEM=64M RUN="out_of_memory overcommit && memaudit" BOOTARGS="overcommit" TIMEOUT=90 EXPECT="^out_of_memory.[0-9]+.: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: out of memory" */
/* test: MEM=64M RUN="out_of_memory overcommit && memaudit" BOOTARGS="overcommit preempt=119,200" TIMEOUT=90 EXPECT="^out_of_memory.[0-9]+.: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: out of memory" */
/* Conformance 16: memory ends in the middle of copying. Strict: fork is refused, no store fails.
 * Overcommit: fork succeeds, and who then faults in vain dies of it, with a message, alone. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "support/tap.h"

static volatile uint8_t *block;
static size_t block_pages;

static int rewrite(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < block_pages; i++) {
        block[i * PAGE] = 2;
    }
    return 0;
}

static bool block_is(uint8_t value)
{
    for (size_t i = 0; i < block_pages; i++) {
        if (block[i * PAGE] != value) {
            return false;
        }
    }
    return true;
}

static void fill(uint64_t pages)
{
    block_pages = pages;
    block = memory(block_pages * PAGE);
    for (size_t i = 0; i < block_pages; i++) {
        block[i * PAGE] = 1;
    }
}

static int nothing(void *unused)
{
    (void)unused;
    return 0;
}

static void strict(void)
{
    struct books start = books();
    fill((start.frames_limit - start.frames_promised) * 6 / 10);
    struct books before = books();
    errno = 0;
    pid_t pid = child(nothing, NULL);
    check(pid < 0 && (errno == ENOMEM || errno == EAGAIN),
          "a fork that cannot be promised is refused (errno %d)", errno);
    check(books_return_to(before), "a refused fork took nothing");
    void *too_much =
        mmap(NULL, block_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    check(too_much == MAP_FAILED && errno == ENOMEM, "so is a mapping (errno %d)", errno);
    (void)rewrite(NULL);
    check(block_is(2), "every store of the parent succeeds");
    check(munmap((void *)block, block_pages * PAGE) == 0, "half is given back");
    struct books small = books();
    fill((small.frames_limit - small.frames_promised) * 4 / 10);
    bool good = exits_with(child(rewrite, NULL), 0);
    check(good, "a child that was promised its copy can write all of it");
    check(block_is(1), "the parent's pages are its own");
}

static void overcommit(void)
{
    struct books start = books();
    fill(start.frames_free * 6 / 10);
    for (unsigned round = 0; round < 3; round++) {
        pid_t pid = child(rewrite, NULL);
        check(pid > 0, "fork succeeds (errno %d)", errno);
        int status = status_of(pid);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
              "the child that wants more frames than there are is killed (0x%x)", (unsigned)status);
        check(block_is(1), "nobody else is, and the parent's pages are whole");
    }
    (void)rewrite(NULL);
    check(block_is(2), "the parent rewrites all: its child's frames are back");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "overcommit") == 0) {
        overcommit();
    } else {
        strict();
    }
    return done();
}
