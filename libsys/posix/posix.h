/* What the files of libsys/posix know of each other.
 *
 *   X1  A POSIX function sets errno and returns -1 (or an errno number, where POSIX says so); what
 *       stands here in lower layers returns err_t.
 *   X2  posix_facts is written before main and in the child of fork, and only read otherwise.
 *   X3  Names that are not POSIX's begin with posix_, so that they are never a program's.
 *   X4  After fork only the caller's thread exists: every posix_*_forked function below makes its
 *       part of the child's state true again, in the child, before fork returns there.
 */
#ifndef LIBSYS_POSIX_POSIX_H
#define LIBSYS_POSIX_POSIX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libsys/arguments.h>
#include <libsys/ipc.h>

struct posix_facts {
    uint64_t timebase_hz;
    uint64_t start_ticks; /* `time` when this program began */
    pid_t pid;            /* 0: not asked yet */
};
extern struct posix_facts posix_facts;

_Noreturn void posix_start(struct argument_block *block);
_Noreturn void posix_exit_status(int wait_status); /* end the process now, nothing flushed */

/* errno for an error of kernel or server; posix_fail sets it and returns -1. */
int posix_errno(err_t error);
int posix_fail(err_t error);

/* Standard streams and the FILEs that fdopen made. */
void posix_stdio_flush_all(void);
void posix_stdio_forked(void);

/* Descriptors 0 to 2 as they came with the argument block, and as they go into the next one's. */
void posix_files_start(const uint8_t files[ARGUMENTS_FILES]);
void posix_files_pass(uint8_t files_out[ARGUMENTS_FILES]);

/* The console session. Bytes moved, or -1 with errno. */
ssize_t posix_session_write(unsigned descriptor, const void *data, size_t bytes);
ssize_t posix_session_read(unsigned descriptor, void *data, size_t bytes);
void posix_session_forked(bool was_alone); /* in the child */

/* Threads and their waits (thread.h is the manual). */
void posix_threads_start(void);
void posix_threads_forked(void);
bool posix_thread_is_alone(void); /* no other thread is or was there that fork had to mend after */

#endif
