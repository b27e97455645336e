/* Signals as far as they go today: kill() has default actions, carried out by proc. A disposition
 * set here is known to this process only: raise() and abort() heed it (a handler is called, an
 * ignored signal does nothing), a signal from another process does not. Masks are remembered and
 * have no effect. Dispositions are per process, not per thread as in picolibc. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsys/time.h>

#include "lock.h"
#include "posix.h"
#include "thread.h"

static _sig_func_ptr dispositions[NSIG];
static sigset_t mask;

static bool is_signal(int number)
{
    return number > 0 && number < NSIG;
}

_sig_func_ptr signal(int number, _sig_func_ptr disposition)
{
    if (!is_signal(number) || number == SIGKILL || number == SIGSTOP) {
        errno = EINVAL;
        return SIG_ERR;
    }
    _sig_func_ptr before = dispositions[number];
    dispositions[number] = disposition;
    return before;
}

int sigaction(int number, const struct sigaction *action, struct sigaction *before_out)
{
    if (!is_signal(number)) {
        errno = EINVAL;
        return -1;
    }
    if (before_out != NULL) {
        memset(before_out, 0, sizeof(*before_out));
        before_out->sa_handler = dispositions[number];
    }
    if (action != NULL && signal(number, action->sa_handler) == SIG_ERR) {
        return -1;
    }
    return 0;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *before_out)
{
    if (before_out != NULL) {
        *before_out = mask;
    }
    if (set == NULL) {
        return 0;
    }
    switch (how) {
    case SIG_BLOCK:
        mask |= *set;
        return 0;
    case SIG_UNBLOCK:
        mask &= ~*set;
        return 0;
    case SIG_SETMASK:
        mask = *set;
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int raise(int number)
{
    if (!is_signal(number)) {
        errno = EINVAL;
        return -1;
    }
    _sig_func_ptr disposition = dispositions[number];
    if (disposition == SIG_IGN) {
        return 0;
    }
    if (disposition == SIG_DFL) {
        return kill(getpid(), number);
    }
    disposition(number);
    return 0;
}

/* A signal from another process ends this one or is nothing to it, so there is no way back. */
int pause(void)
{
    for (;;) {
        uint64_t bits;
        (void)!byre_wait(pthread_self()->park, TIME_FOREVER, &bits);
    }
}

void abort(void)
{
    posix_stdio_flush_all();
    if (dispositions[SIGABRT] != SIG_IGN && dispositions[SIGABRT] != SIG_DFL) {
        dispositions[SIGABRT](SIGABRT);
    }
    posix_exit_status(SIGABRT);
}
