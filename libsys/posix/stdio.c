/* The standard streams, and a table of all FILEs with a buffer, which picolibc lacks: fflush(NULL)
 * and exit need it. Replaces picolibc's fdopen, fclose and fflush.
 *
 *   I1  Every FILE of fdopen (and fopen, which calls it) is in `open_files` until fclose.
 *   I2  Standard output and error are line-buffered. What is in them is written at a newline, at
 *       fflush, at exit and abort, and before a read from standard input.                       */
#include <errno.h>
#include <fcntl.h>
#include <stdio-bufio.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lock.h"
#include "posix.h"

int __posix_sflags(const char *mode, int *open_flags); /* picolibc: "r+" and so on */

enum { STREAM_BYTES = 1024, ERROR_BYTES = 256 };

struct open_file {
    struct __file_bufio file; /* first: a FILE * is an open_file *; its memory begins the block */
    struct open_file *next;
    struct open_file *before;
    char data[BUFSIZ];
};

static struct open_file *open_files; /* I1 */
static pthread_mutex_t open_files_lock;

static struct __lock input_lock = LOCK_FREE;
static struct __lock output_lock = LOCK_FREE;
static struct __lock error_lock = LOCK_FREE;
static char input_data[STREAM_BYTES];
static char output_data[STREAM_BYTES];
static char error_data[ERROR_BYTES];

static ssize_t input_read(int descriptor, void *data, size_t bytes)
{
    (void)fflush(stdout); /* I2 */
    (void)fflush(stderr);
    return read(descriptor, data, bytes);
}

static struct __file_bufio input =
    FDEV_SETUP_BUFIO(0, input_data, STREAM_BYTES, input_read, write, lseek, close, __SRD, 0);
static struct __file_bufio output =
    FDEV_SETUP_BUFIO(1, output_data, STREAM_BYTES, read, write, lseek, close, __SWR, __BLBF);
static struct __file_bufio error =
    FDEV_SETUP_BUFIO(2, error_data, ERROR_BYTES, read, write, lseek, close, __SWR, __BLBF);

FILE *const stdin = &input.xfile.cfile.file;
FILE *const stdout = &output.xfile.cfile.file;
FILE *const stderr = &error.xfile.cfile.file;

__attribute__((constructor(101))) static void streams_start(void)
{
    input.lock = &input_lock;
    output.lock = &output_lock;
    error.lock = &error_lock;
}

void posix_stdio_forked(void)
{
    input_lock = output_lock = error_lock = (struct __lock)LOCK_FREE;
    open_files_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    for (struct open_file *o = open_files; o != NULL; o = o->next) {
        if (o->file.lock != NULL) {
            *o->file.lock = (struct __lock)LOCK_FREE;
        }
    }
}

static bool is_standard(const FILE *file)
{
    return file == stdin || file == stdout || file == stderr;
}

int fflush(FILE *file)
{
    if (file != NULL) {
        return file->flush != NULL ? file->flush(file) : 0;
    }
    int result = fflush(stdout) | fflush(stderr);
    pthread_mutex_lock(&open_files_lock);
    for (struct open_file *o = open_files; o != NULL; o = o->next) {
        result |= fflush(&o->file.xfile.cfile.file);
    }
    pthread_mutex_unlock(&open_files_lock);
    return result != 0 ? EOF : 0;
}

void posix_stdio_flush_all(void)
{
    (void)fflush(NULL);
}

FILE *fdopen(int descriptor, const char *mode)
{
    int open_flags;
    int stdio_flags = __posix_sflags(mode, &open_flags);
    if (stdio_flags == 0) {
        errno = EINVAL;
        return NULL;
    }
    struct open_file *o = calloc(1, sizeof(*o));
    if (o == NULL) {
        return NULL;
    }
    o->file = (struct __file_bufio)FDEV_SETUP_BUFIO(descriptor, o->data, BUFSIZ, read, write, lseek,
                                                    close, (uint8_t)stdio_flags, 0);
    __bufio_lock_init(&o->file.xfile.cfile.file);
    pthread_mutex_lock(&open_files_lock);
    o->next = open_files;
    if (open_files != NULL) {
        open_files->before = o;
    }
    open_files = o;
    pthread_mutex_unlock(&open_files_lock);
    if ((open_flags & O_APPEND) != 0) {
        (void)fseeko(&o->file.xfile.cfile.file, 0, SEEK_END);
    }
    return &o->file.xfile.cfile.file;
}

static void open_files_remove(const FILE *file)
{
    pthread_mutex_lock(&open_files_lock);
    for (struct open_file *o = open_files; o != NULL; o = o->next) {
        if (&o->file.xfile.cfile.file != file) {
            continue;
        }
        *(o->before != NULL ? &o->before->next : &open_files) = o->next;
        if (o->next != NULL) {
            o->next->before = o->before;
        }
        break;
    }
    pthread_mutex_unlock(&open_files_lock);
}

int fclose(FILE *file)
{
    if (is_standard(file)) { /* static: picolibc's close would free it */
        int result = fflush(file);
        return close(((struct __file_bufio *)file)->fd) == 0 ? result : EOF;
    }
    open_files_remove(file);
    struct __file_close *closer = (struct __file_close *)file;
    return (file->flags & __SCLOSE) != 0 && closer->close != NULL ? closer->close(file) : 0;
}
