/* The table calls that work on ranges of entries, in slices (Y1): a call's progress is the number
 * of entries passed and, in the upper half, of those changed. */
#include "core/table.h"

#include "arch.h"
#include "core/captable.h"
#include "core/memory.h"
#include "core/syscall.h"

struct range_call {
    struct table table;  /* whose entries are worked on; table_copy: the source */
    struct table target; /* table_copy */
    struct capability *memory;
    uint64_t index;
    uint64_t entries;
    uint64_t map_word;     /* table_map_run */
    uint64_t device_frame; /* table_map_device */
    uint64_t rights;       /* table_map_device */
};

/* What to do with entry `index`, the n-th of the call. */
typedef err_t range_step(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out);

enum range_mode { RANGE_EVERY, RANGE_USED }; /* RANGE_USED skips groups that were never used (T4) */

__attribute__((always_inline)) static inline err_t for_range(struct thread *caller,
                                                             struct range_call *call,
                                                             enum range_mode mode, range_step *step)
{
    uint64_t passed = caller->progress & UINT32_MAX;
    uint64_t changed = caller->progress >> 32;
    unsigned visited = 0;
    err_t error = ERR_OK;

    while (passed < call->entries) {
        uint64_t index = call->index + passed;
        bool is_changed = false;

        if (visited >= TABLE_SLICE_ENTRIES && index % TABLE_GROUP_ENTRIES == 0) {
            visited = 0; /* between groups, so that step_drop sees a group whole */
            if (arch_interrupt_pending()) {
                caller->progress = passed | changed << 32;
                return ERR_RESTART;
            }
        }
        visited++;
        if (mode == RANGE_USED &&
            (call->table.record->groups >> (index / TABLE_GROUP_ENTRIES) & 1) == 0) {
            passed += TABLE_GROUP_ENTRIES - index % TABLE_GROUP_ENTRIES;
            continue;
        }
        error = step(call, index, passed, &is_changed);
        if (error != ERR_OK) {
            break;
        }
        changed += is_changed;
        passed++;
    }
    result(caller, 0, changed);
    return error;
}

/* Arguments memory, table, index, entries, which all of these calls begin with. */
static err_t decode(struct thread *caller, struct range_call *call)
{
    err_t error =
        table_find(caller, argument(caller, 0), argument(caller, 1), &call->table, &call->memory);

    call->index = argument(caller, 2);
    call->entries = argument(caller, 3);
    return error != ERR_OK ? error : table_check_range(&call->table, call->index, call->entries);
}

static err_t decode_at_leaf(struct thread *caller, struct range_call *call)
{
    err_t error = decode(caller, call);

    return error == ERR_OK && call->table.level != TABLE_LEVEL_LEAF ? ERR_LEVEL : error;
}

static err_t decode_above_leaf(struct thread *caller, struct range_call *call)
{
    err_t error = decode(caller, call);

    return error == ERR_OK && call->table.level == TABLE_LEVEL_LEAF ? ERR_LEVEL : error;
}

static uint64_t as_lazy(uint64_t entry)
{
    return entry_frame(entry).number << PTE_FRAME_SHIFT | PTE_LAZY;
}

static err_t step_map_run(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry;
    err_t error = table_compose(call->memory, call->map_word + (n << MAP_FRAME_SHIFT), &entry);

    if (error == ERR_OK) {
        table_write(&call->table, index, entry);
        *changed_out = true;
    }
    return error;
}

err_t sys_table_map_run(struct thread *caller)
{
    struct range_call call;
    err_t error = decode_at_leaf(caller, &call);

    if (error != ERR_OK) {
        result(caller, 0, 0);
        return error;
    }
    call.map_word = argument(caller, 4);
    if (call.map_word > UINT32_MAX) {
        result(caller, 0, 0);
        return ERR_ARGUMENT;
    }
    return for_range(caller, &call, RANGE_EVERY, step_map_run);
}

static err_t step_map_device(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = (call->device_frame + n) << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A | PTE_R;

    table_write(&call->table, index, (call->rights & MAP_W) != 0 ? entry | PTE_W | PTE_D : entry);
    *changed_out = true;
    return ERR_OK;
}

err_t sys_table_map_device(struct thread *caller)
{
    struct range_call call;
    struct capability *device;
    err_t error = decode_at_leaf(caller, &call);

    call.device_frame = argument(caller, 5);
    call.rights = argument(caller, 6);
    if (error == ERR_OK) {
        error = captable_find(caller->captable, argument(caller, 4), OBJECT_DEVICE, 0, &device);
    }
    if (error != ERR_OK) {
        return error;
    }
    if (call.rights != MAP_R && call.rights != (MAP_R | MAP_W)) {
        return ERR_ARGUMENT;
    }
    if ((call.rights & MAP_W) != 0 && (device->rights & RIGHT_WRITE) == 0) {
        return ERR_RIGHTS;
    }
    if (!memory_covers(device, (frame_t){call.device_frame}, call.entries)) {
        return ERR_RANGE;
    }
    error = for_range(caller, &call, RANGE_EVERY, step_map_device);
    if (error != ERR_RESTART) {
        result(caller, 0, 0); /* the call has no result; its argument is not to be changed either */
    }
    return error;
}

static err_t step_lazy(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = call->table.entries[index];

    (void)n;
    if ((entry & PTE_V) != 0 && entry_names_table(entry)) {
        table_write(&call->table, index, as_lazy(entry));
        *changed_out = true;
    }
    return ERR_OK;
}

err_t sys_table_lazy(struct thread *caller)
{
    struct range_call call;
    err_t error = decode_above_leaf(caller, &call);

    return error != ERR_OK ? error : for_range(caller, &call, RANGE_USED, step_lazy);
}

/* A lazy entry whose table nobody else names; kind and level are looked at again. */
static err_t step_thaw(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = call->table.entries[index];
    frame_t child = entry_frame(entry);
    const struct table_record *record;

    (void)n;
    if ((entry & PTE_V) != 0 || (entry & PTE_LAZY) == 0 || chunk_kind(child) != KIND_TABLE) {
        return ERR_OK;
    }
    record = table_record_of(child);
    if (record->count == 1 && record->state == call->table.level) {
        table_write(&call->table, index, child.number << PTE_FRAME_SHIFT | PTE_V);
        *changed_out = true;
    }
    return ERR_OK;
}

err_t sys_table_thaw(struct thread *caller)
{
    struct range_call call;
    err_t error = decode_above_leaf(caller, &call);

    return error != ERR_OK ? error : for_range(caller, &call, RANGE_USED, step_thaw);
}

static err_t step_protect(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = call->table.entries[index];

    (void)n;
    if ((entry & (PTE_V | PTE_W)) == (PTE_V | PTE_W)) {
        table_write(&call->table, index, entry & ~(uint64_t)(PTE_W | PTE_D));
        *changed_out = true;
    }
    return ERR_OK;
}

err_t sys_table_protect(struct thread *caller)
{
    struct range_call call;
    err_t error = decode_at_leaf(caller, &call);

    return error != ERR_OK ? error : for_range(caller, &call, RANGE_USED, step_protect);
}

static err_t step_drop(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = call->table.entries[index];

    if (entry != 0) {
        table_write(&call->table, index, 0);
        if (entry_names_table(entry)) {
            table_unref(entry_frame(entry));
        }
        *changed_out = true;
    }
    if (index % TABLE_GROUP_ENTRIES == TABLE_GROUP_ENTRIES - 1 && n >= TABLE_GROUP_ENTRIES - 1) {
        call->table.record->groups &= (uint16_t) ~(1u << (index / TABLE_GROUP_ENTRIES)); /* T4 */
    }
    return ERR_OK;
}

err_t sys_table_drop(struct thread *caller)
{
    struct range_call call;
    err_t error = decode(caller, &call);

    return error != ERR_OK ? error : for_range(caller, &call, RANGE_USED, step_drop);
}

/* A table entry: lazy in both, and counted. */
static err_t copy_table_entry(struct range_call *call, uint64_t index, uint64_t entry)
{
    struct table_record *record = table_record_of(entry_frame(entry));

    if (record->count == UINT32_MAX) {
        return ERR_COUNT;
    }
    record->count++;
    table_write(&call->table, index, as_lazy(entry));
    table_write(&call->target, index, as_lazy(entry));
    return ERR_OK;
}

static err_t step_copy(struct range_call *call, uint64_t index, uint64_t n, bool *changed_out)
{
    uint64_t entry = call->table.entries[index];

    (void)n;
    if (call->target.entries[index] != 0) {
        return ERR_OCCUPIED;
    }
    if (entry == 0) {
        return ERR_OK;
    }
    *changed_out = true;
    if (entry_names_table(entry)) {
        return copy_table_entry(call, index, entry);
    }
    if ((entry & PTE_V) != 0) {
        if (call->table.level != TABLE_LEVEL_LEAF) {
            return ERR_ARGUMENT; /* a 2 MiB leaf */
        }
        if (chunks.closing != 0 && chunk_kind(entry_frame(entry)) == KIND_CLOSING) {
            return ERR_KIND; /* C3 */
        }
        if ((entry & PTE_W) != 0) {
            entry &= ~(uint64_t)(PTE_W | PTE_D);
            table_write(&call->table, index, entry);
        }
    }
    table_write(&call->target, index, entry);
    return ERR_OK;
}

err_t sys_table_copy(struct thread *caller)
{
    struct range_call call;
    err_t error =
        table_find(caller, argument(caller, 0), argument(caller, 2), &call.table, &call.memory);

    if (error == ERR_OK) {
        error = table_open(call.memory, (frame_t){argument(caller, 1)}, &call.target);
    }
    call.index = argument(caller, 3);
    call.entries = argument(caller, 4);
    if (error == ERR_OK) {
        error = table_check_range(&call.table, call.index, call.entries);
    }
    if (error == ERR_OK && call.table.level != call.target.level) {
        error = ERR_LEVEL;
    }
    if (error == ERR_OK && call.table.frame.number == call.target.frame.number) {
        error = ERR_ARGUMENT;
    }
    if (error != ERR_OK) {
        result(caller, 0, 0);
        return error;
    }
    return for_range(caller, &call, RANGE_USED, step_copy);
}
