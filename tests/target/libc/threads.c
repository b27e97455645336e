/* test: MEM=64M TIMEOUT=120 */
/* test: MEM=64M TIMEOUT=120 BOOTARGS="preempt=11,100" */
/* Threads of one process: locks exclude, conditions wake, what is per thread stays per thread, and
 * the stacks of threads that ended come back. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/tap.h"

enum { THREADS = 6, ADDITIONS = 1500, TURNS = 150, ALLOCATIONS = 300, ROUNDS = 60 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static volatile long sum;
static long turn;
static long destroyed;
static long initialised;
static __thread long own = 40;

/* Start THREADS threads and join them; true when each answered NULL. */
static bool all_well(void *(*run)(void *))
{
    pthread_t threads[THREADS];
    bool well = true;
    for (long i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, run, (void *)(i + 1)) != 0) {
            return false;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        void *value = (void *)-1;
        well = pthread_join(threads[i], &value) == 0 && value == NULL && well;
    }
    return well;
}

static void *add(void *unused)
{
    (void)unused;
    for (int i = 0; i < ADDITIONS; i++) {
        pthread_mutex_lock(&mutex);
        long before = sum;
        if (i % 50 == 0) {
            sched_yield();
        }
        sum = before + 1;
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *take_turns(void *number)
{
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % THREADS != (long)number - 1) {
            pthread_cond_wait(&condition, &mutex);
        }
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *allocate(void *number)
{
    unsigned seed = (unsigned)(long)number;
    for (int i = 0; i < ALLOCATIONS; i++) {
        seed = seed * 1103515245 + 12345;
        size_t bytes = 1 + seed / 65536 % 4000;
        char *block = malloc(bytes);
        if (block == NULL) {
            return (void *)1;
        }
        memset(block, (int)(long)number, bytes);
        if (i % 8 == 0) {
            sched_yield();
        }
        for (size_t k = 0; k < bytes; k++) {
            if (block[k] != (char)(long)number) {
                return (void *)2;
            }
        }
        free(block);
    }
    return NULL;
}

static void count_destroyed(void *unused)
{
    (void)unused;
    __atomic_fetch_add(&destroyed, 1, __ATOMIC_RELAXED);
}

static void count_initialised(void)
{
    sched_yield();
    initialised++;
}

/* errno, __thread, keys and floating point are this thread's alone. */
static void *keep_own(void *number)
{
    long n = (long)number;
    double root = sqrt((double)n);
    pthread_once(&once, count_initialised);
    pthread_setspecific(key, number);
    errno = (int)n;
    own += n;
    for (int i = 0; i < 20; i++) {
        sched_yield();
        if (errno != (int)n || own != 40 + n || pthread_getspecific(key) != number ||
            sqrt((double)n) != root) {
            return (void *)1;
        }
    }
    return NULL;
}

static void *return_at_once(void *value)
{
    return value;
}

static bool times_out(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&mutex);
    int result = pthread_cond_timedwait(&condition, &mutex, &until);
    pthread_mutex_unlock(&mutex);
    return result == ETIMEDOUT;
}

/* More threads, one after the other, than stacks would fit if they stayed. */
static bool stacks_come_back(bool detached)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes,
                                detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
    uint64_t before = books().frames_promised;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, &attributes, return_at_once, NULL) != 0) {
            return false;
        }
        if (detached) {
            sleep_ms(2);
        } else if (pthread_join(thread, NULL) != 0) {
            return false;
        }
    }
    return books().frames_promised < before + 3 * 18; /* one stack is 17 pages and some */
}

int main(void)
{
    check(all_well(add) && sum == (long)THREADS * ADDITIONS, "a mutex lets one in at a time");
    check(all_well(take_turns) && turn == (long)THREADS * TURNS, "conditions wake who waits");
    check(all_well(allocate), "malloc serves several threads");
    check(pthread_key_create(&key, count_destroyed) == 0, "a key is made");
    check(all_well(keep_own), "errno, thread-local storage, keys and floats are per thread");
    check(destroyed == THREADS, "each thread's key was destroyed");
    check(initialised == 1, "once is once");
    check(errno != 1 && own == 40, "the first thread has its own, too");
    check(times_out(), "a timed wait times out");
    check(stacks_come_back(false), "stacks of joined threads come back");
    check(stacks_come_back(true), "stacks of detached threads come back");
    check(pthread_join(pthread_self(), NULL) == EDEADLK, "joining oneself is refused");
    return done();
}
