/* Sorted lists of physical address ranges.
 *
 *   R1  Ranges are not empty, ascend and neither touch nor overlap.
 *   R2  A change for which a list has no room is not made, and is_lossy remembers it.
 */
#pragma once

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
    bool is_lossy; /* R2 */
};

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end);
void ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end);
bool ranges_contain(const struct ranges *ranges, uint64_t start, uint64_t end);
bool ranges_touch(const struct ranges *ranges, uint64_t start, uint64_t end);
