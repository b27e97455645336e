/* forkbomb: processes that fork without end, for so many seconds (2).
 * Every one of them meets the limit of its tree; the machine and everyone else go on. The first one
 * reports and cleans up.
 *
 * The counters are in memory that all of them share. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct counters {
    atomic_ulong forked;
    atomic_ulong refused;
    atomic_int unexpected; /* an errno that is neither EAGAIN nor ENOMEM */
};

static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void bomb(struct counters *counters, time_t end)
{
    while (seconds_now() < end) {
        pid_t pid = fork();
        if (pid > 0) {
            atomic_fetch_add(&counters->forked, 1);
        } else if (pid < 0) {
            if (errno != EAGAIN && errno != ENOMEM) {
                atomic_store(&counters->unexpected, errno);
            }
            atomic_fetch_add(&counters->refused, 1);
            usleep(10000);
        }
    }
}

int main(int argc, char **argv)
{
    time_t seconds = argc > 1 ? (time_t)strtoul(argv[1], NULL, 10) : 2;
    struct counters *counters =
        mmap(NULL, sizeof(*counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counters == MAP_FAILED) {
        perror("forkbomb");
        return 1;
    }
    pid_t first = getpid();
    bomb(counters, seconds_now() + seconds);
    while (wait(NULL) > 0) {
    }
    if (getpid() != first) {
        _exit(0);
    }
    printf("forkbomb: %lu forks, %lu refused\n", atomic_load(&counters->forked),
           atomic_load(&counters->refused));
    int unexpected = atomic_load(&counters->unexpected);
    if (unexpected != 0) {
        printf("forkbomb: refused with: %s\n", strerror(unexpected));
    }
    return unexpected != 0;
}
