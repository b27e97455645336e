/* forktree: a tree of processes, DEPTH levels (3) of WIDTH children each (2).
 * Every process draws its own path into a page that it inherited, checks after its children have
 * ended that nobody else's ink is in it, and answers with the number of processes below it in
 * shared memory. */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static char path[PATH_BYTES]; /* private to each process by copy-on-write */
static atomic_ulong *processes;
static long width;

static bool grow(long depth, size_t length);

static bool child_start(long depth, size_t length, long number)
{
    pid_t pid = fork();
    if (pid < 0) {
        perror("forktree: fork");
        return false;
    }
    if (pid == 0) {
        path[length] = (char)('0' + number % 10);
        _exit(grow(depth - 1, length + 1) ? 0 : 1);
    }
    return true;
}

static bool grow(long depth, size_t length)
{
    atomic_fetch_add(processes, 1);
    if (depth == 0) {
        return true;
    }
    char before[PATH_BYTES];
    memcpy(before, path, sizeof(before));
    bool good = true;
    long started = 0;
    for (long i = 0; i < width && good; i++) {
        good = child_start(depth, length, i);
        started += good;
    }
    for (; started > 0; started--) {
        int status;
        good = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && good;
    }
    if (memcmp(before, path, sizeof(before)) != 0) {
        fprintf(stderr, "forktree: %d: a descendant's store shows here: '%s'\n", getpid(), path);
        return false;
    }
    return good;
}

int main(int argc, char **argv)
{
    long depth = argc > 1 ? strtol(argv[1], NULL, 10) : 3;
    width = argc > 2 ? strtol(argv[2], NULL, 10) : 2;
    if (depth < 0 || depth >= PATH_BYTES - 1 || width < 1) {
        fprintf(stderr, "usage: forktree [DEPTH [WIDTH]]\n");
        return 2;
    }
    processes =
        mmap(NULL, sizeof(*processes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (processes == MAP_FAILED) {
        perror("forktree");
        return 1;
    }
    bool good = grow(depth, 0);
    printf("forktree: depth %ld, width %ld: %lu processes, %s\n", depth, width,
           atomic_load(processes), good ? "each with its own memory" : "FAILED");
    return good ? 0 : 1;
}
