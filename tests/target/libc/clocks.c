/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=13" */
/* Time goes forward, and sleeping takes at least as long as asked. */
#include <errno.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support/tap.h"

static bool sleeps(long milliseconds)
{
    uint64_t before = microseconds();
    struct timespec duration = {.tv_sec = milliseconds / 1000,
                                .tv_nsec = milliseconds % 1000 * 1000000};
    if (nanosleep(&duration, NULL) != 0) {
        return false;
    }
    uint64_t took = microseconds() - before;
    return took >= (uint64_t)milliseconds * 1000 && took < (uint64_t)milliseconds * 1000 + 500000;
}

static bool goes_forward(void)
{
    struct timespec before;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < 20000; i++) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec < before.tv_sec ||
            (now.tv_sec == before.tv_sec && now.tv_nsec < before.tv_nsec) ||
            now.tv_nsec >= 1000000000) {
            return false;
        }
        before = now;
    }
    return true;
}

static int nap(void *unused)
{
    (void)unused;
    sleep_ms(50);
    return 0;
}

int main(void)
{
    check(goes_forward(), "the clock never goes back");
    check(sleeps(0) && sleeps(1) && sleeps(30) && sleeps(1100), "sleep takes its time");
    check(nanosleep(&(struct timespec){.tv_nsec = -1}, NULL) == -1 && errno == EINVAL,
          "a negative time: EINVAL");
    check(nanosleep(&(struct timespec){.tv_nsec = 1000000000}, NULL) == -1 && errno == EINVAL,
          "a second of nanoseconds: EINVAL");
    uint64_t before = microseconds();
    pid_t naps[8];
    for (int i = 0; i < 8; i++) {
        naps[i] = child(nap, NULL);
    }
    bool all = true;
    for (int i = 0; i < 8; i++) {
        all = exits_with(naps[i], 0) && all;
    }
    check(all && microseconds() - before < 350000, "eight processes sleep at the same time");
    struct timeval day;
    struct timespec now;
    check(gettimeofday(&day, NULL) == 0 && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
              now.tv_sec - day.tv_sec <= 1,
          "clocks agree");
    return done();
}
