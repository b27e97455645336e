/* Program images: files of the boot archive, read once and remembered by name.
 *
 *   I1  The cache holds what can be made again; a full cache forgets the image that its place
 *       belongs to. Text itself is the pager's: equal pages of the archive are equal frames.
 *   I2  The archive is read-only and wired.
 *   I3  `number` is what the pager calls the image, once a space was made of it; it may have
 *       forgotten it (NOENT), and is then taught again.
 */
#ifndef PROC_IMAGE_H
#define PROC_IMAGE_H

#include <stdbool.h>

#include <libsys/cpio.h>
#include <libsys/load.h>

enum { IMAGE_NAME_BYTES = 32, IMAGE_PROGRAM_BYTES = 16 };

struct image {
    char name[IMAGE_NAME_BYTES];       /* path in the archive: bin/sh; empty = none */
    char program[IMAGE_PROGRAM_BYTES]; /* its name without the folder, as far as it goes */
    bool auditor;    /* a program of the system that may audit and read counters */
    uint64_t number; /* I3; 0: none */
    struct load_plan plan;
};

void image_archive_set(const void *archive, uint64_t bytes);
/* The archive's file at *position (0 at first), which moves to the next. NOENT: there is none. */
[[nodiscard]] err_t image_next_file(uint64_t *position, struct cpio_member *member_out);
/* NOENT: no such file; NOEXEC: not a program. path ends with NUL; a leading / is ignored. The
 * image stays valid until the next image_find. */
[[nodiscard]] err_t image_find(const char *path, struct image **image_out);

#endif
