/* The first program; contract in first.h. */
#include "first.h"

#include <string.h>

#include <byre/gen/proc.h>
#include <libsys/arguments.h>

#include "life.h"

enum { FIRST_BLOCK_BYTES = 2 * FIRST_LINE_BYTES };

static char first_text[FIRST_LINE_BYTES + 1];
static _Alignas(uint64_t) char first_block[FIRST_BLOCK_BYTES];

err_t first_line(uint64_t offset, const uint64_t words[FIRST_PIECE_BYTES / 8])
{
    if (offset > FIRST_LINE_BYTES - FIRST_PIECE_BYTES) {
        return PROC_ERR_INVAL;
    }
    memcpy(first_text + offset, words, FIRST_PIECE_BYTES);
    return ERR_OK;
}

err_t first_launch(uint64_t line_bytes, uint64_t timebase_hz, uint64_t space_id, uint64_t *pid_out)
{
    const char *interactive[] = {"sh", NULL};
    const char *line[] = {"sh", "-c", first_text, NULL};
    const char *const environment[] = {"PATH=/bin", "HOME=/", NULL};
    const char *const *arguments = line_bytes == 0 ? interactive : line;
    struct process *shell;

    if (line_bytes > FIRST_LINE_BYTES) {
        return PROC_ERR_INVAL;
    }
    first_text[line_bytes] = '\0';
    size_t bytes = arguments_bytes(arguments, environment);
    if (bytes == 0 || bytes > sizeof(first_block)) {
        return PROC_ERR_2BIG;
    }
    arguments_build(first_block, arguments, environment, timebase_hz);
    struct body_block block = {
        .space_id = space_id,
        .address = (uint64_t)(uintptr_t)first_block,
        .bytes = bytes,
    };
    err_t error = life_spawn(process_init(), "bin/sh", &block, 0, &shell);
    if (error != ERR_OK) {
        return error;
    }
    shell->flags |= PROCESS_FIRST;
    *pid_out = shell->pid;
    return ERR_OK;
}
