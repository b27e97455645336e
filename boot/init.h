/* init's address space, built from the boot archive.
 *
 *   V1  Text and constants are mapped where they lie in the archive; what init may write is copied
 *       or zeroed in frames of its own. W^X.
 *   V2  Every table and record is as <byre/table.h> says; each table is named once.
 *   V3  init sees read-only: its boot information page, a copy of the device tree, the archive.
 */
#pragma once

#include <stdint.h>

#include <byre/boot_info.h>
#include <format/elf.h>
#include <format/fdt.h>

#include "ranges.h"

struct init {
    /* Given. */
    struct elf elf;
    uint64_t image; /* address of init's file in the archive */
    struct range archive;
    struct fdt tree;
    uint64_t table_chunk; /* zeroed */
    uint64_t start;       /* init_pages() pages of its own */
    /* Made. */
    struct boot_info *info; /* the page, with what init.c knows filled in */
    uint64_t root;
    uint64_t tables; /* how many were made */
};

/* How many pages init takes: boot information, data, stack, device tree. */
uint64_t init_pages(const struct init *init);
void init_build(struct init *init);
