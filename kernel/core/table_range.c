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
    uint64_t first;   /* map word or device entry of the first */
    uint64_t changed; /* what the steps counted */
    uint64_t begun;   /* the entry at which this run began: what is below, another run passed */
    const struct thread *caller;
};

/* What to do with entry `index`, the n-th of the call. */
typedef err_t range_step(struct range_call *call, uint64_t index, uint64_t n);

enum range_mode { RANGE_EVERY, RANGE_USED }; /* RANGE_USED skips groups that were never used (T4) */
enum range_levels { LEVELS_ALL, LEVELS_LEAF, LEVELS_ABOVE_LEAF };

static err_t check(struct range_call *call, enum range_levels levels, unsigned first_argument)
{
    bool is_leaf = call->table.level == TABLE_LEVEL_LEAF;

    call->index = argument(call->caller, first_argument);
    call->entries = argument(call->caller, first_argument + 1);
    if ((levels == LEVELS_LEAF && !is_leaf) || (levels == LEVELS_ABOVE_LEAF && is_leaf)) {
        return ERR_LEVEL;
    }
    return table_check_range(&call->table, call->index, call->entries);
}

/* Arguments memory, table, index, entries, which most of these calls begin with. */
static err_t decode(const struct thread *caller, struct range_call *call, enum range_levels levels)
{
    call->caller = caller;
    TRY(table_find(caller, 0, &call->table, &call->memory));
    return check(call, levels, 2);
}

/* Do it, unless decoding gave an error. The result is how many entries changed, in any case. */
__attribute__((always_inline)) static inline err_t for_range(struct thread *caller,
                                                             struct range_call *call, err_t error,
                                                             enum range_mode mode, range_step *step)
{
    uint64_t passed = caller->progress & UINT32_MAX;
    unsigned visited = 0;

    call->changed = caller->progress >> 32;
    call->begun = call->index + passed;
    while (error == ERR_OK && passed < call->entries) {
        uint64_t index = call->index + passed;

        if (visited >= TABLE_SLICE_ENTRIES && index % TABLE_GROUP_ENTRIES == 0) {
            visited = 0; /* between groups, so that step_drop sees a group whole */
            if (arch_interrupt_pending()) {
                caller->progress = passed | call->changed << 32;
                return ERR_RESTART;
            }
        }
        visited++;
        if (mode == RANGE_USED &&
            (call->table.record->groups >> (index / TABLE_GROUP_ENTRIES) & 1) == 0) {
            passed += TABLE_GROUP_ENTRIES - index % TABLE_GROUP_ENTRIES;
        } else {
            error = step(call, index, passed++);
        }
    }
    result(caller, 0, call->changed);
    return error;
}

static void change(struct range_call *call, uint64_t index, uint64_t entry)
{
    table_write(&call->table, index, entry);
    call->changed++;
}

static uint64_t as_lazy(uint64_t entry)
{
    return entry_frame(entry).number << PTE_FRAME_SHIFT | PTE_LAZY;
}

static err_t step_map(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t pair = argument(call->caller, 4 + (unsigned)n / 2);
    uint64_t entry;

    TRY(table_compose(call->memory, n % 2 == 0 ? pair & UINT32_MAX : pair >> 32, &entry));
    change(call, index, entry);
    return ERR_OK;
}

err_t sys_table_map(struct thread *caller)
{
    struct range_call call;
    err_t error = decode(caller, &call, LEVELS_LEAF);

    if (argument(caller, 3) == 0 || argument(caller, 3) > TABLE_MAP_MAX) {
        error = error == ERR_OK || error == ERR_RANGE ? ERR_ARGUMENT : error;
    }
    return for_range(caller, &call, error, RANGE_EVERY, step_map);
}

static err_t step_map_run(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry;

    TRY(table_compose(call->memory, call->first + (n << MAP_FRAME_SHIFT), &entry));
    change(call, index, entry);
    return ERR_OK;
}

err_t sys_table_map_run(struct thread *caller)
{
    struct range_call call = {.first = argument(caller, 4)};
    err_t error = decode(caller, &call, LEVELS_LEAF);

    if (error == ERR_OK && call.first > UINT32_MAX) {
        error = ERR_ARGUMENT;
    }
    return for_range(caller, &call, error, RANGE_EVERY, step_map_run);
}

static err_t step_map_device(struct range_call *call, uint64_t index, uint64_t n)
{
    change(call, index, call->first + (n << PTE_FRAME_SHIFT));
    return ERR_OK;
}

static err_t decode_device(const struct thread *caller, struct range_call *call)
{
    uint64_t frame = argument(caller, 5);
    uint64_t rights = argument(caller, 6);
    struct capability *device;

    TRY(decode(caller, call, LEVELS_LEAF));
    TRY(captable_argument(caller, 4, OBJECT_DEVICE, 0, &device));
    if (rights != MAP_R && rights != (MAP_R | MAP_W)) {
        return ERR_ARGUMENT;
    }
    if (rights != MAP_R && (device->rights & RIGHT_WRITE) == 0) {
        return ERR_RIGHTS;
    }
    if (!memory_covers(device, (frame_t){frame}, call->entries)) {
        return ERR_RANGE;
    }
    call->first = table_entry(frame, rights, 0);
    return ERR_OK;
}

err_t sys_table_map_device(struct thread *caller)
{
    struct range_call call;
    uint64_t a1 = argument(caller, 1);
    err_t error =
        for_range(caller, &call, decode_device(caller, &call), RANGE_EVERY, step_map_device);

    caller->registers[REGISTER_A1] = a1; /* this call has no result */
    return error;
}

static err_t step_lazy(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry = call->table.entries[index];

    (void)n;
    if ((entry & PTE_V) != 0 && entry_names_table(entry)) {
        change(call, index, as_lazy(entry));
    }
    return ERR_OK;
}

err_t sys_table_lazy(struct thread *caller)
{
    struct range_call call;

    return for_range(caller, &call, decode(caller, &call, LEVELS_ABOVE_LEAF), RANGE_USED,
                     step_lazy);
}

/* A lazy entry whose table nobody else names; kind and level are looked at again. */
static err_t step_thaw(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry = call->table.entries[index];
    frame_t child = entry_frame(entry);

    (void)n;
    if ((entry & (PTE_V | PTE_LAZY)) == PTE_LAZY && chunk_kind(child) == KIND_TABLE) {
        const struct table_record *record = table_record_of(child);

        if (record->count == 1 && record->state == call->table.level) {
            change(call, index, child.number << PTE_FRAME_SHIFT | PTE_V);
        }
    }
    return ERR_OK;
}

err_t sys_table_thaw(struct thread *caller)
{
    struct range_call call;

    return for_range(caller, &call, decode(caller, &call, LEVELS_ABOVE_LEAF), RANGE_USED,
                     step_thaw);
}

static err_t step_protect(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry = call->table.entries[index];

    (void)n;
    if ((entry & (PTE_V | PTE_W)) == (PTE_V | PTE_W)) {
        change(call, index, entry & ~(uint64_t)(PTE_W | PTE_D));
    }
    return ERR_OK;
}

err_t sys_table_protect(struct thread *caller)
{
    struct range_call call;

    return for_range(caller, &call, decode(caller, &call, LEVELS_LEAF), RANGE_USED, step_protect);
}

static err_t step_drop(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry = call->table.entries[index];

    (void)n;

    if (entry != 0) {
        change(call, index, 0);
    }
    if (entry_names_table(entry)) {
        table_unref(entry_frame(entry));
    }
    if (index % TABLE_GROUP_ENTRIES == TABLE_GROUP_ENTRIES - 1 &&
        index - call->begun >= TABLE_GROUP_ENTRIES - 1) { /* seen whole, whatever progress said */
        call->table.record->groups &= (uint16_t) ~(1u << (index / TABLE_GROUP_ENTRIES)); /* T4 */
    }
    return ERR_OK;
}

err_t sys_table_drop(struct thread *caller)
{
    struct range_call call;

    return for_range(caller, &call, decode(caller, &call, LEVELS_ALL), RANGE_USED, step_drop);
}

/* What both tables hold afterwards, in place of `entry`. */
static err_t shared_entry(const struct range_call *call, uint64_t entry, uint64_t *shared_out)
{
    *shared_out = entry;
    if (entry_names_table(entry)) {
        struct table_record *record = table_record_of(entry_frame(entry));

        if (record->count == UINT32_MAX) {
            return ERR_COUNT;
        }
        record->count++;
        *shared_out = as_lazy(entry);
    } else if ((entry & PTE_V) != 0) {
        if (call->table.level != TABLE_LEVEL_LEAF) {
            return ERR_ARGUMENT; /* a 2 MiB leaf */
        }
        if (chunks.closing != 0 && chunk_kind(entry_frame(entry)) == KIND_CLOSING) {
            return ERR_KIND; /* C3 */
        }
        *shared_out = entry & ~(uint64_t)(PTE_W | PTE_D);
    }
    return ERR_OK;
}

static err_t step_copy(struct range_call *call, uint64_t index, uint64_t n)
{
    uint64_t entry = call->table.entries[index];
    uint64_t shared;

    (void)n;
    if (call->target.entries[index] != 0) {
        return ERR_OCCUPIED;
    }
    if (entry == 0) {
        return ERR_OK;
    }
    TRY(shared_entry(call, entry, &shared));
    table_write(&call->target, index, shared);
    if (shared != entry) {
        table_write(&call->table, index, shared);
    }
    call->changed++;
    return ERR_OK;
}

/* Arguments memory, target, source, index, entries. */
static err_t decode_copy(const struct thread *caller, struct range_call *call)
{
    call->caller = caller;
    TRY(table_find(caller, 0, &call->target, &call->memory));
    TRY(table_open(call->memory, (frame_t){argument(caller, 2)}, &call->table));
    TRY(table_check_level(&call->target, call->table.level));
    TRY(check(call, LEVELS_ALL, 3));
    return call->table.frame.number == call->target.frame.number ? ERR_ARGUMENT : ERR_OK;
}

err_t sys_table_copy(struct thread *caller)
{
    struct range_call call;

    return for_range(caller, &call, decode_copy(caller, &call), RANGE_USED, step_copy);
}
