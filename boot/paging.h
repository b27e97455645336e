/* The kernel's own translations, built with paging off.
 *
 *   G1  Text RX, rodata R, data and metadata RW; each physical page of the image has one address.
 *   G2  The window shows OBJECT and TABLE chunks, RW; nothing maps USER, DEVICE or FIRMWARE memory,
 *       nor any address of the lower half.
 *   G3  The upper half of the root never changes after this: window tables stand for every GiB with
 *       RAM, so every root can hold copies of its entries.
 */
#pragma once

#include <stdint.h>

#include "plan.h"

/* Build the tables. image: where the kernel is; returns the root's address. */
uint64_t paging_build(const struct plan *plan, uint64_t image, const struct machine *machine);
