/* Static ELF programs for RV64, read in place.
 *
 *   L1  Input is hostile: no read leaves [image, image + bytes).
 *   L2  What elf_open accepts has 1 to ELF_SEGMENTS_MAX loadable segments, each: inside the file;
 *       inside the user half of Sv39 and off page 0; file offset and address equal within a page;
 *       never writable and executable; above the one before it and on pages of its own.
 *   L3  The entry point lies in an executable segment.
 *   L4  Pure: no allocation, no state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ELF_SEGMENTS_MAX = 8 };

/* A segment's rights, as in the file. */
enum { ELF_X = 1, ELF_W = 2, ELF_R = 4 };

struct elf_segment {
    uint64_t address;
    uint64_t memory_bytes;
    uint64_t file_offset;
    uint64_t file_bytes; /* the rest of memory_bytes is zero */
    uint32_t rights;
};

struct elf {
    uint64_t entry;
    unsigned segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

[[nodiscard]] bool elf_open(struct elf *elf, const void *image, uint64_t bytes);
