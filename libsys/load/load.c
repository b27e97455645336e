/* The loader that init uses for servers and proc for programs. Contract: <libsys/load.h>. */
#include <libsys/load.h>

#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/table.h>
#include <libsys/elf.h>

enum { SMALL_IMAGE_BYTES = 1 << 20 };

static uint64_t round_up(uint64_t value)
{
    return (value + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

static uint64_t rights_of(uint32_t elf_rights)
{
    uint64_t rights = (elf_rights & ELF_R) != 0 ? MAP_R : 0;
    rights |= (elf_rights & ELF_W) != 0 ? MAP_W | MAP_R : 0;
    rights |= (elf_rights & ELF_X) != 0 ? MAP_X | MAP_R : 0;
    return rights;
}

/* What lies behind a read-only segment in its last page is the archive's, as it is: a page that was
 * cut there would be a copy of each process's own. The reader has checked that offset and address
 * agree within a page, that nothing wraps and that segments ascend on pages of their own (L2 of
 * <libsys/elf.h>). */
static struct load_region region_of(const struct elf_segment *segment,
                                    uint64_t archive_offset_pages)
{
    uint64_t in_page = segment->address % PAGE_BYTES;
    uint64_t start = segment->address - in_page;
    struct load_region region = {
        .start = start,
        .pages = (round_up(segment->address + segment->memory_bytes) - start) / PAGE_BYTES,
        .rights = rights_of(segment->rights),
    };
    if (segment->file_bytes > 0) {
        region.backing = LOAD_ARCHIVE;
        region.offset_pages = archive_offset_pages + segment->file_offset / PAGE_BYTES;
        region.file_bytes = in_page + segment->file_bytes;
        if ((segment->rights & ELF_W) == 0 && segment->memory_bytes == segment->file_bytes) {
            region.file_bytes = region.pages * PAGE_BYTES;
        }
    }
    return region;
}

static void place_stack(struct load_plan *plan)
{
    bool small = plan->regions[0].start >= PROGRAM_BASE &&
                 plan->image_end <= PROGRAM_BASE + SMALL_IMAGE_BYTES;
    plan->stack_top = small ? PROGRAM_STACK_TOP : PROGRAM_BIG_STACK_TOP;
    plan->stack_pages = small ? LOAD_STACK_PAGES : LOAD_BIG_STACK_PAGES;
}

err_t load_plan_make(const void *file, uint64_t bytes, uint64_t archive_offset_pages,
                     struct load_plan *plan_out)
{
    _Static_assert((int)ELF_SEGMENTS_MAX <= (int)LOAD_REGIONS_MAX, "every segment has its region");
    struct elf elf;
    if (!elf_open(&elf, file, bytes)) {
        return ERR_ARGUMENT;
    }
    struct load_plan plan = {.entry = elf.entry};
    for (unsigned i = 0; i < elf.segment_count; i++) {
        if (elf.segments[i].memory_bytes == 0 || rights_of(elf.segments[i].rights) == 0) {
            continue;
        }
        plan.regions[plan.region_count++] = region_of(&elf.segments[i], archive_offset_pages);
    }
    if (plan.region_count == 0) {
        return ERR_ARGUMENT;
    }
    const struct load_region *last = &plan.regions[plan.region_count - 1];
    plan.image_end = last->start + last->pages * PAGE_BYTES;
    if (plan.image_end > PROGRAM_MMAP_BASE) {
        return ERR_ARGUMENT; /* D1: everything above is heap, mappings and stacks */
    }
    place_stack(&plan);
    *plan_out = plan;
    return ERR_OK;
}

err_t load_plan_apply(cap_t pager, uint64_t space_id, const struct load_plan *plan,
                      uint64_t region_flags)
{
    for (unsigned i = 0; i < plan->region_count; i++) {
        const struct load_region *region = &plan->regions[i];
        err_t error = pager_region_add(pager, space_id, region->start, region->pages,
                                       region->rights | region_flags, region->backing,
                                       region->offset_pages, region->file_bytes);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}
