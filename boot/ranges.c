/* Lists of address ranges: see ranges.h. Pure. */
#include "ranges.h"

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Replace `old` ranges from `at` on by the `new_count` of `with`. */
static bool ranges_splice(struct ranges *ranges, unsigned at, unsigned old,
                          const struct range *with, unsigned new_count)
{
    unsigned count = ranges->count - old + new_count;
    if (count > RANGES_MAX) {
        return false;
    }
    unsigned tail = ranges->count - at - old;
    if (new_count > old) {
        for (unsigned i = tail; i-- > 0;) {
            ranges->list[at + new_count + i] = ranges->list[at + old + i];
        }
    } else {
        for (unsigned i = 0; i < tail; i++) {
            ranges->list[at + new_count + i] = ranges->list[at + old + i];
        }
    }
    for (unsigned i = 0; i < new_count; i++) {
        ranges->list[at + i] = with[i];
    }
    ranges->count = count;
    return true;
}

bool ranges_add(struct ranges *ranges, uint64_t start, uint64_t end)
{
    if (start >= end) {
        return true;
    }
    unsigned first = 0;
    while (first < ranges->count && ranges->list[first].end < start) {
        first++;
    }
    struct range merged = {start, end};
    unsigned next = first;
    while (next < ranges->count && ranges->list[next].start <= end) {
        merged.start = lesser(merged.start, ranges->list[next].start);
        merged.end = greater(merged.end, ranges->list[next].end);
        next++;
    }
    return ranges_splice(ranges, first, next - first, &merged, 1);
}

bool ranges_remove(struct ranges *ranges, uint64_t start, uint64_t end)
{
    if (start >= end) {
        return true;
    }
    unsigned first = 0;
    while (first < ranges->count && ranges->list[first].end <= start) {
        first++;
    }
    struct range left[2];
    unsigned left_count = 0;
    unsigned next = first;
    while (next < ranges->count && ranges->list[next].start < end) {
        struct range range = ranges->list[next++];
        if (range.start < start) {
            left[left_count++] = (struct range){range.start, start};
        }
        if (range.end > end) {
            left[left_count++] = (struct range){end, range.end};
        }
    }
    return ranges_splice(ranges, first, next - first, left, left_count);
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
