/* The layout of physical memory: see plan.h. Pure. */
#include "plan.h"

#include <stddef.h>

#include <byre/gen/kernel.h>
#include <byre/table.h>

enum { GIB_SHIFT = 30 };

#define CHUNK      ((uint64_t)CHUNK_BYTES)
#define PAGE       ((uint64_t)PAGE_BYTES)
#define RAM_END    (252ull << GIB_SHIFT)       /* where the kernel's window ends */
#define DEVICE_END (1ull << (26 + PAGE_SHIFT)) /* the highest frame that a map word can name */

static uint64_t round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) & ~(to - 1);
}

static uint64_t round_down(uint64_t value, uint64_t to)
{
    return value & ~(to - 1);
}

/* Without any page that the other touches. */
static void remove_pages(struct ranges *from, struct range range)
{
    ranges_remove(from, round_down(range.start, PAGE),
                  range.end > DEVICE_END ? range.end : round_up(range.end, PAGE));
}

static void remove_all(struct ranges *from, const struct ranges *taken)
{
    for (unsigned i = 0; i < taken->count; i++) {
        remove_pages(from, taken->list[i]);
    }
}

/* All of RAM that nobody reserved, in whole chunks. */
static void plan_find_chunks(struct plan *plan, const struct machine *machine)
{
    struct ranges free = machine->memory;
    ranges_remove(&free, RAM_END, UINT64_MAX);
    remove_all(&free, &machine->firmware);
    for (unsigned i = 0; i < free.count; i++) {
        ranges_add(&plan->chunks, round_up(free.list[i].start, CHUNK),
                   round_down(free.list[i].end, CHUNK));
    }
    plan->chunks.is_lossy |= free.is_lossy;
    if (plan->chunks.count > 0) {
        plan->chunk_first = plan->chunks.list[0].start >> CHUNK_SHIFT;
        plan->chunk_count =
            (plan->chunks.list[plan->chunks.count - 1].end >> CHUNK_SHIFT) - plan->chunk_first;
    }
}

bool plan_gib_has_ram(const struct plan *plan, uint64_t gib)
{
    return ranges_touch(&plan->chunks, gib << GIB_SHIFT, (gib + 1) << GIB_SHIFT);
}

static void plan_carve_metadata(struct plan *plan, const struct plan_request *request)
{
    plan->harts_start = round_up(request->image.end, PAGE);
    plan->chunk_records = plan->harts_start + request->harts_bytes;
    plan->window_tables =
        round_up(plan->chunk_records + plan->chunk_count * request->chunk_record_bytes, PAGE);
    plan->metadata_end = plan->window_tables;
    for (uint64_t gib = 0; gib < RAM_END >> GIB_SHIFT; gib++) {
        plan->metadata_end += plan_gib_has_ram(plan, gib) ? PAGE : 0;
    }
    plan->kernel.start = round_down(request->image.start, CHUNK);
    plan->kernel.end = round_up(plan->metadata_end, CHUNK);
}

static bool ranges_overlap(struct range a, struct range b)
{
    return a.start < b.end && b.start < a.end;
}

/* Take the highest chunk out of `free`; 0: there is none. */
static uint64_t plan_take_chunk(struct ranges *free)
{
    for (unsigned i = free->count; i-- > 0;) {
        uint64_t start = round_down(free->list[i].end, CHUNK) - CHUNK;
        if (start >= free->list[i].start && start < free->list[i].end) {
            ranges_remove(free, start, start + CHUNK);
            return start;
        }
    }
    return 0;
}

static void plan_place(struct plan *plan, const struct plan_request *request)
{
    struct ranges free = plan->chunks;
    remove_pages(&free, request->archive);
    remove_pages(&free, request->tree);
    plan->table_chunk = plan_take_chunk(&free);
    plan->object_chunk = plan_take_chunk(&free);
    for (unsigned i = free.count; i-- > 0;) {
        if (free.list[i].end - free.list[i].start >= request->init_pages * PAGE) {
            plan->init_start = free.list[i].start;
        }
    }
    plan->chunks.is_lossy |= free.is_lossy;
}

static void plan_find_devices(struct plan *plan, const struct machine *machine)
{
    ranges_add(&plan->devices, 0, DEVICE_END);
    remove_all(&plan->devices, &machine->memory);
    remove_all(&plan->devices, &machine->firmware);
    remove_all(&plan->devices, &machine->barred);
}

static const char *plan_complaint(const struct plan *plan, const struct plan_request *request)
{
    if (plan->chunks.is_lossy || plan->devices.is_lossy) {
        return "memory or devices are in too many pieces";
    }
    if (request->image.start % CHUNK != 0) {
        return "the kernel was not loaded at a multiple of 2 MiB";
    }
    if (ranges_overlap(request->archive, plan->kernel) ||
        ranges_overlap(request->tree, plan->kernel)) {
        return "the boot archive or the device tree overlaps the kernel";
    }
    if (!ranges_contain(&plan->chunks, round_down(request->archive.start, PAGE),
                        round_up(request->archive.end, PAGE))) {
        return "the boot archive shares a chunk with firmware or devices";
    }
    if (plan->object_chunk == 0 || plan->init_start == 0) {
        return "there is not enough memory";
    }
    return NULL;
}

bool plan_make(struct plan *plan, const struct machine *machine, const struct plan_request *request)
{
    *plan = (struct plan){0};
    for (unsigned i = 0; i < machine->memory.count; i++) {
        plan->memory_bytes += machine->memory.list[i].end - machine->memory.list[i].start;
    }
    plan_find_chunks(plan, machine);
    plan_carve_metadata(plan, request);
    if (!ranges_contain(&plan->chunks, plan->kernel.start, plan->kernel.end)) {
        plan->complaint = "the kernel lies outside the memory that the tree names";
        return false;
    }
    ranges_remove(&plan->chunks, plan->kernel.start, plan->kernel.end);
    plan_place(plan, request);
    plan_find_devices(plan, machine);
    plan->complaint = plan_complaint(plan, request);
    return plan->complaint == NULL;
}

uint8_t plan_chunk_kind(const struct plan *plan, uint64_t chunk_start)
{
    if (chunk_start >= plan->kernel.start && chunk_start < plan->kernel.end) {
        return KIND_KERNEL;
    }
    if (chunk_start == plan->table_chunk) {
        return KIND_TABLE;
    }
    if (chunk_start == plan->object_chunk) {
        return KIND_OBJECT;
    }
    return ranges_contain(&plan->chunks, chunk_start, chunk_start + CHUNK_BYTES) ? KIND_USER
                                                                                 : KIND_FIRMWARE;
}
