/* init's own window: one leaf table of its space (2 MiB) in which it sees frames while it fills
 * them, and, for good, the test device's registers.
 *
 *   W1  Pages of the window are addressed by index; a page mapped over another is flushed.
 */
#ifndef INIT_SCRATCH_H
#define INIT_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <libsys/ipc.h>

#define SCRATCH_BASE 0x0000000800000000ul
#define ARCHIVE_BASE 0x0000003000000000ul /* the boot archive, read-only: main.c maps it */

enum {
    SCRATCH_PAGES = 256,      /* for frames that come and go */
    SCRATCH_KEPT_FIRST = 256, /* for what stays */
    SCRATCH_KEPT_PAGES = 256,
};

void scratch_init(uint64_t root_frame);
/* Frames first.. (at most SCRATCH_PAGES), readable and writable. */
void *scratch_map(uint64_t first_frame, uint64_t frames);
/* As scratch_map, until the system ends. */
void *scratch_keep(uint64_t first_frame, uint64_t frames, bool writable);
/* One page of device registers for good; NULL: refused. */
volatile void *scratch_keep_device(cap_t device, uint64_t frame);

#endif
