/* The pager's start: from what init says (<byre/pager_boot.h>) to books that are in order. */
#include "start.h"

#include <byre/pager_boot.h>
#include <byre/pager_records.h>
#include <libsys/time.h>

#include "audit.h"
#include "chunk.h"
#include "directory.h"
#include "fault.h"
#include "frame.h"
#include "hook.h"
#include "janitor.h"
#include "kernel.h"
#include "object.h"
#include "own.h"
#include "promise.h"
#include "region.h"
#include "space.h"
#include "window.h"

/* A hole in RAM as large as this ends what the pager manages: records cover holes too. */
enum { HOLE_FRAMES_MAX = 1 << 18 };

/* ---------------------------------------------------------------- where the records can go */
struct span {
    uint32_t first;
    uint32_t end;
};

/* From the first frame of RAM to the end of what is managed. */
static struct span memory_span(const struct pager_boot *boot)
{
    const struct boot_range *m = boot->memory;
    struct span span = {(uint32_t)m[0].first_frame, (uint32_t)(m[0].first_frame + m[0].frames)};
    for (uint32_t i = 1; i < boot->memory_count; i++) {
        if (m[i].first_frame - span.end > HOLE_FRAMES_MAX) {
            break;
        }
        span.end = (uint32_t)(m[i].first_frame + m[i].frames);
    }
    return span;
}

static unsigned kind_of(uint32_t frame)
{
    unsigned kind;
    frame_t chunk = {frame - frame % CHUNK_PAGES};
    return kernel_chunk_kind(chunk, &kind) == ERR_OK ? kind : KIND_FIRMWARE;
}

/* Where the run that begins at `first` hits something that is not free: the frame after that; or
 * `first` itself when it hits nothing. */
static uint32_t run_blocked(const struct pager_boot *boot, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < boot->used_count; i++) {
        uint64_t used = boot->used[i].first_frame;
        uint64_t used_end = used + boot->used[i].frames;
        if (used < first + count && first < used_end) {
            return (uint32_t)used_end;
        }
    }
    for (uint32_t f = first - first % CHUNK_PAGES; f < first + count; f += CHUNK_PAGES) {
        if (kind_of(f) != KIND_USER) {
            return f + CHUNK_PAGES;
        }
    }
    return first;
}

/* The lowest run of free USER frames (B4). */
static frame_t find_run(const struct pager_boot *boot, struct span span, uint32_t count)
{
    uint32_t first = span.first;
    for (;;) {
        PAGER_ASSERT(first + count <= span.end);
        uint32_t next = run_blocked(boot, first, count);
        if (next == first) {
            return (frame_t){first};
        }
        first = next;
    }
}

static uint32_t pages_for(uint64_t bytes)
{
    return (uint32_t)((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

/* ------------------------------------------------------------------------------ the frames */
/* Tables that boot and init made: from the bottom of their chunk. */
static void take_over_tables(frame_t chunk)
{
    unsigned bump = 1;
    for (unsigned i = 1; i < CHUNK_PAGES; i++) {
        if (table_record((frame_t){chunk.number + i})->state != 0) {
            bump = i + 1;
        }
    }
    frames_reserve_tables(chunk, bump);
}

static void add_chunks(struct span span)
{
    for (uint32_t f = span.first; f < span.end; f += CHUNK_PAGES) {
        frames_add_chunk((frame_t){f}, kind_of(f));
    }
    for (uint32_t f = span.first; f < span.end; f += CHUNK_PAGES) {
        if (frame_chunk((frame_t){f})->kind == KIND_TABLE) {
            take_over_tables((frame_t){f});
        }
    }
}

/* Frames that init or boot used. Those in chunks of other kinds are not the pager's anyway. */
static void reserve_used(const struct boot_range *range, struct span span)
{
    for (uint64_t f = range->first_frame; f < range->first_frame + range->frames; f++) {
        frame_t frame = {(uint32_t)f};
        if (f >= span.first && f < span.end && frame_is_counted(frame)) {
            frames_reserve(frame, 1, FRAME_FIXED);
        }
    }
}

/* How many spaces have room in the capability table that init made. */
static uint64_t space_capabilities(void)
{
    uint64_t type, rights, badge, slots, unused;
    err_t error = byre_cap_info(0, PAGER_SLOT_CAPTABLE, &type, &rights, &badge, &slots, &unused);
    PAGER_ASSERT(error == ERR_OK && slots > PAGER_SLOT_SPACES);
    return slots - PAGER_SLOT_SPACES;
}

/* Header page, chunk records, frame records and directories, one after the other. */
static struct pager_records *frames_begin(const struct pager_boot *boot, uint32_t *pages_out)
{
    struct span span = memory_span(boot);
    uint32_t count = span.end - span.first;
    uint32_t chunk_pages = pages_for(count / CHUNK_PAGES * sizeof(struct chunk_record));
    uint32_t frame_pages = pages_for(count * sizeof(struct frame_record));
    struct directory_lengths lengths = directory_lengths_for(count, space_capabilities());
    uint32_t pages = 1 + chunk_pages + frame_pages + pages_for(directory_bytes(&lengths));
    frame_t run = find_run(boot, span, pages);
    frames_start(pager_pointer((frame_t){run.number + 1 + chunk_pages}),
                 pager_pointer((frame_t){run.number + 1}), (frame_t){span.first},
                 count / CHUNK_PAGES);
    directory_start(pager_pointer((frame_t){run.number + 1 + chunk_pages + frame_pages}), &lengths);
    add_chunks(span);
    for (uint32_t i = 0; i < boot->used_count; i++) {
        reserve_used(&boot->used[i], span);
    }
    frames_reserve(run, pages, FRAME_FIXED);
    *pages_out = pages;
    return pager_pointer(run);
}

void pager_start(const struct pager_boot *boot)
{
    PAGER_ASSERT(boot->version == PAGER_BOOT_VERSION && boot->memory_count > 0);
    pager_archive = (frame_t){(uint32_t)boot->archive.first_frame};
    pager_archive_pages = (uint32_t)boot->archive.frames;
    pager_testhooks = (boot->flags & PAGER_BOOT_TESTHOOKS) != 0;
    pager_timebase_hz = boot->timebase_hz;
    pager_harts = (unsigned)boot->threads;
    frame_t own_root = {(uint32_t)boot->root_frame};

    uint32_t pages;
    struct pager_records *header = frames_begin(boot, &pages);
    chunks_start(own_root);
    promises_start((boot->flags & PAGER_BOOT_OVERCOMMIT) != 0);
    frame_t objects = {(uint32_t)boot->object_pages.first_frame};
    own_start(objects);
    spaces_start((frame_t){objects.number + OWN_OBJECT_PAGES},
                 (uint32_t)boot->object_pages.frames - OWN_OBJECT_PAGES);
    objects_start(time_ticks());
    regions_start();
    err_t error = faults_start();
    PAGER_ASSERT(error == ERR_OK);
    records_publish(header, own_root);
    audit_start(header, (uint64_t)pages * PAGE_BYTES);
    janitor_start();
    error = byre_notification_bind(PAGER_SLOT_NOTIFICATION, PAGER_SLOT_THREAD); /* the first's */
    PAGER_ASSERT(error == ERR_OK);
}
