/* From an ELF file in the boot archive to regions of a space, and where heap and stack go.
 *
 *   D1  The file is hostile; what load_plan_make accepts can be given to the pager as it is: the
 *       regions are page-aligned, disjoint, in the user half, never writable and executable, and
 *       leave room for the heap and the stack that the plan names.
 *   D2  A region's file bytes lie in the pages of the archive that hold the file (members begin on
 *       a page); bytes after them are zero. Data and bss are one region.
 *   D3  A small program (below PROGRAM_BASE + 1 MiB) has its stack in the same 2 MiB group, so
 *       that one leaf table serves it; others get PROGRAM_BIG_STACK_TOP.
 *   D4  load_plan_make is pure. load_plan_apply only talks to the pager.
 */
#ifndef LIBSYS_LOAD_H
#define LIBSYS_LOAD_H

#include <stdint.h>

#include <libsys/ipc.h>

enum {
    LOAD_REGIONS_MAX = 8,
    LOAD_STACK_PAGES = 64,      /* of a program's main stack: 256 KiB */
    LOAD_BIG_STACK_PAGES = 256, /* at PROGRAM_BIG_STACK_TOP: 1 MiB */
};

enum load_backing { LOAD_ZEROES = 0, LOAD_ARCHIVE = 1 }; /* as region_add names them */

struct load_region {
    uint64_t start;
    uint64_t pages;
    uint64_t rights;       /* MAP_R, MAP_W, MAP_X */
    uint64_t backing;      /* enum load_backing */
    uint64_t offset_pages; /* in the archive */
    uint64_t file_bytes;   /* from the region's start; the rest is zero */
};

struct load_plan {
    unsigned region_count;
    struct load_region regions[LOAD_REGIONS_MAX];
    uint64_t entry;
    uint64_t image_end; /* first address after the image, page-aligned: where a heap may begin */
    uint64_t stack_top; /* D3; servers have their own */
    uint64_t stack_pages;
};

/* ERR_ARGUMENT: not a program that can be loaded. archive_offset_pages: where the file's first
 * byte lies in the archive. */
[[nodiscard]] err_t load_plan_make(const void *file, uint64_t bytes, uint64_t archive_offset_pages,
                                   struct load_plan *plan_out);

/* Name every region of the plan in a space; flags: REGION_WIRED for servers, else 0. */
[[nodiscard]] err_t load_plan_apply(cap_t pager, uint64_t space_id, const struct load_plan *plan,
                                    uint64_t region_flags);

#endif
