/* init's address space: one leaf table, built from the boot archive.
 *
 *   V1  Text and constants are mapped where they lie in the archive; what init may write is copied
 *       or zeroed in frames of its own. W^X.
 *   V2  Every table and record is as <byre/table.h> says; each table is named once.
 *   V3  init sees read-only: its boot information page and a copy of the device tree.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <byre/init_image.h>
#include <format/fdt.h>

enum { INIT_TABLES = 3 };

struct init {
    const struct init_image *image;
    struct fdt tree;
    uint64_t table_chunk; /* zeroed; frames 1 to INIT_TABLES become leaf, middle and root */
    uint64_t start;       /* of frames of its own, init_pages() of them */
};

/* Is it one (U3), wholly in the archive? */
bool init_image_is_right(const struct init_image *image, uint64_t archive_bytes);
/* Boot information, stack, data; then the device tree. */
uint64_t init_pages(const struct init *init);
uint64_t init_tree(const struct init *init); /* where it begins */
uint64_t init_root(const struct init *init);
void init_build(struct init *init);
