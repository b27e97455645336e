/* Memory before the pager; contract in supply.h. */
#include "supply.h"

#include <byre/table.h>

#include "panic.h"

static struct {
    const struct boot_info *info;
    uint64_t table_next;
    uint64_t object_next;
    uint64_t object_end;
    uint64_t user_next;
    cap_t slot_next;
    unsigned used_count;
    struct boot_range used[SUPPLY_USED_MAX]; /* as boot_info has them, then init's own */
} supply;

void supply_init(const struct boot_info *info)
{
    supply.info = info;
    supply.table_next = info->table_next_frame;
    supply.object_next = info->object_next_page;
    supply.object_end = info->object_chunk_frame + CHUNK_PAGES;
    supply.slot_next = INIT_SLOT_DEVICE_FIRST + info->device_count;
    supply.used[supply.used_count++] = info->init_frames;
    supply.used[supply.used_count++] = info->archive;
    supply.used[supply.used_count++] = info->tree;
}

cap_t supply_slot(void)
{
    if (supply.slot_next == INIT_CAPTABLE_SLOTS) {
        init_panic("its capability table is full", ERR_CAP_RANGE);
    }
    return supply.slot_next++;
}

uint64_t supply_table(void)
{
    if (supply.table_next == supply.info->table_chunk_frame + CHUNK_PAGES) {
        init_panic("the first chunk of tables is full", ERR_RANGE);
    }
    return supply.table_next++;
}

uint64_t supply_object_pages(uint64_t pages)
{
    if (pages > supply.object_end - supply.object_next) {
        init_panic("the first chunk of objects is full", ERR_RANGE);
    }
    uint64_t first = supply.object_next;
    supply.object_next += pages;
    return first;
}

struct boot_range supply_object_rest(void)
{
    struct boot_range rest = {supply.object_next, supply.object_end - supply.object_next};

    supply.object_next = supply.object_end;
    return rest;
}

/* The end of the used range that holds the frame; the frame itself if none does. */
static uint64_t supply_skip_used(uint64_t frame)
{
    for (unsigned i = 0; i < supply.used_count; i++) {
        const struct boot_range *range = &supply.used[i];
        if (frame >= range->first_frame && frame - range->first_frame < range->frames) {
            return range->first_frame + range->frames;
        }
    }
    return frame;
}

static bool supply_is_user_chunk(uint64_t chunk)
{
    uint64_t kind, used;

    return byre_memory_info(INIT_SLOT_MEMORY, chunk, &kind, &used) == ERR_OK && kind == KIND_USER;
}

/* The first free USER frame from `frame` on; 0 if memory ends before. */
static uint64_t supply_next_free(uint64_t frame)
{
    for (uint32_t r = 0; r < supply.info->memory_count; r++) {
        const struct boot_range *range = &supply.info->memory[r];
        uint64_t end = range->first_frame + range->frames;
        if (frame < range->first_frame) {
            frame = range->first_frame;
        }
        while (frame < end) {
            uint64_t next = supply_skip_used(frame);
            if (!supply_is_user_chunk(frame / CHUNK_PAGES * CHUNK_PAGES)) {
                next = (frame / CHUNK_PAGES + 1) * CHUNK_PAGES;
            }
            if (next == frame) {
                return frame;
            }
            frame = next;
        }
    }
    return 0;
}

static void supply_note_used(uint64_t frame)
{
    struct boot_range *last = &supply.used[supply.used_count - 1];

    if (last->first_frame + last->frames == frame) {
        last->frames++;
        return;
    }
    if (supply.used_count == SUPPLY_USED_MAX) {
        init_panic("free memory is in too many pieces", ERR_RANGE);
    }
    supply.used[supply.used_count++] = (struct boot_range){frame, 1};
}

struct boot_range supply_user(uint64_t wanted)
{
    uint64_t first = supply_next_free(supply.user_next);
    uint64_t frame = first;

    if (first == 0) {
        init_panic("no free memory", ERR_RANGE);
    }
    do {
        supply_note_used(frame++);
    } while (frame - first < wanted && supply_next_free(frame) == frame);
    supply.user_next = frame;
    return (struct boot_range){first, frame - first};
}

unsigned supply_used(struct boot_range ranges_out[SUPPLY_USED_MAX])
{
    for (unsigned i = 0; i < supply.used_count; i++) {
        ranges_out[i] = supply.used[i];
    }
    return supply.used_count;
}

cap_t supply_device(uint64_t frame)
{
    for (uint32_t i = 0; i < supply.info->device_count; i++) {
        cap_t slot = INIT_SLOT_DEVICE_FIRST + i;
        uint64_t type, rights, badge, first, frames;
        if (byre_cap_info(0, slot, &type, &rights, &badge, &first, &frames) == ERR_OK &&
            type == OBJECT_DEVICE && frame >= first && frame - first < frames) {
            return slot;
        }
    }
    return 0;
}
