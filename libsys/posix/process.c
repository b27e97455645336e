/* Processes: fork, wait, kill, identity. The heavy part is proc's and the pager's; here are the
 * stubs and what the child must mend. Contract: POSIX. */
#include <errno.h>
#include <signal.h>
#include <sys/lock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <byre/gen/proc_client.h>
#include <byre/program.h>

#include "lock.h"
#include "posix.h"

/* thread.S */
err_t posix_fork_registers(uint64_t *pid_out, uint64_t proc, uint64_t fork_label,
                           uint64_t sys_call);

extern struct __lock __lock___libc_recursive_mutex;

static void mend_locks(void)
{
    __lock___libc_recursive_mutex = (struct __lock)LOCK_FREE;
    posix_threads_forked();
    posix_stdio_forked();
}

/* malloc's and atexit's state must be whole in the child, so the forking thread holds their lock;
 * all other locks of libsys are simply new there, and it is the only thread. A thread that is alone
 * needs none of this, and writes to nothing but its stack: each page that parent or child writes to
 * costs a copy. */
pid_t fork(void)
{
    uint64_t pid;
    bool alone = posix_thread_is_alone();
    if (!alone) {
        __LIBC_LOCK();
    }
    err_t error = posix_fork_registers(&pid, PROGRAM_SLOT_PROC, PROC_FORK, SYS_CALL);
    if (error == ERR_OK && pid == 0) {
        if (posix_facts.pid != 0) {
            posix_facts.pid = 0;
        }
        if (!alone) {
            mend_locks();
        }
        posix_session_forked(alone);
        return 0;
    }
    if (!alone) {
        __LIBC_UNLOCK();
    }
    return error == ERR_OK ? (pid_t)pid : posix_fail(error);
}

pid_t vfork(void)
{
    return fork();
}

pid_t waitpid(pid_t pid, int *status_out, int options)
{
    uint64_t ended;
    uint64_t status;
    err_t error = proc_wait(PROGRAM_SLOT_PROC, (uint64_t)(int64_t)pid,
                            (options & WNOHANG) != 0 ? WAIT_NOHANG : 0, &ended, &status);
    if (error != ERR_OK) {
        return posix_fail(error);
    }
    if (ended != 0 && status_out != NULL) {
        *status_out = (int)status;
    }
    return (pid_t)ended;
}

pid_t wait(int *status_out)
{
    return waitpid(-1, status_out, 0);
}

int kill(pid_t pid, int signal)
{
    err_t error = proc_kill(PROGRAM_SLOT_PROC, (uint64_t)(int64_t)pid, (uint64_t)signal);
    return error == ERR_OK ? 0 : posix_fail(error);
}

/* { own pid, parent's pid } */
static err_t identity(uint64_t *pid_out, uint64_t *parent_out)
{
    uint64_t state;
    uint64_t space_id;
    uint64_t threads;
    uint64_t name[2];
    return proc_identity(PROGRAM_SLOT_PROC, 0, pid_out, parent_out, &state, &space_id, &threads,
                         &name[0], &name[1]);
}

pid_t getpid(void)
{
    uint64_t pid;
    uint64_t parent;
    if (posix_facts.pid == 0 && identity(&pid, &parent) == ERR_OK) {
        posix_facts.pid = (pid_t)pid;
    }
    return posix_facts.pid;
}

pid_t getppid(void)
{
    uint64_t pid;
    uint64_t parent = 0;
    return identity(&pid, &parent) == ERR_OK ? (pid_t)parent : 0;
}
