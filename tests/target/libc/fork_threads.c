/* test: MEM=64M TIMEOUT=120 */
/* test: MEM=64M TIMEOUT=120 BOOTARGS="preempt=12,100" */
/* fork in a process of several threads: only the caller lives on in the child, which can allocate,
 * print, lock and start threads of its own, whatever the others were doing. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/tap.h"

enum { BUSY = 3, FORKS = 25 };

static volatile bool stop;
static volatile long heartbeats[BUSY];

/* In malloc, mostly; sometimes asleep. */
static void *be_busy(void *number)
{
    while (!stop) {
        char *block = malloc(200 + (size_t)(heartbeats[(long)number] % 1000));
        if (block == NULL) {
            return (void *)1;
        }
        memset(block, 1, 200);
        free(block);
        heartbeats[(long)number]++;
        if (heartbeats[(long)number] % 64 == 0) {
            usleep(500);
        }
    }
    return NULL;
}

static void *double_it(void *number)
{
    return (void *)(2 * (long)number);
}

static int live_alone(void *unused)
{
    (void)unused;
    long before[BUSY];
    memcpy(before, (const long *)heartbeats, sizeof(before));
    char *block = malloc(5000);
    if (block == NULL) {
        return 1;
    }
    free(block);
    pthread_t thread;
    void *value;
    if (pthread_create(&thread, NULL, double_it, (void *)21) != 0) {
        return 2;
    }
    if (pthread_join(thread, &value) != 0 || value != (void *)42) {
        return 3;
    }
    usleep(3000);
    return memcmp(before, (const long *)heartbeats, sizeof(before)) == 0 ? 0 : 4;
}

static void *fork_from_thread(void *unused)
{
    (void)unused;
    return (void *)(long)exits_with(child(live_alone, NULL), 0);
}

int main(void)
{
    pthread_t busy[BUSY];
    bool started = true;
    for (long i = 0; i < BUSY; i++) {
        started = pthread_create(&busy[i], NULL, be_busy, (void *)i) == 0 && started;
    }
    check(started, "%d threads are busy", BUSY);
    int good = 0;
    for (int i = 0; i < FORKS; i++) {
        good += exits_with(child(live_alone, NULL), 0);
    }
    check(good == FORKS, "%d of %d children lived alone and well", good, FORKS);
    pthread_t forker;
    void *value = NULL;
    check(pthread_create(&forker, NULL, fork_from_thread, NULL) == 0 &&
              pthread_join(forker, &value) == 0 && value == (void *)1,
          "a thread that is not the first can fork");
    stop = true;
    bool joined = true;
    for (int i = 0; i < BUSY; i++) {
        joined = pthread_join(busy[i], &value) == 0 && value == NULL && joined;
    }
    check(joined, "the parent's threads went on");
    return done();
}
