/* Bodies of processes; contract in body.h. */
#include "body.h"

#include <byre/gen/pager_client.h>
#include <byre/gen/proc.h>
#include <byre/pager_boot.h>
#include <byre/program.h>
#include <byre/server.h>
#include <byre/table.h>

#include "slots.h"
#include "thread.h"

static cap_t space_slot; /* B5 */

void bodies_init(void)
{
    space_slot = slot_take();
}

void body_init(struct body *body)
{
    *body = (struct body){0};
    list_init(&body->threads);
}

/* -------------------------------------------------------------------------------- spaces */

/* The pager has answered: with the capability, or not. */
static err_t body_got_space(struct body *body, err_t error)
{
    if (error == ERR_OK) {
        body->space = space_slot;
    }
    return error;
}

static err_t body_made_space(struct body *body, err_t error)
{
    if (error != ERR_OK) {
        body->space_id = 0;
    }
    return body_got_space(body, error);
}

/* Who is short of memory, or audits, may make the pager forget an image before it was of use. */
enum { TEACH_MAX = 4 };

/* I3 of image.h: a space with the program's regions, which lives just long enough for it. */
static err_t body_teach_image(uint64_t account, struct image *image)
{
    const struct load_plan *plan = &image->plan;
    uint64_t space_id;

    err_t error = pager_space_create(SERVER_SLOT_PAGER, account, plan->image_end,
                                     plan->stack_top - plan->stack_pages * PAGE_BYTES,
                                     plan->stack_pages, &space_id);
    if (error != ERR_OK) {
        return error;
    }
    error = load_plan_apply(SERVER_SLOT_PAGER, space_id, plan, 0);
    if (error == ERR_OK) {
        error = pager_image_make(SERVER_SLOT_PAGER, space_id, &image->number);
    }
    (void)pager_space_destroy(SERVER_SLOT_PAGER, space_id); /* the pager knows its own space */
    return error;
}

/* The pager has copied the beginning of a long block, and copies the rest piece by piece, so that
 * nobody's faults wait for all of it. */
__attribute__((noinline)) static err_t body_copy_rest(const struct body *body,
                                                      const struct body_block *block, uint64_t at,
                                                      uint64_t copied)
{
    err_t error = ERR_OK;

    while (error == ERR_OK && copied < block->bytes) {
        uint64_t more = 0;
        error = pager_space_copy(SERVER_SLOT_PAGER, body->space_id, at + copied, block->space_id,
                                 block->address + copied, block->bytes - copied, &more);
        copied += more;
    }
    return error;
}

err_t body_make_space(struct body *body, uint64_t account, struct image *image,
                      const struct body_block *block, uint64_t *block_out)
{
    uint64_t copied = 0;
    err_t error;

    for (unsigned taught = 0;; taught++) {
        error = pager_space_begin(SERVER_SLOT_PAGER, image->number, account, block->space_id,
                                  block->address, block->bytes, &body->space_id, block_out, &copied,
                                  space_slot);
        if (error != PAGER_ERR_NOENT || taught == TEACH_MAX) {
            break;
        }
        error = body_teach_image(account, image);
        if (error != ERR_OK) {
            break;
        }
    }
    error = body_made_space(body, error == PAGER_ERR_NOENT ? PAGER_ERR_NOMEM : error);
    if (error == ERR_OK && copied < block->bytes) {
        error = body_copy_rest(body, block, *block_out, copied);
        if (error != ERR_OK) {
            body_unmake(body);
        }
    }
    return error;
}

err_t body_fork_space(struct body *body, const struct body *from, uint64_t account,
                      uint64_t stack_pointer)
{
    err_t error =
        pager_space_fork(SERVER_SLOT_PAGER, from->space_id, account, stack_pointer,
                         from->thread_count == 1 ? FORK_RESTS : 0, &body->space_id, space_slot);
    return body_made_space(body, error);
}

static void body_let_space_go(struct body *body)
{
    if (body->space != 0) {
        (void)byre_cap_delete(0, body->space);
        body->space = 0;
    }
}

/* -------------------------------------------------------------------------------- tables */

static err_t body_fill_table(const struct body *body, uint64_t badge, bool auditor,
                             const struct thread *thread)
{
    uint64_t audit = slot_copy_word(PROC_SLOT_PAGER_BASE, PROGRAM_SLOT_AUDIT, RIGHT_CALL);
    uint64_t done;

    return byre_cap_copies(
        body->captable.capability,
        slot_copy_word(SERVER_SLOT_ENDPOINT, PROGRAM_SLOT_PROC, RIGHT_CALL), badge,
        slot_copy_word(PROC_SLOT_PAGER_BASE, PROGRAM_SLOT_PAGER, RIGHT_CALL), body->space_id,
        slot_copy_word(PROC_SLOT_CONSOLE_BASE, PROGRAM_SLOT_CONSOLE, RIGHT_CALL), badge,
        thread_park_copy(thread), 0, auditor ? audit : 0, body->space_id | PAGER_BADGE_AUDIT,
        slot_copy_word(SERVER_SLOT_MACHINE, PROGRAM_SLOT_MACHINE, RIGHT_CALL), 0, &done);
}

/* --------------------------------------------------------------------------------- bodies */

err_t body_equip(struct body *body, uint64_t badge, bool auditor, struct thread **thread_out)
{
    err_t error = thread_make(body, thread_out);

    if (error == ERR_OK) {
        error = body_fill_table(body, badge, auditor, *thread_out);
    }
    return error;
}

err_t body_run(struct body *body, const struct thread *thread, const struct thread_start *start)
{
    err_t error = thread_run(body, thread, start);

    if (error == ERR_OK) {
        body->space = 0; /* it took the capability */
    }
    body_let_space_go(body);
    return error;
}

/* Its park and the space's capability, for what thread_make made. */
static err_t body_start_thread(struct body *body, const struct thread *thread,
                               const struct thread_start *start)
{
    uint64_t done;

    err_t error = byre_cap_copies(body->captable.capability, thread_park_copy(thread), 0, 0, 0, 0,
                                  0, 0, 0, 0, 0, 0, 0, &done);
    if (error == ERR_OK) {
        error =
            body_got_space(body, pager_space_bind(SERVER_SLOT_PAGER, body->space_id, space_slot));
    }
    return error == ERR_OK ? body_run(body, thread, start) : error;
}

err_t body_add_thread(struct body *body, const struct thread_start *start,
                      struct thread **thread_out)
{
    err_t error = thread_make(body, thread_out);
    if (error != ERR_OK) {
        return error;
    }
    error = body_start_thread(body, *thread_out, start);
    if (error != ERR_OK) {
        body_drop_thread(body, *thread_out);
        return PROC_ERR_NOMEM;
    }
    return ERR_OK;
}

void body_drop_thread(struct body *body, struct thread *thread)
{
    (void)byre_cap_delete(body->captable.capability, thread->park_slot);
    thread_end(body, thread);
}

uint64_t body_harts(const struct body *body)
{
    uint64_t harts = 0;

    LIST_EACH(node, &body->threads)
    {
        harts |= 1ul << thread_hart(LIST_OWNER(node, struct thread, in_body));
    }
    return harts;
}

void body_unmake(struct body *body)
{
    while (body->thread_count > 1) {
        thread_end(body, LIST_OWNER(body->threads.next, struct thread, in_body));
    }
    if (body->thread_count == 1) {
        thread_end_last(body, LIST_OWNER(body->threads.next, struct thread, in_body));
    } else {
        object_unmake(&body->captable); /* nothing, or what was made before a thread failed */
    }
    body_let_space_go(body);
    if (body->space_id != 0) {
        /* An error would mean that the pager does not know its own space: nothing left to undo. */
        (void)pager_space_destroy(SERVER_SLOT_PAGER, body->space_id);
    }
    body_init(body);
}

void body_move(struct body *to, struct body *from)
{
    *to = *from;
    list_init(&to->threads);
    while (!list_is_empty(&from->threads)) {
        struct list *node = from->threads.next;
        list_remove(node);
        list_append(&to->threads, node);
    }
    body_init(from);
}
