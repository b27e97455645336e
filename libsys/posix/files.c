/* Descriptors. Until there is a vfs every open one is the console session, in the call shape that
 * vfs will have: dup and close work, open finds nothing. Descriptors are not passed on by exec.
 *
 *   F1  table[d] is FILE_CLOSED, or the console's descriptor + 1.                               */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

enum { FILE_CLOSED = 0, FILES_MAX = 32 };

static uint8_t table[FILES_MAX] = {1, 2, 3}; /* F1 */

static int descriptor_check(int descriptor)
{
    if (descriptor < 0 || descriptor >= FILES_MAX || table[descriptor] == FILE_CLOSED) {
        errno = EBADF;
        return -1;
    }
    return 0;
}

ssize_t write(int descriptor, const void *data, size_t bytes)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    return posix_session_write(table[descriptor] - 1u, data, bytes);
}

ssize_t read(int descriptor, void *data, size_t bytes)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    return bytes == 0 ? 0 : posix_session_read(table[descriptor] - 1u, data, bytes);
}

int close(int descriptor)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    table[descriptor] = FILE_CLOSED;
    return 0;
}

static int duplicate_from(int descriptor, int first)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    for (int i = first; i >= 0 && i < FILES_MAX; i++) {
        if (table[i] == FILE_CLOSED) {
            table[i] = table[descriptor];
            return i;
        }
    }
    errno = first < 0 || first >= FILES_MAX ? EINVAL : EMFILE;
    return -1;
}

int dup(int descriptor)
{
    return duplicate_from(descriptor, 0);
}

int dup2(int descriptor, int target)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    if (target < 0 || target >= FILES_MAX) {
        errno = EBADF;
        return -1;
    }
    table[target] = table[descriptor];
    return target;
}

int fcntl(int descriptor, int command, ...)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    va_list list;
    va_start(list, command);
    int argument = command == F_DUPFD ? va_arg(list, int) : 0;
    va_end(list);
    switch (command) {
    case F_DUPFD:
        return duplicate_from(descriptor, argument);
    case F_GETFL:
        return O_RDWR;
    case F_GETFD:
    case F_SETFD:
        return 0;
    default:
        errno = EINVAL;
        return -1;
    }
}

int open(const char *path, int flags, ...)
{
    (void)path;
    errno = (flags & O_CREAT) != 0 ? EROFS : ENOENT;
    return -1;
}

int unlink(const char *path)
{
    (void)path;
    errno = ENOENT;
    return -1;
}

off_t lseek(int descriptor, off_t offset, int whence)
{
    (void)offset;
    (void)whence;
    if (descriptor_check(descriptor) == 0) {
        errno = ESPIPE;
    }
    return -1;
}

int isatty(int descriptor)
{
    return descriptor_check(descriptor) == 0;
}

int fstat(int descriptor, struct stat *status)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFCHR | S_IRUSR | S_IWUSR;
    status->st_nlink = 1;
    status->st_blksize = 512;
    return 0;
}

int stat(const char *path, struct stat *status)
{
    (void)path;
    (void)status;
    errno = ENOENT;
    return -1;
}
