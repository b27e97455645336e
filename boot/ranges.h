/* Sorted lists of physical address ranges.
 *
 *   R1  Ranges are not empty, ascend and neither touch nor overlap.
 *   R2  A list that is full says so (false) and is not changed.
 */
#ifndef BOOT_RANGES_H
#define BOOT_RANGES_H

#include <stdbool.h>
#include <stdint.h>

enum { RANGES_MAX = 64 };

struct range {
    uint64_t start;
    uint64_t end; /* the first byte after it */
};

struct ranges {
    struct range list[RANGES_MAX];
    unsigned count;
};

[[nodiscard]] bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end);
[[nodiscard]] bool ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end);
bool ranges_contain(const struct ranges *ranges, uint64_t start, uint64_t end);
bool ranges_touch(const struct ranges *ranges, uint64_t start, uint64_t end);

#endif
