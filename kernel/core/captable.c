/* Capability tables, and the calls that work on their slots. */
#include "core/captable.h"

#include "arch.h"
#include "core/syscall.h"

enum { PROGRESS_NTH_SHIFT = 62 }; /* no generation reaches it */

err_t captable_refusal(struct captable *table, uint64_t index, enum object_type type,
                       unsigned rights)
{
    const struct capability *slot = captable_slot(table, index);

    return slot == NULL ? ERR_CAP_RANGE : capability_check(slot, type, rights);
}

err_t captable_find_empty(struct captable *table, uint64_t index, struct capability **slot_out)
{
    *slot_out = captable_slot(table, index);
    REFUSE_IF(*slot_out == NULL, ERR_CAP_RANGE);
    return capability_is_empty(*slot_out) ? ERR_OK : ERR_SLOT_FULL;
}

err_t captable_drain(struct captable *table)
{
    struct capability *slots = (struct capability *)(void *)table;
    uint64_t slice = 1 + ((table->slot_count - 1) & (CAPTABLE_SLICE_SLOTS - 1)); /* by Q3 */

    while (table->drained < table->slot_count) {
        struct capability *slot = slots + table->drained + (table->drained == 0);
        const struct capability *end = slots + (table->drained += slice);

#pragma GCC unroll 4
        for (; slot != end; slot++) {
            if (!capability_is_empty(slot)) {
                capability_delete(slot);
            }
        }
        REFUSE_IF(table->drained < table->slot_count && arch_interrupt_pending(), ERR_RESTART);
    }
    table->drained = 0; /* as new */
    return ERR_OK;
}

/* The capability of any type in a slot. */
ALWAYS_INLINE err_t find_any(struct captable *table, uint64_t index, struct capability **slot_out)
{
    *slot_out = captable_slot(table, index);
    REFUSE_IF(*slot_out == NULL, ERR_CAP_RANGE);
    return capability_is_empty(*slot_out) ? ERR_CAP_EMPTY : ERR_OK;
}

ALWAYS_INLINE err_t find_alive(struct captable *table, uint64_t index, struct capability **slot_out)
{
    TRY(find_any(table, index, slot_out));
    return capability_is_alive(*slot_out) ? ERR_OK : ERR_CAP_DEAD;
}

/* May it be copied, with that badge? */
ALWAYS_INLINE err_t check_copy(const struct capability *source, uint64_t badge)
{
    enum object_type type = capability_type(source);

    REFUSE_IF(type == OBJECT_REPLY, ERR_CAP_TYPE); /* P4 */
    REFUSE_IF(badge != 0 && type != OBJECT_ENDPOINT && type != OBJECT_NOTIFICATION, ERR_ARGUMENT);
    REFUSE_IF((source->rights & RIGHT_GRANT) == 0 ||
                  (badge != 0 && ((source->rights & RIGHT_MANAGE) == 0 || source->badge != 0)),
              ERR_RIGHTS);
    return ERR_OK;
}

ALWAYS_INLINE err_t copy(struct captable *from, uint64_t source_slot, struct captable *to,
                         uint64_t target_slot, uint64_t rights, uint64_t badge)
{
    struct capability *source, *target;

    TRY(find_alive(from, source_slot, &source));
    TRY(check_copy(source, badge));
    TRY(captable_find_empty(to, target_slot, &target));
    *target = *source;
    target->rights &= (uint8_t)rights;
    if (badge != 0) {
        target->badge = badge;
    }
    return ERR_OK;
}

err_t sys_cap_copy(struct thread *caller, struct captable *source_table,
                   struct captable *target_table)
{
    return copy(source_table, argument(caller, 1), target_table, argument(caller, 3),
                argument(caller, 4), argument(caller, 5));
}

err_t sys_cap_copies(struct thread *caller, struct captable *target_table)
{
    unsigned done = 0;
    err_t error = ERR_OK;

#pragma GCC unroll 6
    for (unsigned i = 0; i < CAP_COPIES_MAX; i++) {
        uint64_t word = argument(caller, 1 + 2 * i);

        if (word == 0 || error != ERR_OK) {
            break;
        }
        error = copy(caller->captable, word & UINT16_MAX, target_table, word >> 16 & UINT16_MAX,
                     word >> 32, argument(caller, 2 + 2 * i));
        done += error == ERR_OK;
    }
    result(caller, 0, done);
    return error;
}

err_t sys_cap_move(struct thread *caller, struct captable *source_table,
                   struct captable *target_table)
{
    struct capability *source, *target;

    TRY(find_alive(source_table, argument(caller, 1), &source));
    TRY(captable_find_empty(target_table, argument(caller, 3), &target));
    capability_move(source, target);
    return ERR_OK;
}

err_t sys_cap_delete(struct thread *caller, struct captable *table)
{
    struct capability *slot;

    TRY(find_any(table, argument(caller, 1), &slot));
    capability_delete(slot);
    return ERR_OK;
}

err_t sys_cap_info(struct thread *caller, struct captable *table)
{
    struct capability *slot;
    enum object_type type;
    bool is_range;

    TRY(find_alive(table, argument(caller, 1), &slot));
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

/* nth: of those that are renewed; 0: it is destroyed. If there is more to do, the slot keeps only
 * the right to finish it, so that the call made again finds it; what the call leaves as progress
 * says which it was of these, and any other is checked from the start. */
static err_t end_object(struct thread *caller, struct captable *table, uint64_t index, uint64_t nth)
{
    unsigned rights = nth == 0 ? RIGHT_DESTROY : RIGHTS_ALL;
    struct capability *slot;
    struct object *object;
    err_t error;

    TRY(find_any(table, index, &slot));
    if (!capability_is_alive(slot)) {
        REFUSE_IF(caller->progress == 0 || nth != 0, ERR_CAP_DEAD);
        capability_delete(slot); /* another destroyer finished it */
        return ERR_OK;
    }
    REFUSE_IF(capability_type(slot) >= OBJECT_MEMORY, ERR_CAP_TYPE);
    object = slot->object;
    if ((object->header & OBJECT_DYING) == 0 ||
        caller->progress != (object->header | nth << PROGRESS_NTH_SHIFT)) {
        REFUSE_IF((slot->rights & rights) != rights, ERR_RIGHTS);
        REFUSE_IF(object == &table->object, ERR_BUSY); /* the slot would go before the end */
        TRY(object_destroy_begin(object, caller));
    }
    error = nth == 0 ? object_destroy_go_on(object) : object_renew_go_on(object, caller->hart);
    caller->progress = object->header | nth << PROGRESS_NTH_SHIFT;
    capability_make(slot, object, error == ERR_OK ? RIGHTS_ALL : RIGHT_DESTROY, 0);
    if (error == ERR_OK && nth == 0) {
        *slot = (struct capability){0};
    }
    return error;
}

err_t sys_cap_destroy(struct thread *caller, struct captable *table)
{
    return end_object(caller, table, argument(caller, 1), 0);
}

err_t sys_cap_renew(struct thread *caller, struct captable *table)
{
    uint64_t nth = caller->progress >> PROGRESS_NTH_SHIFT; /* that it is at; 0: it begins */

    nth += nth == 0;
    do {
        TRY(end_object(caller, table, argument(caller, (unsigned)nth), nth));
        caller->progress = ++nth << PROGRESS_NTH_SHIFT; /* its end may have to wait */
    } while (nth <= CAP_RENEW_MAX && argument(caller, (unsigned)nth) != 0);
    return ERR_OK;
}
