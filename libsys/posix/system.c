/* What the system says of itself: sysconf, page size, randomness, identity of the user. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libsys/time.h>

#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/table.h>

#include "posix.h"

enum { DESCRIPTORS_MAX = 32 };

static long free_frames(void)
{
    uint64_t v[8];
    err_t error = pager_statistics(PROGRAM_SLOT_PAGER, 0, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
                                   &v[6], &v[7]);
    return error == ERR_OK ? (long)v[1] : posix_fail(error);
}

/* Frames or harts. */
static long machine_size(int name)
{
    uint64_t frames;
    uint64_t harts;
    uint64_t unused[4];
    err_t error = pager_promises(PROGRAM_SLOT_PAGER, &unused[0], &unused[1], &unused[2], &unused[3],
                                 &frames, &harts);
    if (error != ERR_OK) {
        return posix_fail(error);
    }
    return (long)(name == _SC_PHYS_PAGES ? frames : harts);
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE:
        return PAGE_BYTES;
    case _SC_ARG_MAX:
        return ARGUMENTS_BYTES_MAX;
    case _SC_OPEN_MAX:
        return DESCRIPTORS_MAX;
    case _SC_CLK_TCK:
        return CLOCKS_PER_SEC;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
    case _SC_PHYS_PAGES:
        return machine_size(name);
    case _SC_AVPHYS_PAGES:
        return free_frames();
    case _SC_MONOTONIC_CLOCK:
    case _SC_THREADS:
    case _SC_TIMERS:
        return _POSIX_TIMERS;
    case _SC_THREAD_KEYS_MAX:
        return PTHREAD_KEYS_MAX;
    case _SC_THREAD_STACK_MIN:
        return PTHREAD_STACK_MIN;
    default:
        errno = EINVAL;
        return -1;
    }
}

int getpagesize(void)
{
    return PAGE_BYTES;
}

int sched_yield(void)
{
    return byre_yield() == ERR_OK ? 0 : -1;
}

/* NOT random: a mixed clock and pid. It keeps hash tables and stack canaries going until there is
 * a source; nothing that must not be guessed may rest on it. */
int getentropy(void *buffer, size_t bytes)
{
    static uint64_t state;
    if (bytes > 256) {
        errno = EIO;
        return -1;
    }
    for (size_t done = 0; done < bytes; done += sizeof(state)) {
        state += time_ticks() + ((uint64_t)getpid() << 48) + 0x9e3779b97f4a7c15;
        uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        mixed ^= mixed >> 31;
        size_t part = bytes - done < sizeof(mixed) ? bytes - done : sizeof(mixed);
        memcpy((char *)buffer + done, &mixed, part);
    }
    return 0;
}

uid_t getuid(void)
{
    return 0;
}

uid_t geteuid(void)
{
    return 0;
}

gid_t getgid(void)
{
    return 0;
}

gid_t getegid(void)
{
    return 0;
}
