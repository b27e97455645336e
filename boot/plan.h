/* Where everything goes in physical memory. Decided whole before anything is written.
 *
 *   N1  A chunk is KERNEL if the image or the kernel's metadata is in it, USER if all of it is RAM
 *       that nobody reserved, else FIRMWARE. One USER chunk becomes TABLE and one OBJECT: the
 *       highest that hold neither the archive nor the tree.
 *   N2  Metadata follows the image: the places of harts, the chunk records, then one window table a
 *       GiB with RAM.
 *   N3  init's frames lie low, in one run, and overlap neither the archive nor the tree.
 *   N4  Devices are what is neither RAM nor barred, in whole pages.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "ranges.h"

struct plan_request {
    struct range image; /* where the kernel is, its bss and stack included */
    struct range archive;
    struct range tree;
    uint64_t chunk_record_bytes;
    uint64_t harts_bytes; /* places for harts */
    uint64_t init_pages;
};

struct plan {
    struct ranges chunks; /* whole chunks of RAM, TABLE and OBJECT included, KERNEL not */
    struct range kernel;  /* KERNEL chunks */
    uint64_t chunk_first; /* number of the first chunk of RAM */
    uint64_t chunk_count;
    uint64_t harts_start; /* N2 */
    uint64_t chunk_records;
    uint64_t window_tables;
    uint64_t metadata_end;
    uint64_t table_chunk; /* addresses */
    uint64_t object_chunk;
    uint64_t init_start;
    struct ranges devices;
    uint64_t memory_bytes;
    const char *complaint; /* why plan_make failed */
};

[[nodiscard]] bool plan_make(struct plan *plan, const struct machine *machine,
                             const struct plan_request *request);
/* KIND_* of a chunk, by N1. */
uint8_t plan_chunk_kind(const struct plan *plan, uint64_t chunk_start);
/* Whether a GiB holds a chunk that the window may ever show. */
bool plan_gib_has_ram(const struct plan *plan, uint64_t gib);
