/* Time. There is no clock of the day yet: every clock counts from when the machine started, in
 * ticks of `time` that the argument block says the rate of. Sleeping is a wait on the thread's
 * park with a deadline. CPU time is not measured: clock() and times() tell time since the start. */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <libsys/time.h>

#include "lock.h"
#include "posix.h"
#include "thread.h"

enum { NANOSECONDS = 1000000000, MICROSECONDS = 1000000 };

static struct timespec from_ticks(uint64_t ticks)
{
    uint64_t rate = posix_facts.timebase_hz;
    return (struct timespec){.tv_sec = (time_t)(ticks / rate),
                             .tv_nsec = (long)(ticks % rate * NANOSECONDS / rate)};
}

/* Rounded up; saturates. */
static uint64_t to_ticks(const struct timespec *duration)
{
    uint64_t rate = posix_facts.timebase_hz;
    if (duration->tv_sec < 0) {
        return 0;
    }
    if ((uint64_t)duration->tv_sec > UINT64_MAX / 2 / rate) {
        return UINT64_MAX / 2;
    }
    return (uint64_t)duration->tv_sec * rate +
           ((uint64_t)duration->tv_nsec * rate + NANOSECONDS - 1) / NANOSECONDS;
}

uint64_t posix_clock_deadline(const struct timespec *until)
{
    uint64_t ticks = to_ticks(until);
    return ticks == 0 ? 1 : ticks; /* 0 would mean: do not even try */
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = from_ticks(time_ticks());
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    (void)clock;
    if (resolution != NULL) {
        *resolution = from_ticks(1);
    }
    return 0;
}

int nanosleep(const struct timespec *duration, struct timespec *left)
{
    if (duration->tv_sec < 0 || duration->tv_nsec < 0 || duration->tv_nsec >= NANOSECONDS) {
        errno = EINVAL;
        return -1;
    }
    uint64_t deadline = time_ticks() + to_ticks(duration);
    uint64_t bits;
    while (time_ticks() < deadline) { /* a late signal to the park may wake it early: K1 */
        (void)!byre_wait(pthread_self()->park, deadline, &bits);
    }
    if (left != NULL) {
        *left = (struct timespec){0};
    }
    return 0;
}

unsigned sleep(unsigned seconds)
{
    (void)nanosleep(&(struct timespec){.tv_sec = seconds}, NULL);
    return 0;
}

int usleep(useconds_t microseconds)
{
    return nanosleep(&(struct timespec){.tv_sec = microseconds / MICROSECONDS,
                                        .tv_nsec = microseconds % MICROSECONDS * 1000l},
                     NULL);
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    struct timespec time = from_ticks(time_ticks());
    *now = (struct timeval){.tv_sec = time.tv_sec, .tv_usec = time.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *now_out)
{
    time_t now = from_ticks(time_ticks()).tv_sec;
    if (now_out != NULL) {
        *now_out = now;
    }
    return now;
}

clock_t times(struct tms *used)
{
    struct timespec now = from_ticks(time_ticks());
    struct timespec mine = from_ticks(time_ticks() - posix_facts.start_ticks);
    *used = (struct tms){.tms_utime = (clock_t)(mine.tv_sec * CLOCKS_PER_SEC +
                                                mine.tv_nsec / (NANOSECONDS / CLOCKS_PER_SEC))};
    return (clock_t)(now.tv_sec * CLOCKS_PER_SEC + now.tv_nsec / (NANOSECONDS / CLOCKS_PER_SEC));
}

clock_t clock(void)
{
    struct tms used;
    (void)times(&used);
    return used.tms_utime;
}
