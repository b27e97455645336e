/* Capability tables, and the calls that work on their slots. */
#include "core/captable.h"

#include "arch.h"
#include "core/syscall.h"

err_t captable_argument(const struct thread *caller, unsigned n, enum object_type type,
                        unsigned rights, struct capability **capability_out)
{
    return captable_find(caller->captable, argument(caller, n), type, rights, capability_out);
}

err_t captable_find_empty(struct captable *table, uint64_t index, struct capability **slot_out)
{
    *slot_out = captable_slot(table, index);
    REFUSE_IF(*slot_out == NULL, ERR_CAP_RANGE);
    return capability_is_empty(*slot_out) ? ERR_OK : ERR_SLOT_FULL;
}

err_t captable_named(const struct thread *caller, unsigned n, unsigned rights,
                     struct captable **table_out)
{
    struct capability *capability;

    if (argument(caller, n) == 0) {
        *table_out = caller->captable;
        return ERR_OK;
    }
    TRY(captable_argument(caller, n, OBJECT_CAPTABLE, rights, &capability));
    *table_out = (struct captable *)capability->object;
    return ERR_OK;
}

err_t captable_drain(struct captable *table)
{
    while (table->drained + 1 < table->slot_count) {
        struct capability *slot = (struct capability *)(void *)table + ++table->drained;

        if (!capability_is_empty(slot)) {
            capability_delete(slot);
        }
        REFUSE_IF(table->drained % CAPTABLE_SLICE_SLOTS == 0 && arch_interrupt_pending(),
                  ERR_RESTART);
    }
    return ERR_OK;
}

/* The capability of any type in the slot that the second argument names. */
static err_t find_any(const struct thread *caller, struct captable *table,
                      struct capability **slot_out)
{
    *slot_out = captable_slot(table, argument(caller, 1));
    REFUSE_IF(*slot_out == NULL, ERR_CAP_RANGE);
    return capability_is_empty(*slot_out) ? ERR_CAP_EMPTY : ERR_OK;
}

static err_t find_alive(const struct thread *caller, struct captable *table,
                        struct capability **slot_out)
{
    TRY(find_any(caller, table, slot_out));
    return capability_is_alive(*slot_out) ? ERR_OK : ERR_CAP_DEAD;
}

/* May it be copied, with that badge? */
static err_t check_copy(const struct capability *source, uint64_t badge)
{
    enum object_type type = capability_type(source);

    REFUSE_IF(type == OBJECT_REPLY, ERR_CAP_TYPE); /* P4 */
    REFUSE_IF(badge != 0 && type != OBJECT_ENDPOINT && type != OBJECT_NOTIFICATION, ERR_ARGUMENT);
    REFUSE_IF((source->rights & RIGHT_GRANT) == 0 ||
                  (badge != 0 && ((source->rights & RIGHT_MANAGE) == 0 || source->badge != 0)),
              ERR_RIGHTS);
    return ERR_OK;
}

err_t sys_cap_copy(struct thread *caller, struct captable *source_table,
                   struct captable *target_table)
{
    uint64_t badge = argument(caller, 5);
    struct capability *source, *target;

    TRY(find_alive(caller, source_table, &source));
    TRY(check_copy(source, badge));
    TRY(captable_find_empty(target_table, argument(caller, 3), &target));
    *target = *source;
    target->rights &= argument(caller, 4);
    if (badge != 0) {
        target->badge = badge;
    }
    return ERR_OK;
}

err_t sys_cap_move(struct thread *caller, struct captable *source_table,
                   struct captable *target_table)
{
    struct capability *source, *target;

    TRY(find_alive(caller, source_table, &source));
    TRY(captable_find_empty(target_table, argument(caller, 3), &target));
    *target = *source;
    *source = (struct capability){0};
    return ERR_OK;
}

err_t sys_cap_delete(struct thread *caller, struct captable *table)
{
    struct capability *slot;

    TRY(find_any(caller, table, &slot));
    capability_delete(slot);
    return ERR_OK;
}

err_t sys_cap_info(struct thread *caller, struct captable *table)
{
    struct capability *slot;
    enum object_type type;
    bool is_range;

    TRY(find_alive(caller, table, &slot));
    type = capability_type(slot);
    is_range = type == OBJECT_MEMORY || type == OBJECT_DEVICE;
    result(caller, 0, type);
    result(caller, 1, slot->rights);
    result(caller, 2, is_range ? 0 : slot->badge);
    result(caller, 3, is_range ? slot->first_frame : 0);
    result(caller, 4, is_range ? slot->frames : 0);
    if (type == OBJECT_CAPTABLE) {
        result(caller, 3, ((const struct captable *)slot->object)->slot_count);
    }
    return ERR_OK;
}

/* The slot keeps only the right to finish what was begun, so that a call made again finds it. */
err_t sys_cap_destroy(struct thread *caller, struct captable *table)
{
    struct capability *slot;
    struct object *object;

    TRY(find_any(caller, table, &slot));
    if (!capability_is_alive(slot)) {
        REFUSE_IF(caller->progress == 0, ERR_CAP_DEAD);
        capability_delete(slot); /* another destroyer finished it */
        return ERR_OK;
    }
    REFUSE_IF(capability_type(slot) >= OBJECT_MEMORY, ERR_CAP_TYPE);
    REFUSE_IF((slot->rights & RIGHT_DESTROY) == 0, ERR_RIGHTS);
    object = slot->object;
    if (caller->progress != object->header) {
        REFUSE_IF(object == &table->object,
                  ERR_BUSY); /* the slot would be emptied before the end */
        TRY(object_destroy_begin(object, caller));
        capability_make(slot, object, RIGHT_DESTROY, 0);
        caller->progress = object->header;
    }
    TRY(object_destroy_go_on(object));
    *slot = (struct capability){0};
    return ERR_OK;
}
