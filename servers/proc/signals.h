/* Signals by number (picolibc's), and what each does to a process that has no handlers. */
#ifndef PROC_SIGNALS_H
#define PROC_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    SIGNAL_NONE = 0, /* kill(pid, 0): does it exist? */
    SIGNAL_ILLEGAL = 4,
    SIGNAL_TRAP = 5,
    SIGNAL_KILL = 9,
    SIGNAL_BUS = 10,
    SIGNAL_SEGMENT = 11,
    SIGNAL_URGENT = 16,
    SIGNAL_STOP = 17,
    SIGNAL_TERMINAL_STOP = 18,
    SIGNAL_CONTINUE = 19,
    SIGNAL_CHILD = 20,
    SIGNAL_TERMINAL_READ = 21,
    SIGNAL_TERMINAL_WRITE = 22,
    SIGNAL_IO = 23,
    SIGNAL_WINDOW = 28,
    SIGNAL_MAX = 31,
};

static inline bool signal_exists(uint64_t signal)
{
    return signal <= SIGNAL_MAX;
}

/* Everything ends a process, but what POSIX ignores by default, and the stops: there is no job
 * control, so a stop would only lose the process. */
static inline bool signal_is_fatal(uint64_t signal)
{
    switch (signal) {
    case SIGNAL_NONE:
    case SIGNAL_URGENT:
    case SIGNAL_STOP:
    case SIGNAL_TERMINAL_STOP:
    case SIGNAL_CONTINUE:
    case SIGNAL_CHILD:
    case SIGNAL_TERMINAL_READ:
    case SIGNAL_TERMINAL_WRITE:
    case SIGNAL_IO:
    case SIGNAL_WINDOW:
        return false;
    default:
        return true;
    }
}

/* Wait statuses, as <sys/wait.h> reads them. */
static inline int32_t status_of_signal(uint64_t signal)
{
    return (int32_t)(signal & 0x7f);
}

static inline int32_t status_sanitized(uint64_t status)
{
    uint64_t signal = status & 0x7f;
    return signal == 0 || signal == 0x7f ? (int32_t)(status & 0xff00) : (int32_t)signal;
}

/* As a shell reports it. */
static inline uint64_t status_exit_code(int32_t status)
{
    uint32_t word = (uint32_t)status;
    return (word & 0x7f) != 0 ? 128 + (word & 0x7f) : word >> 8 & 0xff;
}

#endif
