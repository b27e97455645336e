/* Starting the pager; contract in pager.h. */
#include "pager.h"

#include <string.h>

#include <byre/pager_boot.h>
#include <byre/table.h>

#include "fault.h"
#include "object.h"
#include "panic.h"
#include "scratch.h"
#include "space.h"
#include "supply.h"

/* ------------------------------------------------------------------------------- memory */

/* Fresh zero frames at an address, with the beginning of a file in them. */
static void pager_map_copied(struct space_builder *builder, uint64_t address, uint64_t pages,
                             const uint8_t *file, uint64_t file_bytes, uint64_t rights)
{
    while (pages > 0) {
        struct boot_range run = supply_user(pages < SCRATCH_PAGES ? pages : SCRATCH_PAGES);
        uint64_t bytes = run.frames * PAGE_BYTES;
        uint64_t copied = file_bytes < bytes ? file_bytes : bytes;
        uint8_t *frames = scratch_map(run.first_frame, run.frames);
        memcpy(frames, file, copied);
        memset(frames + copied, 0, bytes - copied);
        space_map(builder, address, run.first_frame, run.frames, rights);
        address += bytes;
        file += copied;
        file_bytes -= copied;
        pages -= run.frames;
    }
}

static void pager_map_image(struct space_builder *builder, const struct system *system)
{
    const struct load_plan *plan = &system->pager.plan;

    for (unsigned i = 0; i < plan->region_count; i++) {
        const struct load_region *region = &plan->regions[i];
        uint64_t pages_in_file = (region->file_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
        if ((region->rights & MAP_W) == 0 && pages_in_file == region->pages) {
            space_map(builder, region->start,
                      system->info->archive.first_frame + region->offset_pages, region->pages,
                      region->rights);
            continue;
        }
        const uint8_t *file = (const uint8_t *)(ARCHIVE_BASE + region->offset_pages * PAGE_BYTES);
        pager_map_copied(builder, region->start, region->pages, file, region->file_bytes,
                         region->rights);
    }
}

/* A thread's stack stays visible to init, for backtraces. */
static void pager_map_stack(struct space_builder *builder, struct system *system, unsigned thread)
{
    struct boot_range run = supply_user(PAGER_STACK_PAGES);

    if (run.frames != PAGER_STACK_PAGES) {
        init_panic("no run of frames for the pager's stack", ERR_RANGE);
    }
    memset(scratch_map(run.first_frame, run.frames), 0, run.frames * PAGE_BYTES);
    system->pager_stacks[thread] = scratch_keep(run.first_frame, run.frames, false);
    space_map(builder, pager_stack_top(thread) - PAGER_STACK_PAGES * PAGE_BYTES, run.first_frame,
              run.frames, MAP_R | MAP_W);
}

/* All RAM that may be mapped, where the pager expects it (B2). */
static void pager_map_window(struct space_builder *builder, const struct boot_info *info)
{
    for (uint32_t r = 0; r < info->memory_count; r++) {
        const struct boot_range *range = &info->memory[r];
        uint64_t end = range->first_frame + range->frames;
        for (uint64_t chunk = range->first_frame; chunk < end; chunk += CHUNK_PAGES) {
            uint64_t kind, used;
            init_check("kind of a chunk", byre_memory_info(INIT_SLOT_MEMORY, chunk, &kind, &used));
            uint64_t address = PAGER_WINDOW + chunk * PAGE_BYTES;
            if (kind == KIND_USER) {
                space_map_chunk(builder, address, chunk, MAP_R | MAP_W);
            } else if (kind == KIND_TABLE) {
                space_map_chunk(builder, address, chunk, MAP_R);
            }
        }
    }
}

/* ------------------------------------------------------------------------------- objects */

/* So many that memory for processes runs out first, as long as the kernel allows. */
static uint64_t pager_captable_slots(const struct boot_info *info)
{
    uint64_t frames = 0;
    uint64_t slots = PAGER_CAPTABLE_SLOTS_MIN;

    for (uint32_t r = 0; r < info->memory_count; r++) {
        frames += info->memory[r].frames;
    }
    while (slots < PAGER_CAPTABLE_SLOTS_MAX && slots < frames / 2) {
        slots *= 2;
    }
    return slots;
}

static void pager_make_objects(struct system *system)
{
    struct server *pager = &system->pager;

    for (unsigned i = 0; i < system->pager_thread_count; i++) {
        system->pager_threads[i] = object_new(OBJECT_THREAD);
    }
    pager->thread = system->pager_threads[0];
    pager->space = object_new(OBJECT_SPACE);
    pager->captable = object_new_captable(pager_captable_slots(system->info));
    pager->notification = object_new(OBJECT_NOTIFICATION);
    system->pager_call = supply_slot();
    init_check("pager call", byre_cap_copy(0, pager->endpoint, 0, system->pager_call,
                                           RIGHT_CALL | RIGHT_GRANT, PAGER_BADGE_TRUSTED));
}

static void pager_give_capabilities(const struct system *system)
{
    const struct server *pager = &system->pager;
    cap_t table = pager->captable;

    system_give(pager->captable, table, PAGER_SLOT_CAPTABLE, RIGHTS_ALL, 0);
    system_give(pager->space, table, PAGER_SLOT_SPACE, RIGHTS_ALL, 0);
    system_give(INIT_SLOT_MEMORY, table, PAGER_SLOT_MEMORY, RIGHTS_ALL, 0);
    system_give(pager->endpoint, table, PAGER_SLOT_ENDPOINT, RIGHT_RECEIVE, 0);
    system_give(pager->notification, table, PAGER_SLOT_NOTIFICATION, RIGHTS_ALL, 0);
    system_give(INIT_SLOT_MACHINE, table, PAGER_SLOT_MACHINE, RIGHT_CALL, 0);
    for (unsigned i = 0; i < system->pager_thread_count; i++) {
        system_give(system->pager_threads[i], table, PAGER_SLOT_THREAD + i, RIGHTS_ALL, 0);
        object_new_reply(table, PAGER_SLOT_REPLY + i);
    }
    for (unsigned i = 0; system->pager_thread_count > 1 && i < PAGER_THREADS_MAX; i++) {
        system_give(object_new(OBJECT_NOTIFICATION), table, PAGER_SLOT_PARK + i, RIGHTS_ALL, 0);
    }
}

/* ---------------------------------------------------------------------------------- facts */

static void pager_fill_facts(const struct system *system, uint64_t frame, uint64_t root)
{
    const struct boot_info *info = system->info;
    struct pager_boot *boot = scratch_map(frame, 1);

    *boot = (struct pager_boot){
        .version = PAGER_BOOT_VERSION,
        .flags = (system->arguments.overcommit ? PAGER_BOOT_OVERCOMMIT : 0) |
                 (system->arguments.testhooks ? PAGER_BOOT_TESTHOOKS : 0),
        .timebase_hz = info->timebase_hz,
        .threads = system->pager_thread_count,
        .memory_count = info->memory_count,
        .archive = info->archive,
        .archive_bytes = info->archive_bytes,
        .object_pages = supply_object_rest(),
        .root_frame = root,
    };
    memcpy(boot->memory, info->memory, sizeof(boot->memory));
    _Static_assert((int)PAGER_USED_MAX >= (int)SUPPLY_USED_MAX, "all used ranges fit");
    boot->used_count = supply_used(boot->used);
}
_Static_assert(sizeof(struct pager_boot) <= PAGE_BYTES, "the facts are one page");

void pager_start(struct system *system)
{
    struct server *pager = &system->pager;
    struct space_builder builder;
    uint32_t harts = system->info->hart_count;

    system->pager_thread_count = harts < PAGER_THREADS_MAX ? harts : PAGER_THREADS_MAX;
    pager_make_objects(system);
    space_begin(&builder, pager->space);
    pager_map_image(&builder, system);
    for (unsigned i = 0; i < system->pager_thread_count; i++) {
        pager_map_stack(&builder, system, i);
    }
    uint64_t facts = supply_user(1).first_frame;
    space_map(&builder, PAGER_BOOT_ADDRESS, facts, 1, MAP_R);
    pager_map_window(&builder, system->info);
    pager_give_capabilities(system);
    pager_fill_facts(system, facts, builder.root);
    for (unsigned i = 0; i < system->pager_thread_count; i++) {
        init_check("pager's thread", byre_thread_configure(system->pager_threads[i], pager->space,
                                                           pager->captable, system->fault_endpoint,
                                                           FAULT_OF_PAGER + i, pager->priority, 0));
    }
    init_check("pager's start", byre_thread_start(pager->thread, pager->plan.entry, PAGER_STACK_TOP,
                                                  0, PAGER_BOOT_ADDRESS, 0));
}
