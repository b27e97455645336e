/* What the device tree says about the machine, as far as the kernel cares.
 *
 *   M1  Pure: reads the tree and fills the struct; prints nothing, touches nothing else.
 *   M2  What is missing or does not fit makes machine_read fail, with the reason in `complaint`;
 *       harts beyond the maximum are only left out, and noted there.
 *   M3  Hart ids may have holes; harts[] is in the tree's order and holds usable harts only:
 *       enabled, with an MMU, with F and D (vendor trees call a monitor hart fine).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <format/fdt.h>

#include "ranges.h"

enum {
    MACHINE_HARTS_MAX = 64,
    MACHINE_NO_CONTEXT = 0xffffffff,
};

struct machine_hart {
    uint64_t id;
    uint64_t interrupt_phandle; /* of its local interrupt controller */
    uint32_t plic_context;      /* for S-mode external interrupts; MACHINE_NO_CONTEXT */
    bool has_sstc;
};

struct machine {
    const char *model; /* strings point into the tree */
    uint64_t timebase_hz;
    struct ranges memory;   /* RAM, as the tree says */
    struct ranges firmware; /* reserved parts of RAM */
    struct ranges barred;   /* device ranges that user mode never gets */
    struct machine_hart harts[MACHINE_HARTS_MAX];
    unsigned hart_count;
    struct machine_hart *hart; /* of the cpu node that is being read; NULL: it is not usable */
    struct fdt_property plic_contexts;
    uint64_t plic_start;
    uint64_t plic_bytes;
    uint32_t plic_sources; /* 0: none that can be used */
    struct range archive;  /* empty: there is none */
    const char *arguments;
    const char *complaint; /* NULL: none */
};

[[nodiscard]] bool machine_read(struct machine *machine, const struct fdt *tree);
/* Index of the hart with that id in harts[], or hart_count. */
unsigned machine_hart_index(const struct machine *machine, uint64_t id);
