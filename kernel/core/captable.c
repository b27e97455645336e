#include "core/captable.h"

#include "arch.h"
#include "core/syscall.h"

err_t captable_find(struct captable *table, uint64_t index, enum object_type type, unsigned rights,
                    struct capability **capability_out)
{
    struct capability *capability = captable_slot(table, index);

    if (capability == NULL) {
        return ERR_CAP_RANGE;
    }
    *capability_out = capability;
    return capability_check(capability, type, rights);
}

err_t captable_find_empty(struct captable *table, uint64_t index, struct capability **slot_out)
{
    struct capability *slot = captable_slot(table, index);

    if (slot == NULL) {
        return ERR_CAP_RANGE;
    }
    *slot_out = slot;
    return capability_is_empty(slot) ? ERR_OK : ERR_SLOT_FULL;
}

err_t captable_named(struct thread *caller, uint64_t index, unsigned rights,
                     struct captable **table_out)
{
    struct capability *capability;
    err_t error;

    if (index == 0) {
        *table_out = caller->captable;
        return ERR_OK;
    }
    error = captable_find(caller->captable, index, OBJECT_CAPTABLE, rights, &capability);
    if (error == ERR_OK) {
        *table_out = (struct captable *)capability->object;
    }
    return error;
}

err_t captable_target(struct thread *caller, uint64_t table_index, uint64_t slot,
                      struct capability **slot_out)
{
    struct captable *table;
    err_t error = captable_named(caller, table_index, RIGHT_MANAGE, &table);

    return error != ERR_OK ? error : captable_find_empty(table, slot, slot_out);
}

err_t captable_drain(struct captable *table)
{
    while (table->drained + 1 < table->slot_count) {
        table->drained++;
        capability_delete((struct capability *)(void *)table + table->drained);
        if (table->drained % CAPTABLE_SLICE_SLOTS == 0 && arch_interrupt_pending()) {
            return ERR_RESTART;
        }
    }
    return ERR_OK;
}

/* The capability in a slot, for a call that works on slots of any type. */
static err_t find_any(struct thread *caller, uint64_t table_index, uint64_t slot_index,
                      unsigned table_rights, struct capability **slot_out)
{
    struct captable *table;
    err_t error = captable_named(caller, table_index, table_rights, &table);

    if (error != ERR_OK) {
        return error;
    }
    *slot_out = captable_slot(table, slot_index);
    if (*slot_out == NULL) {
        return ERR_CAP_RANGE;
    }
    return capability_is_empty(*slot_out) ? ERR_CAP_EMPTY : ERR_OK;
}

static err_t find_alive(struct thread *caller, uint64_t table_index, uint64_t slot_index,
                        unsigned table_rights, struct capability **slot_out)
{
    err_t error = find_any(caller, table_index, slot_index, table_rights, slot_out);

    if (error == ERR_OK && !capability_is_alive(*slot_out)) {
        return ERR_CAP_DEAD;
    }
    return error;
}

err_t sys_cap_copy(struct thread *caller)
{
    uint64_t rights = argument(caller, 4);
    uint64_t badge = argument(caller, 5);
    struct capability *source;
    struct capability *target;
    enum object_type type;
    err_t error =
        find_alive(caller, argument(caller, 0), argument(caller, 1), RIGHT_OBJECTS, &source);

    if (error != ERR_OK) {
        return error;
    }
    type = capability_type(source);
    if (type == OBJECT_REPLY) {
        return ERR_CAP_TYPE; /* P4 */
    }
    if ((source->rights & RIGHT_GRANT) == 0) {
        return ERR_RIGHTS;
    }
    if (badge != 0) {
        if (type != OBJECT_ENDPOINT && type != OBJECT_NOTIFICATION) {
            return ERR_ARGUMENT;
        }
        if ((source->rights & RIGHT_MANAGE) == 0 || source->badge != 0) {
            return ERR_RIGHTS;
        }
    }
    error = captable_target(caller, argument(caller, 2), argument(caller, 3), &target);
    if (error != ERR_OK) {
        return error;
    }
    *target = *source;
    target->rights &= rights;
    if (badge != 0) {
        target->badge = badge;
    }
    return ERR_OK;
}

err_t sys_cap_move(struct thread *caller)
{
    struct capability *source;
    struct capability *target;
    err_t error =
        find_alive(caller, argument(caller, 0), argument(caller, 1), RIGHT_MANAGE, &source);

    if (error == ERR_OK) {
        error = captable_target(caller, argument(caller, 2), argument(caller, 3), &target);
    }
    if (error != ERR_OK) {
        return error;
    }
    *target = *source;
    *source = (struct capability){0};
    return ERR_OK;
}

err_t sys_cap_delete(struct thread *caller)
{
    struct capability *slot;
    err_t error = find_any(caller, argument(caller, 0), argument(caller, 1), RIGHT_MANAGE, &slot);

    if (error == ERR_OK) {
        capability_delete(slot);
    }
    return error;
}

err_t sys_cap_info(struct thread *caller)
{
    struct capability *slot;
    uint64_t detail0 = 0;
    uint64_t detail1 = 0;
    uint64_t badge = 0;
    enum object_type type;
    err_t error =
        find_alive(caller, argument(caller, 0), argument(caller, 1), RIGHT_OBJECTS, &slot);

    if (error != ERR_OK) {
        return error;
    }
    type = capability_type(slot);
    if (type == OBJECT_MEMORY || type == OBJECT_DEVICE) {
        detail0 = slot->first_frame;
        detail1 = slot->frames;
    } else {
        badge = slot->badge;
    }
    if (type == OBJECT_CAPTABLE) {
        detail0 = ((const struct captable *)slot->object)->slot_count;
    }
    result(caller, 0, type);
    result(caller, 1, slot->rights);
    result(caller, 2, badge);
    result(caller, 3, detail0);
    result(caller, 4, detail1);
    return ERR_OK;
}

/* The slot keeps only the right to finish what was begun, so that a call made again finds it. */
err_t sys_cap_destroy(struct thread *caller)
{
    struct capability *slot;
    struct object *object;
    err_t error = find_any(caller, argument(caller, 0), argument(caller, 1), RIGHT_MANAGE, &slot);

    if (error != ERR_OK) {
        return error;
    }
    if (!capability_is_alive(slot)) {
        if (caller->progress == 0) {
            return ERR_CAP_DEAD;
        }
        capability_delete(slot); /* another destroyer finished it */
        return ERR_OK;
    }
    if (capability_type(slot) >= OBJECT_MEMORY) {
        return ERR_CAP_TYPE;
    }
    if ((slot->rights & RIGHT_DESTROY) == 0) {
        return ERR_RIGHTS;
    }
    object = slot->object;
    if (caller->progress != object->header) {
        struct captable *table = (struct captable *)object;

        if (object_type(object) == OBJECT_CAPTABLE && slot >= captable_slot(table, 1) &&
            slot < captable_slot(table, 1) + table->slot_count - 1) {
            return ERR_BUSY; /* the slot would be emptied before the end */
        }
        error = object_destroy_begin(object, caller);
        if (error != ERR_OK) {
            return error;
        }
        capability_make(slot, object, RIGHT_DESTROY, 0);
        caller->progress = object->header;
    }
    error = object_destroy_go_on(object);
    if (error == ERR_OK) {
        *slot = (struct capability){0};
    }
    return error;
}
