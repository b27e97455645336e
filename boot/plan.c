/* The layout of physical memory: see plan.h. Pure. */
#include "plan.h"

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

static bool plan_fail(struct plan *plan, const char *why)
{
    plan->complaint = why;
    return false;
}

/* All of RAM that nobody reserved, in whole chunks. */
static bool plan_find_chunks(struct plan *plan, const struct machine *machine)
{
    struct ranges free = machine->memory;
    if (!ranges_remove(&free, RAM_END, UINT64_MAX)) {
        return plan_fail(plan, "memory is in too many pieces");
    }
    for (unsigned i = 0; i < machine->firmware.count; i++) {
        struct range range = machine->firmware.list[i];
        if (!ranges_remove(&free, range.start, range.end)) {
            return plan_fail(plan, "memory is in too many pieces");
        }
    }
    for (unsigned i = 0; i < free.count; i++) {
        uint64_t start = round_up(free.list[i].start, CHUNK);
        uint64_t end = round_down(free.list[i].end, CHUNK);
        if (!ranges_add(&plan->chunks, start, end)) {
            return plan_fail(plan, "memory is in too many pieces");
        }
    }
    if (plan->chunks.count == 0) {
        return plan_fail(plan, "there is no whole chunk of free memory");
    }
    plan->chunk_first = plan->chunks.list[0].start >> CHUNK_SHIFT;
    plan->chunk_count =
        (plan->chunks.list[plan->chunks.count - 1].end >> CHUNK_SHIFT) - plan->chunk_first;
    return true;
}

bool plan_gib_has_ram(const struct plan *plan, uint64_t gib)
{
    return ranges_touch(&plan->chunks, gib << GIB_SHIFT, (gib + 1) << GIB_SHIFT);
}

static bool plan_carve_metadata(struct plan *plan, const struct plan_request *request)
{
    plan->chunk_records = round_up(request->image.end, PAGE);
    uint64_t at = plan->chunk_records + plan->chunk_count * request->chunk_record_bytes;
    plan->window_tables = round_up(at, PAGE);
    plan->metadata_end = plan->window_tables;
    for (uint64_t gib = 0; gib < RAM_END >> GIB_SHIFT; gib++) {
        plan->metadata_end += plan_gib_has_ram(plan, gib) ? PAGE : 0;
    }
    plan->kernel.start = round_down(request->image.start, CHUNK);
    plan->kernel.end = round_up(plan->metadata_end, CHUNK);
    if (request->image.start % CHUNK != 0) {
        return plan_fail(plan, "the kernel was not loaded at a multiple of 2 MiB");
    }
    if (!ranges_contain(&plan->chunks, plan->kernel.start, plan->kernel.end)) {
        return plan_fail(plan, "the kernel lies outside the memory that the tree names");
    }
    if ((request->archive.start < plan->kernel.end && plan->kernel.start < request->archive.end) ||
        (request->tree.start < plan->kernel.end && plan->kernel.start < request->tree.end)) {
        return plan_fail(plan, "the boot archive or the device tree overlaps the kernel");
    }
    return ranges_remove(&plan->chunks, plan->kernel.start, plan->kernel.end) ||
           plan_fail(plan, "memory is in too many pieces");
}

/* Take the highest chunk out of `free`. */
static bool plan_take_chunk(struct ranges *free, uint64_t *chunk_out)
{
    for (unsigned i = free->count; i-- > 0;) {
        uint64_t start = round_down(free->list[i].end, CHUNK) - CHUNK;
        if (start >= free->list[i].start && start < free->list[i].end) {
            *chunk_out = start;
            return ranges_remove(free, start, start + CHUNK);
        }
    }
    return false;
}

static bool plan_take_init(struct plan *plan, const struct ranges *free, uint64_t bytes)
{
    for (unsigned i = 0; i < free->count; i++) {
        if (free->list[i].end - free->list[i].start >= bytes) {
            plan->init_start = free->list[i].start;
            return true;
        }
    }
    return plan_fail(plan, "there is not enough memory for init");
}

static bool plan_place(struct plan *plan, const struct plan_request *request)
{
    struct ranges free = plan->chunks;
    if (!ranges_remove(&free, round_down(request->archive.start, PAGE),
                       round_up(request->archive.end, PAGE)) ||
        !ranges_remove(&free, round_down(request->tree.start, PAGE),
                       round_up(request->tree.end, PAGE)) ||
        !plan_take_chunk(&free, &plan->table_chunk) ||
        !plan_take_chunk(&free, &plan->object_chunk)) {
        return plan_fail(plan, "there is not enough memory for tables and objects");
    }
    return plan_take_init(plan, &free, request->init_pages * PAGE);
}

static bool plan_find_devices(struct plan *plan, const struct machine *machine)
{
    struct ranges taken = machine->memory;
    bool fits = true;
    for (unsigned i = 0; i < machine->firmware.count; i++) {
        fits = fits &&
               ranges_add(&taken, machine->firmware.list[i].start, machine->firmware.list[i].end);
    }
    for (unsigned i = 0; i < machine->barred.count; i++) {
        fits =
            fits && ranges_add(&taken, machine->barred.list[i].start, machine->barred.list[i].end);
    }
    fits = fits && ranges_add(&plan->devices, 0, DEVICE_END);
    for (unsigned i = 0; i < taken.count; i++) {
        uint64_t end = taken.list[i].end;
        end = end > DEVICE_END ? DEVICE_END : round_up(end, PAGE);
        fits = fits && ranges_remove(&plan->devices, round_down(taken.list[i].start, PAGE), end);
    }
    return fits || plan_fail(plan, "the devices are in too many pieces");
}

bool plan_make(struct plan *plan, const struct machine *machine, const struct plan_request *request)
{
    *plan = (struct plan){0};
    for (unsigned i = 0; i < machine->memory.count; i++) {
        plan->memory_bytes += machine->memory.list[i].end - machine->memory.list[i].start;
    }
    return plan_find_chunks(plan, machine) && plan_carve_metadata(plan, request) &&
           plan_place(plan, request) && plan_find_devices(plan, machine);
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
