/* Lists of address ranges: see ranges.h. Pure. */
#include "ranges.h"

/* Replace `old` ranges from `at` on by the new ones. */
static void ranges_splice(struct ranges *ranges, unsigned at, unsigned old,
                          const struct range *with, unsigned new_count)
{
    const struct ranges before = *ranges;
    unsigned tail = before.count - at - old;
    if (at + new_count + tail > RANGES_MAX) {
        ranges->is_lossy = true;
        return;
    }
    ranges->count = at;
    for (unsigned i = 0; i < new_count; i++) {
        ranges->list[ranges->count++] = with[i];
    }
    for (unsigned i = 0; i < tail; i++) {
        ranges->list[ranges->count++] = before.list[at + old + i];
    }
}

void ranges_add(struct ranges *ranges, uint64_t start, uint64_t end)
{
    unsigned first = 0;
    while (first < ranges->count && ranges->list[first].end < start) {
        first++;
    }
    struct range merged = {start, end};
    unsigned next = first;
    for (; next < ranges->count && ranges->list[next].start <= end; next++) {
        struct range old = ranges->list[next];
        merged.start = old.start < merged.start ? old.start : merged.start;
        merged.end = old.end > merged.end ? old.end : merged.end;
    }
    if (start < end) {
        ranges_splice(ranges, first, next - first, &merged, 1);
    }
}

void ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end)
{
    unsigned first = 0;
    while (first < ranges->count && ranges->list[first].end <= start) {
        first++;
    }
    struct range left[2];
    unsigned left_count = 0;
    unsigned next = first;
    for (; next < ranges->count && ranges->list[next].start < end; next++) {
        struct range old = ranges->list[next];
        if (old.start < start) {
            left[left_count++] = (struct range){old.start, start};
        }
        if (old.end > end) {
            left[left_count++] = (struct range){end, old.end};
        }
    }
    if (start < end) {
        ranges_splice(ranges, first, next - first, left, left_count);
    }
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
