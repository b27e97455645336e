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

struct init_request {
    struct elf elf;
    uint64_t image; /* address of init's file in the archive */
    struct range archive;
    struct fdt tree;
    uint64_t table_chunk; /* zeroed */
    uint64_t start;       /* init_frames(...) pages of its own */
};

struct init_result {
    struct boot_info *info; /* the page, with what init.c knows filled in */
    uint64_t root;          /* addresses */
    uint64_t tables;        /* how many tables were made */
};

/* How many pages init takes: boot information, data, stack, device tree. */
uint64_t init_pages(const struct elf *elf, const struct fdt *tree);
void init_build(const struct init_request *request, struct init_result *result_out);
