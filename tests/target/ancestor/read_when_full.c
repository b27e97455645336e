/* test: MEM=64M RUN="read_when_full strict && memaudit" */
/* test: MEM=64M RUN="read_when_full strict && memaudit" BOOTARGS="preempt=512,150" */
/* test: MEM=64M RUN="read_when_full overcommit && memaudit" BOOTARGS="overcommit" EXPECT="^read_when_full.[0-9]+.: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: out of memory" */
/* test: MEM=64M RUN="read_when_full overcommit && memaudit" BOOTARGS="overcommit preempt=513,150" EXPECT="^read_when_full.[0-9]+.: store to 0x[0-9a-f]+ at pc 0x[0-9a-f]+: out of memory" */
/* type: READY 1 > warm\r */
/* type: READY 2 > data\r */
/* What panicked the ancestor: reading into a page that is shared by copy-on-write when memory is
 * out. Here what was promised is there: the read succeeds. Overcommitted, it ends the reader, with
 * a message, and nobody else notices. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tap.h"

enum { ALIVE, GO, WORDS };

static char *buffer;             /* shared with the reader by copy-on-write */
static volatile uint32_t *words; /* shared */

static bool reads(char *at, int number, const char *expected)
{
    printf("# READY %d\n", number);
    fflush(stdout);
    return read(0, at, 64) == (ssize_t)strlen(expected) &&
           memcmp(at, expected, strlen(expected)) == 0;
}

static void wait_for(unsigned word)
{
    while (words[word] == 0) {
        sleep_ms(1);
    }
}

/* Reads once while there is memory: then only the buffer is still to be copied. */
static int reader(void *unused)
{
    (void)unused;
    char own[64];
    bool good = reads(own, 1, "warm\n");
    words[ALIVE] = 1;
    wait_for(GO);
    return good && reads(buffer, 2, "data\n") && buffer[PAGE - 1] == 'p' ? 0 : 1;
}

static char *map(uint64_t pages)
{
    return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* All that is free. */
static bool take_what_is_free(void)
{
    uint64_t pages = books().frames_total;
    char *at = map(pages);
    for (uint64_t i = 0; at != MAP_FAILED && i < pages && books().frames_free > 0; i++) {
        at[i * PAGE] = 1;
    }
    return books().frames_free == 0;
}

/* All that may still be promised, written to. */
static bool take_what_is_promised(void)
{
    uint64_t pages = books().frames_total;
    while (pages > 0) {
        char *at = map(pages);
        if (at == MAP_FAILED) {
            pages /= 2;
            continue;
        }
        for (uint64_t i = 0; i < pages; i++) {
            at[i * PAGE] = 1;
        }
    }
    return errno == ENOMEM;
}

int main(int argc, char **argv)
{
    bool overcommit = argc > 1 && strcmp(argv[1], "overcommit") == 0;
    int status = 0;
    words = memory_shared(PAGE);
    memset((void *)words, 0, PAGE);
    buffer = memory(PAGE);
    memset(buffer, 'p', PAGE);
    pid_t pid = child(reader, NULL);
    wait_for(ALIVE);
    (void)waitpid(pid, &status, WNOHANG); /* so that this process has its own pages */
    bool full = overcommit ? take_what_is_free() : take_what_is_promised();
    words[GO] = 1;
    pid_t ended = waitpid(pid, &status, 0);
    check(full, "%s", overcommit ? "memory is out" : "no page more is promised");
    if (overcommit) {
        check(ended == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
              "the reader is killed (0x%x)", (unsigned)status);
    } else {
        check(ended == pid && status == 0, "the reader has what it was promised (0x%x)",
              (unsigned)status);
    }
    bool whole = true;
    for (int i = 0; i < PAGE; i++) {
        whole = whole && buffer[i] == 'p';
    }
    check(whole, "the page of the one that shared it is untouched");
    return done();
}
