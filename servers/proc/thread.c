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

static struct {
    struct store store;
    uint64_t serial;
} threads;

void thread_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit)
{
    store_init(&threads.store, owner, address, sizeof(struct thread), limit);
    store_prepare(&threads.store);
}

static uint32_t park_slot_find(const struct body *body)
{
    if (list_is_empty(&body->threads)) {
        return PROGRAM_SLOT_PARK;
    }
    uint64_t taken = body->park_slots | ((1ul << PARK_SLOT_FIRST) - 1);
    return taken == ~0ul ? 0 : 63 - (uint32_t)__builtin_clzl(~taken);
}

static void thread_drop(struct thread *thread)
{
    object_unmake(&thread->object);
    object_unmake(&thread->park);
    store_give(&threads.store, thread);
}

/* The first thread's come with the body's table. */
static bool thread_make_objects(struct body *body, struct thread *thread)
{
    bool is_first = body->thread_count == 0;

    if (is_first && object_take_spares(&body->captable, &thread->object, &thread->park)) {
        return true;
    }
    return (!is_first || object_make(OBJECT_CAPTABLE, &body->captable) == ERR_OK) &&
           object_make(OBJECT_NOTIFICATION, &thread->park) == ERR_OK &&
           object_make(OBJECT_THREAD, &thread->object) == ERR_OK;
}

err_t thread_make(struct body *body, struct thread **thread_out)
{
    uint32_t park_slot = park_slot_find(body);
    if (park_slot == 0) {
        return PROC_ERR_AGAIN;
    }
    struct thread *thread = store_take(&threads.store);
    if (thread == NULL) {
        return PROC_ERR_NOMEM;
    }
    if (!thread_make_objects(body, thread)) {
        thread_drop(thread);
        return PROC_ERR_NOMEM;
    }
    thread->park_slot = park_slot;
    thread->serial = ++threads.serial;
    body->park_slots |= 1ul << park_slot;
    list_append(&body->threads, &thread->in_body);
    body->thread_count++;
    *thread_out = thread;
    return ERR_OK;
}

err_t thread_run(const struct body *body, const struct thread *thread,
                 const struct thread_start *start)
{
    return byre_thread_begin(thread->object.capability, body->space, body->captable.capability,
                             PROC_SLOT_PAGER_BASE, body->space_id, THREAD_PRIORITY,
                             THREAD_MAY_USE_FP, start->pc, start->sp, start->tp, start->argument,
                             0);
}

static void thread_leave(struct body *body, struct thread *thread)
{
    body->park_slots &= ~(1ul << thread->park_slot);
    list_remove(&thread->in_body);
    body->thread_count--;
}

void thread_end(struct body *body, struct thread *thread)
{
    thread_leave(body, thread);
    thread_drop(thread);
}

void thread_end_last(struct body *body, struct thread *thread)
{
    thread_leave(body, thread);
    if (object_leave_spares(&body->captable, &thread->object, &thread->park)) {
        store_give(&threads.store, thread);
    } else {
        thread_drop(thread);
        object_unmake(&body->captable);
    }
}

unsigned thread_hart(const struct thread *thread)
{
    uint64_t state, priority, run_ticks, faults, hart = 0;

    /* An error would mean that the kernel does not know the thread: none ran. */
    (void)byre_thread_info(thread->object.capability, &state, &priority, &run_ticks, &faults,
                           &hart);
    return (unsigned)hart;
}

uint64_t thread_id(const struct thread *thread)
{
    return (store_index(&threads.store, thread) + 1) | thread->serial << 32;
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
    return threads.store.live;
}

void thread_tell(struct object_book *book)
{
    store_tell(&threads.store, book, "thread", offsetof(struct thread, object.place));
    store_tell(&threads.store, book, "park", offsetof(struct thread, park.place));
}

uint64_t thread_fail_after(uint64_t takes)
{
    return store_fail_after(&threads.store, takes);
}
