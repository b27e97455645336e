/* Descriptors. Until there is a vfs every open one is the console session or /dev/null, in the call
 * shape that vfs will have: dup and close work, open finds nothing else. exec and spawn pass on the
 * first three.
 *
 *   F1  table[d] is an enum argument_file; FILE_INPUT + n is the console's descriptor n.         */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"

enum { FILES_MAX = 32 };

static const char null_path[] = "/dev/null";
static uint8_t table[FILES_MAX]; /* F1 */

void posix_files_start(const uint8_t files[ARGUMENTS_FILES])
{
    for (unsigned i = 0; i < ARGUMENTS_FILES; i++) {
        table[i] = files[i] < FILE_KINDS ? files[i] : FILE_CLOSED;
    }
}

void posix_files_pass(uint8_t files_out[ARGUMENTS_FILES])
{
    for (unsigned i = 0; i < ARGUMENTS_FILES; i++) {
        files_out[i] = table[i];
    }
}

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
    if (table[descriptor] == FILE_NULL) {
        return (ssize_t)bytes;
    }
    return posix_session_write(table[descriptor] - (unsigned)FILE_INPUT, data, bytes);
}

ssize_t read(int descriptor, void *data, size_t bytes)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    if (bytes == 0 || table[descriptor] == FILE_NULL) {
        return 0;
    }
    return posix_session_read(table[descriptor] - (unsigned)FILE_INPUT, data, bytes);
}

int close(int descriptor)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    table[descriptor] = FILE_CLOSED;
    return 0;
}

/* The lowest closed descriptor from `first` on stands for that. */
static int take_from(int first, uint8_t file)
{
    for (int i = first; i >= 0 && i < FILES_MAX; i++) {
        if (table[i] == FILE_CLOSED) {
            table[i] = file;
            return i;
        }
    }
    errno = first < 0 || first >= FILES_MAX ? EINVAL : EMFILE;
    return -1;
}

static int duplicate_from(int descriptor, int first)
{
    return descriptor_check(descriptor) != 0 ? -1 : take_from(first, table[descriptor]);
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
    if (strcmp(path, null_path) == 0) {
        return take_from(0, FILE_NULL);
    }
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
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    if (table[descriptor] == FILE_NULL) {
        return 0;
    }
    errno = ESPIPE;
    return -1;
}

int isatty(int descriptor)
{
    if (descriptor_check(descriptor) != 0) {
        return 0;
    }
    if (table[descriptor] == FILE_NULL) {
        errno = ENOTTY;
        return 0;
    }
    return 1;
}

static void describe_device(struct stat *status)
{
    memset(status, 0, sizeof(*status));
    status->st_mode = S_IFCHR | S_IRUSR | S_IWUSR;
    status->st_nlink = 1;
    status->st_blksize = 512;
}

int fstat(int descriptor, struct stat *status)
{
    if (descriptor_check(descriptor) != 0) {
        return -1;
    }
    describe_device(status);
    return 0;
}

int stat(const char *path, struct stat *status)
{
    if (strcmp(path, null_path) != 0) {
        errno = ENOENT;
        return -1;
    }
    describe_device(status);
    return 0;
}
