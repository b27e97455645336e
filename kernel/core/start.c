/* Start: core_start takes over what boot/ made and builds init's objects. Also the
 * entry points of interrupts and notices, which have nothing of their own. */
#include <byre/boot_info.h>

#include "arch.h"
#include "core/captable.h"
#include "core/entry.h"
#include "core/interrupt.h"
#include "core/panic.h"
#include "core/schedule.h"
#include "core/table.h"

enum { INIT_PRIORITY = 30 };

struct hart *harts[HARTS_MAX];
unsigned hart_count;

/* boot/ gives a whole, zeroed OBJECT chunk: these cannot fail. */
static void *make(frame_t chunk, unsigned page, size_t bytes, enum object_type type)
{
    struct object_place place;
    err_t error = object_find_place((frame_t){chunk.number + page}, 0, bytes, &place);

    KASSERT(error == ERR_OK);
    return object_create(&place, type);
}

static struct thread *make_init(struct hart *hart, const struct boot_facts *facts)
{
    frame_t chunk = facts->object_chunk;
    struct captable *table = make(chunk, BOOT_OBJECT_PAGE_CAPTABLE,
                                  INIT_CAPTABLE_SLOTS * sizeof(struct capability), OBJECT_CAPTABLE);
    struct thread *thread =
        make(chunk, BOOT_OBJECT_PAGE_THREAD, OBJECT_BYTES_THREAD, OBJECT_THREAD);
    struct space *space = make(chunk, BOOT_OBJECT_PAGE_SPACE, OBJECT_BYTES_SPACE, OBJECT_SPACE);

    table->slot_count = INIT_CAPTABLE_SLOTS;
    table->bound_threads = 1;
    space->root = facts->init_root;
    space->bound_threads = 1;
    KASSERT(table_record_of(space->root)->count == 1 && table_record_of(space->root)->space == 1);
    thread_init(thread, hart);
    thread->space = space;
    thread->captable = table;
    thread->priority = INIT_PRIORITY;
    schedule_rank(thread);
    thread->flags = THREAD_FLAG_STARTED | THREAD_FLAG_INIT;
    arch_thread_start(thread, facts->init_entry, (vaddr_t){INIT_STACK_TOP}, 0, INIT_BOOT_INFO, 0);
    return thread;
}

static void endow_init(struct thread *init, const struct boot_facts *facts)
{
    struct captable *table = init->captable;

    capability_make(captable_slot(table, INIT_SLOT_CAPTABLE), &table->object, RIGHTS_ALL, 0);
    capability_make(captable_slot(table, INIT_SLOT_THREAD), &init->object, RIGHTS_ALL, 0);
    capability_make(captable_slot(table, INIT_SLOT_SPACE), &init->space->object, RIGHTS_ALL, 0);
    capability_make_range(captable_slot(table, INIT_SLOT_MEMORY), OBJECT_MEMORY, RIGHTS_ALL,
                          chunk_first_frame(0).number, chunks.count << CHUNK_FRAMES_SHIFT);
    capability_make_range(captable_slot(table, INIT_SLOT_INTERRUPT_CONTROL),
                          OBJECT_INTERRUPT_CONTROL, RIGHTS_ALL, 0, 0);
    capability_make_range(captable_slot(table, INIT_SLOT_MACHINE), OBJECT_MACHINE, RIGHTS_ALL, 0,
                          0);
    for (unsigned i = 0; i < facts->device_count; i++) {
        capability_make_range(captable_slot(table, INIT_SLOT_DEVICE_FIRST + i), OBJECT_DEVICE,
                              RIGHTS_ALL, facts->devices[i].first_frame, facts->devices[i].frames);
    }
}

void core_hart_start(struct hart *hart, const struct boot_facts *facts)
{
    hart->index = hart_count;
    harts[hart_count++] = hart;
    schedule_start(hart, facts->timebase_hz);
    if (facts->preempt) {
        schedule_set_random(hart, facts->preempt_seed + hart->index, facts->preempt_mean_us);
    }
}

void core_start(struct hart *hart, const struct boot_facts *facts)
{
    struct thread *init;

    chunks = (struct chunks){.records = facts->chunks,
                             .origin = facts->chunks - facts->chunk_first,
                             .first = facts->chunk_first,
                             .count = facts->chunk_count};
    hart_count = 0;
    core_hart_start(hart, facts);
    init = make_init(hart, facts);
    endow_init(init, facts);
    schedule_wake(init);
    (void)schedule_settle(hart);
}

struct thread *core_notified(struct hart *hart)
{
    hart->is_notified = false; /* V4 */
    hart->must_choose = true;
    return schedule_settle(hart);
}

struct thread *core_interrupt(struct hart *hart)
{
    interrupt_take_all(hart);
    return schedule_settle(hart);
}
