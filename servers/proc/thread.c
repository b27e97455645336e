/* Threads of programs; contract in thread.h. */
#include "thread.h"

#include <stddef.h>

#include <byre/gen/proc.h>
#include <byre/program.h>
#include <byre/server.h>

#include "slots.h"

enum {
    THREAD_MAY_USE_FP = 1 << 0,
    /* Slots that a program's threads may park in; the ones below are the program's own. */
    PARK_SLOT_FIRST = 32,
};

static struct store threads;
static uint64_t thread_serial;

void thread_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit)
{
    store_init(&threads, owner, address, sizeof(struct thread), limit);
    store_prepare(&threads);
}

static uint32_t park_slot_find(const struct body *body)
{
    if (list_is_empty(&body->threads)) {
        return PROGRAM_SLOT_PARK;
    }
    uint64_t taken = body->park_slots | ((1ul << PARK_SLOT_FIRST) - 1);
    return taken == ~0ul ? 0 : 63 - (uint32_t)__builtin_clzl(~taken);
}

static err_t thread_make_objects(const struct body *body, struct thread *thread)
{
    err_t error =
        object_make(OBJECT_NOTIFICATION, body->captable, thread->park_slot, &thread->park_place);
    if (error != ERR_OK) {
        return error;
    }
    error = object_make(OBJECT_THREAD, 0, thread->capability, &thread->place);
    if (error != ERR_OK) {
        goto unmake_park;
    }
    error =
        byre_thread_configure(thread->capability, body->space, body->captable, PROC_SLOT_PAGER_BASE,
                              body->space_id, THREAD_PRIORITY, THREAD_MAY_USE_FP);
    if (error != ERR_OK) {
        goto unmake_thread;
    }
    return ERR_OK;

unmake_thread:
    object_unmake(&thread->place, thread->capability);
unmake_park:
    object_unmake(&thread->park_place, 0);
    (void)byre_cap_delete(body->captable, thread->park_slot);
    return error;
}

err_t thread_make(struct body *body, struct thread **thread_out)
{
    uint32_t park_slot = park_slot_find(body);
    if (park_slot == 0) {
        return PROC_ERR_AGAIN;
    }
    struct thread *thread = store_take(&threads);
    if (thread == NULL) {
        return PROC_ERR_NOMEM;
    }
    thread->park_slot = park_slot;
    thread->serial = ++thread_serial;
    thread->capability = slot_take();
    err_t error = PROC_ERR_NOMEM;
    if (thread->capability == 0) {
        goto give_record;
    }
    error = thread_make_objects(body, thread);
    if (error != ERR_OK) {
        goto give_slot;
    }
    body->park_slots |= 1ul << park_slot;
    list_append(&body->threads, &thread->in_body);
    body->thread_count++;
    *thread_out = thread;
    return ERR_OK;

give_slot:
    slot_give(thread->capability);
give_record:
    store_give(&threads, thread);
    return error;
}

err_t thread_run(struct thread *thread, const struct thread_start *start)
{
    return byre_thread_start(thread->capability, start->pc, start->sp, start->tp, start->argument,
                             0);
}

void thread_end(struct body *body, struct thread *thread)
{
    object_unmake(&thread->place, thread->capability);
    slot_give(thread->capability);
    object_unmake(&thread->park_place, 0);
    body->park_slots &= ~(1ul << thread->park_slot);
    list_remove(&thread->in_body);
    body->thread_count--;
    store_give(&threads, thread);
}

void thread_unmake(struct body *body, struct thread *thread)
{
    (void)byre_cap_delete(body->captable, thread->park_slot);
    thread_end(body, thread);
}

uint64_t thread_id(const struct thread *thread)
{
    return (store_index(&threads, thread) + 1) | thread->serial << 32;
}

struct thread *thread_by_id(struct body *body, uint64_t id)
{
    LIST_EACH(node, &body->threads)
    {
        struct thread *thread = LIST_OWNER(node, struct thread, in_body);
        if (thread_id(thread) == id) {
            return thread;
        }
    }
    return NULL;
}

uint32_t thread_count(void)
{
    return threads.live;
}

void thread_tell(struct object_book *book)
{
    (void)store_tell(&threads, book, "thread", offsetof(struct thread, place));
    store_tell(&threads, book, "park", offsetof(struct thread, park_place))->may_be_gone = 1;
}

uint64_t thread_fail_after(uint64_t takes)
{
    return store_fail_after(&threads, takes);
}
