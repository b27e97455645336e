/* The first program: the shell that init asks for, with the line it is to run. */
#ifndef PROC_FIRST_H
#define PROC_FIRST_H

#include <stdint.h>

#include <libsys/ipc.h>

enum { FIRST_LINE_BYTES = 1024, FIRST_PIECE_BYTES = 56 };

/* A piece of the line. INVAL: beyond FIRST_LINE_BYTES. */
[[nodiscard]] err_t first_line(uint64_t offset, const uint64_t words[FIRST_PIECE_BYTES / 8]);
/* `sh -c LINE`, or `sh` when line_bytes is 0. */
[[nodiscard]] err_t first_launch(uint64_t line_bytes, uint64_t timebase_hz, uint64_t space_id,
                                 uint64_t *pid_out);

#endif
