/* The bench's platform.h on Byre. */
#include <byre/gen/calls.h>
#include <byre/table.h>

#include "../../../programs/statistics.h"
#include "platform.h"

enum { SLOT_HOLD = PROGRAM_SLOT_FREE, SLOT_MEMORY = PROGRAM_SLOT_FREE + 1 };

extern const char __executable_start[], _end[];

void platform_begin(void)
{
}

uint64_t platform_faults(void)
{
    struct space_statistics s;
    if (space_statistics_read(0, &s) != ERR_OK) {
        return 0;
    }
    return s.faults_zero + s.faults_copy + s.faults_last_owner + s.faults_other;
}

/* The pager answers this when nothing waits to be torn down. */
void platform_settle(void)
{
    struct memory_statistics s;
    (void)memory_statistics_read(&s);
}

/* Bytes of live objects in one OBJECT chunk. */
static uint64_t chunk_objects(uint64_t first)
{
    uint64_t sum = 0;
    for (uint64_t page = first + 2; page < first + CHUNK_PAGES; page++) {
        uint64_t bytes, live, pages;
        if (byre_object_info(SLOT_MEMORY, page, &bytes, &live, &pages) == ERR_OK) {
            sum += bytes * (uint64_t)__builtin_popcountll(live);
        }
    }
    return sum;
}

/* Whoever faults while it holds the pager waits for the end of its own hold. */
static void touch_program(void)
{
    for (const volatile char *p = __executable_start; p < _end; p += PAGE_BYTES) {
        (void)*p;
    }
}

/* Asked of the kernel while the pager is held still. */
static bool object_bytes(uint64_t *bytes_out)
{
    touch_program();
    uint64_t first, total, records, records_bytes, window, sum = 0;
    if (pager_audit_begin(PROGRAM_SLOT_AUDIT, &first, &total, &records, &records_bytes, &window,
                          SLOT_HOLD) != ERR_OK) {
        return false;
    }
    if (pager_audit_memory(SLOT_HOLD, SLOT_MEMORY) == ERR_OK) {
        for (uint64_t chunk = first; chunk < first + total; chunk += CHUNK_PAGES) {
            uint64_t kind, used;
            if (byre_memory_info(SLOT_MEMORY, chunk, &kind, &used) == ERR_OK &&
                kind == KIND_OBJECT) {
                sum += chunk_objects(chunk);
            }
        }
        (void)byre_cap_delete(0, SLOT_MEMORY);
    }
    bool ended = pager_audit_end(SLOT_HOLD) == ERR_OK;
    (void)byre_cap_delete(0, SLOT_HOLD);
    *bytes_out = sum;
    return ended;
}

/* Frames in use that no program owns: alone, or together with others. */
static bool record_bytes(uint64_t *bytes_out, uint64_t *tables_out)
{
    struct memory_statistics memory;
    struct memory_kinds kinds;
    struct process_statistics process = {0};
    if (memory_statistics_read(&memory) != ERR_OK || memory_kinds_read(&kinds) != ERR_OK) {
        return false;
    }
    uint64_t owned = kinds.frames_shared;
    while (process_statistics_next(&process) == ERR_OK) {
        struct space_statistics space;
        if (process.space_id != 0 && space_statistics_read(process.space_id, &space) == ERR_OK) {
            owned += space.private_pages;
        }
    }
    *bytes_out = (memory.frames_total - memory.frames_free - owned) * PAGE_BYTES;
    *tables_out = memory.tables_used * PAGE_BYTES;
    return true;
}

bool platform_memory_use(struct memory_use *use_out)
{
    return object_bytes(&use_out->objects) && record_bytes(&use_out->records, &use_out->tables);
}
