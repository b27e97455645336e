/* Lists of address ranges: see ranges.h. Pure. */
#include "ranges.h"

/* Behind all others; R1. */
static void ranges_append(struct ranges *ranges, uint64_t start, uint64_t end)
{
    if (start >= end) {
        return;
    }
    if (ranges->count > 0 && ranges->list[ranges->count - 1].end == start) {
        ranges->list[ranges->count - 1].end = end;
    } else if (ranges->count < RANGES_MAX) {
        ranges->list[ranges->count++] = (struct range){start, end};
    } else {
        ranges->is_lossy = true;
    }
}

/* What lies before, what is to be there, what lies behind. */
static void ranges_set(struct ranges *ranges, uint64_t start, uint64_t end, bool is_in)
{
    struct ranges after = {0};
    if (start >= end) {
        return;
    }
    for (unsigned i = 0; i < ranges->count; i++) {
        struct range old = ranges->list[i];
        ranges_append(&after, old.start, old.end < start ? old.end : start);
    }
    ranges_append(&after, start, is_in ? end : start);
    for (unsigned i = 0; i < ranges->count; i++) {
        struct range old = ranges->list[i];
        ranges_append(&after, old.start > end ? old.start : end, old.end);
    }
    if (!after.is_lossy) {
        after.is_lossy = ranges->is_lossy;
        *ranges = after;
    } else { /* R2 */
        ranges->is_lossy = true;
    }
}

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end)
{
    ranges_set(ranges, start, end, true);
}

void ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end)
{
    ranges_set(ranges, start, end, false);
}

bool ranges_contain(const struct ranges *ranges, uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        if (ranges->list[i].start <= start && end <= ranges->list[i].end) {
            return true;
        }
    }
    return false;
}

bool ranges_touch(const struct ranges *ranges, uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        if (ranges->list[i].start < end && start < ranges->list[i].end) {
            return true;
        }
    }
    return false;
}
