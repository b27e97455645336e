/* Promises recounted (P1, P2, S3 of the pager). See books.h. */
#include "books.h"

#include <inttypes.h>

#include "audit.h"
#include "fake_kernel.h"
#include "frame.h"
#include "model.h"
#include "object.h"
#include "promise.h"
#include "region.h"
#include "space.h"
#include "table.h"

static bool was_handed_out(frame_t frame)
{
    return frame.number % CHUNK_PAGES < frame_chunk(frame)->bump;
}

/* What a space owes by its regions: promised pages, the grown stack, tables, a root. */
static void check_owed(const struct space *space)
{
    uint64_t user = space->map->promised;
    const struct region *region = region_find_next(space->map, 0);
    for (; region != NULL; region = region_find_next(space->map, region_end(region))) {
        if (region->flags & REGION_STACK) {
            user += region_end(region) - space->stack_low;
        }
    }
    if (space->promised_user != user || space->promised_tables != space->map->tables + 1ull) {
        model_fail("space %" PRIx64 " owes %" PRIu64 " frames and %u tables, promised are %" PRIu64
                   " and %" PRIu64 " (S3)",
                   space_id(space), user, space->map->tables + 1, space->promised_user,
                   space->promised_tables);
    }
}

/* Pages and the index pages of all shared objects. */
static uint64_t objects_owed(void)
{
    uint64_t owed = 0;
    for (uint32_t i = 0; i < pager_state.object_indices.length; i++) {
        const struct object *object = object_at(i);
        if (object != NULL) {
            owed +=
                object->pages + (object->pages + OBJECT_INDEX_ENTRIES - 1) / OBJECT_INDEX_ENTRIES;
        }
    }
    return owed;
}

/* Frames in use beyond those that were before the pager: all of them, and the pager's slabs. */
static void count_used(uint64_t *used_out, uint64_t *slabs_out)
{
    *used_out = *slabs_out = 0;
    for (uint32_t i = 0; i < frames.chunk_count * CHUNK_PAGES; i++) {
        frame_t frame = {frames.first_frame + i};
        if (fake_kind(frame.number) == KIND_USER && was_handed_out(frame) &&
            frame_count(frame) != 0 && !(frame_record(frame)->flags & FRAME_FIXED)) {
            ++*used_out;
            *slabs_out += (frame_record(frame)->flags & FRAME_SYSTEM) != 0;
        }
    }
    for (uint32_t i = 0; i < pager_state.object_indices.length; i++) {
        *slabs_out -= object_at(i) != NULL ? object_at(i)->index_frames : 0;
    }
}

/* Frames that shells keep count as free: whoever is short gets them (H3). */
static uint64_t frames_in_shells(void)
{
    uint64_t kept = 0;
    for (uint32_t i = 0; i < pager_state.shells; i++) {
        const struct shell *shell = &pager_state.shell[i];
        kept += shell->middle.number != 0 &&
                fake_entries(shell->leaf.number)[shell->page % TABLE_ENTRIES] != 0;
    }
    return kept;
}

void books_check_promises(void)
{
    uint64_t user = objects_owed(), tables = 0, used = 0, slabs = 0;
    for (const struct space *s = space_next(0); s != NULL; s = space_next(s->index + 1)) {
        check_owed(s);
        user += s->promised_user;
        tables += s->promised_tables;
    }
    count_used(&used, &slabs);
    bool settled = tables_dead() == 0 && pager_state.dead_objects == NULL;
    if (settled && promises.user != user + slabs) {
        model_fail("%" PRIu64 " frames are promised: %" PRIu64 " to programs, %" PRIu64
                   " to records (P2)",
                   promises.user, user, slabs);
    }
    if (promises.tables < tables || (promises.tables != tables && !audit_is_held())) {
        model_fail("%" PRIu64 " tables are promised, spaces hold %" PRIu64 " (P2)", promises.tables,
                   tables);
    }
    used -= frames_in_shells();
    if (settled && used > promises.user) {
        model_fail("%" PRIu64 " frames are in use, %" PRIu64 " were promised", used, promises.user);
    }
    if (!promises.overcommit && promises.user > promise_user_capacity()) {
        model_fail("%" PRIu64 " frames are promised, %" PRIu64 " exist (P1)", promises.user,
                   promise_user_capacity());
    }
    if (!promises.overcommit && promises.tables > promise_tables_capacity()) {
        model_fail("%" PRIu64 " tables are promised, %" PRIu64 " exist (P1)", promises.tables,
                   promise_tables_capacity());
    }
}
