/* The boot archive: cpio "newc", read in place.
 *
 *   P1  Input is hostile: no read leaves [archive, archive + bytes).
 *   P2  Pure: no allocation, no state. Members point into the archive.
 *   P3  A member's name ends within its field, which is no longer than two pages, so that no step
 *       reads more than that; its data lies inside the archive.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum cpio_step {
    CPIO_MEMBER,
    CPIO_END,       /* the trailer */
    CPIO_MALFORMED, /* not an archive, or cut short */
};

struct cpio_member {
    const char *name;
    const uint8_t *data;
    uint64_t bytes;
    uint32_t mode; /* as stat's st_mode */
};

/* Read the member at *position (0 at first) and move it to the next. */
[[nodiscard]] enum cpio_step cpio_next(const void *archive, uint64_t bytes, uint64_t *position,
                                       struct cpio_member *member_out);
/* Look a member up by its whole name. CPIO_END: there is none. */
[[nodiscard]] enum cpio_step cpio_find(const void *archive, uint64_t bytes, const char *name,
                                       struct cpio_member *member_out);
