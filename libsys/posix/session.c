/* The process's session at the console. Short data travels in messages; from SESSION_BULK_BYTES on
 * writes go through a shared buffer, made when the first bulk write asks for it. A child of fork
 * shares its parent's buffer only until it writes in bulk itself: then it opens its own.
 *
 *   S1  buffer != NULL exactly when this process opened the session that the buffer belongs to.
 *   S2  `lock` is held while the buffer is in use.                                              */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <byre/gen/console_client.h>
#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/unmap.h>

#include "posix.h"

enum {
    INLINE_WORDS = 6,
    INLINE_BYTES = INLINE_WORDS * 8,
    SESSION_BULK_BYTES = 4 * INLINE_BYTES,
    SESSION_PAGES = 1,
};

static pthread_mutex_t lock;
static char *buffer; /* S1 */
static size_t buffer_bytes;
static char *buffer_foreign; /* the parent's, still mapped in this child */

void posix_session_forked(bool was_alone)
{
    if (!was_alone) {
        lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    }
    if (buffer != NULL) {
        buffer_foreign = buffer;
        buffer = NULL;
    }
}

static void buffer_unmap(char *address)
{
    (void)!unmap_all(PROGRAM_SLOT_PAGER, (uintptr_t)address, SESSION_PAGES);
}

static err_t session_open(void)
{
    if (buffer_foreign != NULL) {
        buffer_unmap(buffer_foreign);
        buffer_foreign = NULL;
    }
    uint64_t address;
    uint64_t object_id;
    uint64_t key;
    uint64_t bytes;
    err_t error =
        pager_map(PROGRAM_SLOT_PAGER, 0, SESSION_PAGES, MAP_R | MAP_W | REGION_SHARED, &address);
    if (error != ERR_OK) {
        return error;
    }
    error = pager_share_make(PROGRAM_SLOT_PAGER, address, SESSION_PAGES, &object_id, &key);
    if (error == ERR_OK) {
        error = console_open(PROGRAM_SLOT_CONSOLE, object_id, key, &bytes);
    }
    if (error != ERR_OK) {
        buffer_unmap((char *)address);
        return error;
    }
    buffer = (char *)address;
    buffer_bytes = bytes < SESSION_PAGES * PAGE_BYTES ? bytes : SESSION_PAGES * PAGE_BYTES;
    return ERR_OK;
}

static err_t write_inline(unsigned descriptor, const char *data, size_t bytes, uint64_t *done)
{
    uint64_t d[INLINE_WORDS] = {0};
    size_t part = bytes < INLINE_BYTES ? bytes : INLINE_BYTES;
    memcpy(d, data, part);
    return console_write(PROGRAM_SLOT_CONSOLE, descriptor, part, d[0], d[1], d[2], d[3], d[4], d[5],
                         done);
}

/* Without a buffer (no memory for one) bulk data goes the short way: slower, never lost. */
static err_t write_bulk(unsigned descriptor, const char *data, size_t bytes, uint64_t *done)
{
    if (buffer == NULL && session_open() != ERR_OK) {
        return write_inline(descriptor, data, bytes, done);
    }
    size_t part = bytes < buffer_bytes ? bytes : buffer_bytes;
    memcpy(buffer, data, part);
    return console_write_buffer(PROGRAM_SLOT_CONSOLE, descriptor, 0, part, done);
}

ssize_t posix_session_write(unsigned descriptor, const void *data, size_t bytes)
{
    const char *next = data;
    const char *end = next + bytes;
    bool bulk = bytes >= SESSION_BULK_BYTES;
    err_t error = ERR_OK;
    if (bulk) {
        pthread_mutex_lock(&lock);
    }
    while (next < end) {
        uint64_t done = 0;
        size_t left = (size_t)(end - next);
        error = bulk ? write_bulk(descriptor, next, left, &done)
                     : write_inline(descriptor, next, left, &done);
        if (error != ERR_OK || done == 0 || done > left) {
            break;
        }
        next += done;
    }
    if (bulk) {
        pthread_mutex_unlock(&lock);
    }
    if (next == data && bytes > 0) {
        return posix_fail(error);
    }
    return next - (const char *)data;
}

ssize_t posix_session_read(unsigned descriptor, void *data, size_t bytes)
{
    uint64_t d[INLINE_WORDS];
    uint64_t done = 0;
    size_t part = bytes < INLINE_BYTES ? bytes : INLINE_BYTES;
    err_t error = console_read(PROGRAM_SLOT_CONSOLE, descriptor, part, &done, &d[0], &d[1], &d[2],
                               &d[3], &d[4], &d[5]);
    if (error != ERR_OK) {
        return posix_fail(error);
    }
    if (done > part) {
        return posix_fail(ERR_PEER_GONE);
    }
    memcpy(data, d, done);
    return (ssize_t)done;
}
