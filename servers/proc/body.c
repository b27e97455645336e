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

void body_init(struct body *body)
{
    *body = (struct body){0};
    list_init(&body->threads);
}

err_t body_make_space(struct body *body, uint64_t account, uint64_t parent_space,
                      const struct load_plan *plan)
{
    cap_t slot = slot_take();
    if (slot == 0) {
        return PROC_ERR_NOMEM;
    }
    err_t error = pager_space_create(SERVER_SLOT_PAGER, account, parent_space, plan->image_end,
                                     plan->stack_top - plan->stack_pages * PAGE_BYTES,
                                     plan->stack_pages, &body->space_id, slot);
    if (error != ERR_OK) {
        body->space_id = 0;
        slot_give(slot);
        return error;
    }
    body->space = slot;
    return ERR_OK;
}

err_t body_fork_space(struct body *body, uint64_t from_space, uint64_t account,
                      uint64_t stack_pointer)
{
    cap_t slot = slot_take();
    if (slot == 0) {
        return PROC_ERR_NOMEM;
    }
    err_t error = pager_space_fork(SERVER_SLOT_PAGER, from_space, account, stack_pointer,
                                   &body->space_id, slot);
    if (error != ERR_OK) {
        body->space_id = 0;
        slot_give(slot);
        return error;
    }
    body->space = slot;
    return ERR_OK;
}

static err_t body_fill_table(const struct body *body, uint64_t badge, bool auditor)
{
    const struct {
        cap_t from;
        cap_t to;
        uint64_t rights;
        uint64_t badge;
    } all[] = {
        {SERVER_SLOT_ENDPOINT, PROGRAM_SLOT_PROC, RIGHT_CALL, badge},
        {PROC_SLOT_PAGER_BASE, PROGRAM_SLOT_PAGER, RIGHT_CALL, body->space_id},
        {PROC_SLOT_CONSOLE_BASE, PROGRAM_SLOT_CONSOLE, RIGHT_CALL, badge},
        {PROC_SLOT_PAGER_BASE, PROGRAM_SLOT_AUDIT, RIGHT_CALL, body->space_id | PAGER_BADGE_AUDIT},
        {SERVER_SLOT_MACHINE, PROGRAM_SLOT_MACHINE, RIGHT_CALL, 0},
    };
    enum { ORDINARY = 3 };
    unsigned count = auditor ? sizeof(all) / sizeof(all[0]) : ORDINARY;

    for (unsigned i = 0; i < count; i++) {
        err_t error =
            byre_cap_copy(0, all[i].from, body->captable, all[i].to, all[i].rights, all[i].badge);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

static void body_unmake_table(struct body *body)
{
    if (body->captable != 0) {
        object_unmake(&body->captable_place, body->captable);
        slot_give(body->captable);
        body->captable = 0;
    }
}

err_t body_equip(struct body *body, uint64_t badge, bool auditor, struct thread **thread_out)
{
    cap_t slot = slot_take();
    if (slot == 0) {
        return PROC_ERR_NOMEM;
    }
    err_t error = object_make(OBJECT_CAPTABLE, 0, slot, &body->captable_place);
    if (error != ERR_OK) {
        slot_give(slot);
        return error;
    }
    body->captable = slot;
    error = body_fill_table(body, badge, auditor);
    if (error == ERR_OK) {
        error = thread_make(body, thread_out);
    }
    if (error != ERR_OK) {
        body_unmake_table(body);
    }
    return error;
}

void body_unmake(struct body *body)
{
    while (!list_is_empty(&body->threads)) {
        thread_end(body, LIST_OWNER(body->threads.next, struct thread, in_body));
    }
    body_unmake_table(body);
    slot_drop(body->space);
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
