/* The argument block: how argv, the environment and a few facts reach a new program. It is copied
 * to the top of the new stack; the first thread finds its address, a multiple of 16, in a0, and sp
 * is the same address.
 *
 *   B1  Everything in the block is named by offsets from its start (0 = NULL), so that it can be
 *       built anywhere.
 *   B2  words[] holds argc offsets, a zero, envc offsets, a zero; then come the strings.
 *   B3  The builder never writes beyond the buffer; a block that a program gets is only as good as
 *       the parent that built it, and only the new program itself reads it.
 */
#ifndef LIBSYS_ARGUMENTS_H
#define LIBSYS_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

enum {
    ARGUMENTS_VERSION = 3,
    ARGUMENTS_BYTES_MAX = 128 * 1024, /* ARG_MAX */
    ARGUMENTS_PATH_BYTES = 32, /* exec, spawn: a program's name with its NUL, in four words */
    ARGUMENTS_FILES = 3,       /* descriptors that a program passes on: 0 to 2 */
};

/* What a descriptor stands for. */
enum argument_file {
    FILE_CLOSED,
    FILE_INPUT, /* this and the next two: the console */
    FILE_OUTPUT,
    FILE_ERROR,
    FILE_NULL, /* nothing to read, and what is written is gone: /dev/null */
    FILE_KINDS,
};

struct argument_block {
    uint8_t version;
    uint8_t files[ARGUMENTS_FILES]; /* enum argument_file */
    uint32_t bytes;                 /* of the block */
    uint64_t timebase_hz;           /* of time_ticks() */
    uint32_t argument_count;
    uint32_t environment_count;
    uint64_t words[]; /* B2; the program turns the offsets into pointers in place */
};

/* Bytes that a block for these strings takes; 0 when it would exceed ARGUMENTS_BYTES_MAX. */
size_t arguments_bytes(const char *const argv[], const char *const envp[]);

/* Build the block in `buffer` of arguments_bytes(), aligned to 8. Its descriptors are the
 * console's. */
void arguments_build(void *buffer, const char *const argv[], const char *const envp[],
                     uint64_t timebase_hz);

#endif
