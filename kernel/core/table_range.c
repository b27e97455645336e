/* The table calls that work on ranges of entries, in slices (Y1): a call's progress is the number
 * of entries passed and, in the upper half, of those changed. A slice ends between groups. */
#include "core/table.h"

#include "arch.h"
#include "core/captable.h"
#include "core/event.h"
#include "core/syscall.h"

struct range_call {
    const struct capability *memory;
    struct table table;       /* whose entries are worked on; table_copy: the source */
    struct table target;      /* table_copy */
    struct capability *space; /* table_copy: to flush after the third pair */
    uint64_t index;
    uint64_t entries;
    uint64_t first;   /* map word or device entry of entry `index`; 0: the words are */
    uint64_t changed; /* what the runs counted */
    bool code_is_fenced;
    _Alignas(uint64_t) uint32_t words[TABLE_MAP_MAX]; /* table_map */
};

/* What to do with the entries from `index` up to `end`, which are of one group. */
typedef err_t range_run(struct range_call *call, uint64_t index, uint64_t end);

/* What a call leaves as progress: entries passed, the pair of tables that it is at, those changed. */
enum { PROGRESS_INDEX = 0xffff, PROGRESS_NEXT_PAIR = 0x10000, PROGRESS_PAIR = 0x30000 };

enum range_mode { RANGE_EVERY, RANGE_USED }; /* RANGE_USED skips groups that were never used (T4) */
enum range_levels { LEVELS_LEAF = 1, LEVELS_ABOVE_LEAF = 6, LEVELS_ALL = 7 }; /* bits */

/* Arguments memory, table, index, entries, which most of these calls begin with. */
static err_t decode(const struct thread *caller, const struct capability *memory,
                    struct range_call *call, enum range_levels levels)
{
    call->memory = memory;
    call->code_is_fenced = false;
    call->index = argument(caller, 2);
    call->entries = argument(caller, 3);
    TRY(table_find(caller, memory, 1, &call->table));
    REFUSE_IF((levels >> call->table.level & 1) == 0, ERR_LEVEL);
    return table_check_range(&call->table, call->index, call->entries);
}

/* Do it, unless decoding gave an error. The result is how many entries changed, in any case. Each
 * call has this loop for itself, for most ranges are of a group or two. */
ALWAYS_INLINE err_t for_range(struct thread *caller, struct range_call *call, err_t error,
                              enum range_mode mode, range_run *run)
{
    uint64_t index = call->index + (caller->progress & PROGRESS_INDEX);
    uint64_t last = call->index + call->entries;
    uint64_t before = caller->progress >> 32;
    uint64_t visited = 0;
    unsigned used = 0;

    call->changed = before;
    if (error == ERR_OK && index < last) {
        used = mode == RANGE_USED ? call->table.record->groups : UINT16_MAX;
        used &= (2u << (last - 1) / TABLE_GROUP_ENTRIES) - 1;
        used >>= index / TABLE_GROUP_ENTRIES;
    }
    for (uint64_t next; error == ERR_OK && used != 0; index = next, used >>= 1) {
        next = (index | (TABLE_GROUP_ENTRIES - 1)) + 1;
        if ((used & 1) != 0) {
            if (visited >= TABLE_SLICE_ENTRIES && arch_interrupt_pending()) {
                caller->progress = (index - call->index) | call->changed << 32;
                error = ERR_RESTART;
                break;
            }
            visited = visited % TABLE_SLICE_ENTRIES + TABLE_GROUP_ENTRIES; /* or fewer */
            error = run(call, index, next < last ? next : last);
        }
    }
    caller->hart->counters[COUNTER_TABLE_ENTRIES] += call->changed - before;
    if (error != ERR_RESTART) {
        result(caller, 0, call->changed);
    }
    return error;
}

#define WORD_FRAME_IN_CHUNK ((uint64_t)CHUNK_FRAME_MASK << MAP_FRAME_SHIFT)

/* Entries from map words: those of the call, or consecutive frames from `first` on. What differs from a
 * good word by its frame in the chunk is good too, if all the chunk is covered. */
static err_t run_map(struct range_call *call, uint64_t index, uint64_t end)
{
    const struct capability memory = *call->memory; /* no store in the loop can change it */
    const uint32_t *next = call->first == 0 ? &call->words[index - call->index] : NULL;
    uint64_t word = call->first + ((index - call->index) << MAP_FRAME_SHIFT);
    volatile uint64_t *start = &call->table.entries[index], *at = start;
    const volatile uint64_t *stop = start + (end - index);
    uint64_t good_word = UINT64_MAX, to_entry = 0;
    err_t error = ERR_OK;

    for (; at != stop; at++, word += 1 << MAP_FRAME_SHIFT) {
        word = next != NULL ? *next++ : word;
        if (((word ^ good_word) & ~WORD_FRAME_IN_CHUNK) != 0) {
            frame_t first = {(word & ~WORD_FRAME_IN_CHUNK) >> MAP_FRAME_SHIFT};

            error = table_compose(&memory, word, &call->code_is_fenced, &to_entry);
            if (error != ERR_OK) {
                break;
            }
            to_entry -= word << (PTE_FRAME_SHIFT - MAP_FRAME_SHIFT);
            good_word = memory_covers(&memory, first, CHUNK_PAGES) ? word : UINT64_MAX;
        }
        *at = (word << (PTE_FRAME_SHIFT - MAP_FRAME_SHIFT)) + to_entry;
    }
    if (at != start) {
        table_use_group(&call->table, index);
        call->changed += (uint64_t)(at - start);
    }
    return error;
}

err_t sys_table_map(struct thread *caller, struct capability *memory)
{
    struct range_call call;
    err_t error = decode(caller, memory, &call, LEVELS_LEAF);

    if (argument(caller, 3) == 0 || argument(caller, 3) > TABLE_MAP_MAX) {
        error = error == ERR_OK || error == ERR_RANGE ? ERR_ARGUMENT : error;
    }
    call.first = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < TABLE_MAP_MAX / 2; i++) {
        uint64_t pair = argument(caller, 4 + i);

        __builtin_memcpy(&call.words[2 * i], &pair, sizeof pair);
    }
    return for_range(caller, &call, error, RANGE_EVERY, run_map);
}

err_t sys_table_map_run(struct thread *caller, struct capability *memory)
{
    struct range_call call = {.first = argument(caller, 4)};
    err_t error = decode(caller, memory, &call, LEVELS_LEAF);

    if (error == ERR_OK && (call.first == 0 || call.first > UINT32_MAX)) {
        error = ERR_ARGUMENT;
    }
    return for_range(caller, &call, error, RANGE_EVERY, run_map);
}

static err_t run_map_device(struct range_call *call, uint64_t index, uint64_t end)
{
    for (; index < end; index++) {
        table_write(&call->table, index, call->first + ((index - call->index) << PTE_FRAME_SHIFT));
        call->changed++;
    }
    return ERR_OK;
}

static err_t decode_device(const struct thread *caller, const struct capability *memory,
                           const struct capability *device, struct range_call *call)
{
    uint64_t frame = argument(caller, 5);
    uint64_t rights = argument(caller, 6);

    TRY(decode(caller, memory, call, LEVELS_LEAF));
    REFUSE_IF(rights != MAP_R && rights != (MAP_R | MAP_W), ERR_ARGUMENT);
    REFUSE_IF(rights != MAP_R && (device->rights & RIGHT_WRITE) == 0, ERR_RIGHTS);
    REFUSE_IF(!memory_covers(device, (frame_t){frame}, call->entries), ERR_RANGE);
    call->first = table_entry(frame, rights, 0);
    return ERR_OK;
}

err_t sys_table_map_device(struct thread *caller, struct capability *memory,
                           struct capability *device)
{
    struct range_call call;
    uint64_t a1 = argument(caller, 1);
    err_t error = for_range(caller, &call, decode_device(caller, memory, device, &call),
                            RANGE_EVERY, run_map_device);

    caller->registers[REGISTER_A1] = a1; /* this call has no result */
    return error;
}

/* Leaves lose W (and D, which goes with it), tables become lazy. */
ALWAYS_INLINE err_t run_change(struct range_call *call, uint64_t index, uint64_t end)
{
    bool is_leaf_table = call->table.level == TABLE_LEVEL_LEAF;
    uint64_t looked_at = is_leaf_table ? PTE_V | PTE_W : PTE_V | PTE_R | PTE_W | PTE_X;
    uint64_t wanted = is_leaf_table ? PTE_V | PTE_W : PTE_V;
    uint64_t turned = is_leaf_table ? PTE_W | PTE_D : PTE_V | PTE_LAZY;
    volatile uint64_t *at = &call->table.entries[index];
    const volatile uint64_t *stop = at + (end - index);
    uint64_t others = 0;

#pragma GCC unroll 8
    for (; at != stop; at++) {
        uint64_t entry = *at;

        if (__builtin_expect((entry & looked_at) == wanted, 1)) {
            *at = entry ^ turned;
        } else {
            others++;
        }
    }
    call->changed += end - index - others;
    return ERR_OK;
}

/* A lazy table that nobody else names becomes valid; its kind and level are looked at again. */
static err_t run_thaw(struct range_call *call, uint64_t index, uint64_t end)
{
    unsigned state = call->table.level; /* of a table one level down */
    uint64_t thawed = 0;

    for (; index < end; index++) {
        uint64_t entry = call->table.entries[index];
        const struct table_record *record = table_record_of(entry_frame(entry));

        if ((entry & (PTE_V | PTE_LAZY)) == PTE_LAZY && record->count == 1 &&
            record->state == state && chunk_kind_covered(entry_frame(entry)) == KIND_TABLE) {
            table_store(&call->table, index, entry ^ (PTE_V | PTE_LAZY));
            thawed++;
        }
    }
    call->changed += thawed;
    return ERR_OK;
}

static err_t run_drop(struct range_call *call, uint64_t index, uint64_t end)
{
    bool is_leaf_table = call->table.level == TABLE_LEVEL_LEAF;
    volatile uint64_t *at = &call->table.entries[index];
    const volatile uint64_t *stop = &call->table.entries[end];
    uint64_t dropped = 0;

    if (end - index == TABLE_GROUP_ENTRIES) {
        call->table.record->groups &= (uint16_t) ~(1u << (index / TABLE_GROUP_ENTRIES)); /* T4 */
    }
#pragma GCC unroll 4
    for (; at != stop; at++) {
        uint64_t entry = *at;

        if (entry != 0) {
            *at = 0;
            dropped++;
            if (!is_leaf_table && entry_names_table(entry)) {
                table_unref(entry_frame(entry));
            }
        }
    }
    call->changed += dropped;
    return ERR_OK;
}

ALWAYS_INLINE err_t change(struct thread *caller, const struct capability *memory,
                           enum range_levels levels, range_run *run)
{
    struct range_call call;

    return for_range(caller, &call, decode(caller, memory, &call, levels), RANGE_USED, run);
}

err_t sys_table_lazy(struct thread *caller, struct capability *memory)
{
    return change(caller, memory, LEVELS_ABOVE_LEAF, run_change);
}

err_t sys_table_thaw(struct thread *caller, struct capability *memory)
{
    return change(caller, memory, LEVELS_ABOVE_LEAF, run_thaw);
}

err_t sys_table_protect(struct thread *caller, struct capability *memory)
{
    return change(caller, memory, LEVELS_LEAF, run_change);
}

err_t sys_table_drop(struct thread *caller, struct capability *memory)
{
    return change(caller, memory, LEVELS_ALL, run_drop);
}

/* Both tables hold the same afterwards. In leaf tables: leaves, which lose W, and the pager's own
 * (T3); above: tables, which become lazy, and the pager's own. */
ALWAYS_INLINE err_t copy_entry(uint64_t entry, volatile uint64_t *source, volatile uint64_t *target,
                               bool is_leaf_table)
{
    if (is_leaf_table && (entry & PTE_V) != 0) {
        REFUSE_IF(chunks.closing != 0 && chunk_kind(entry_frame(entry)) == KIND_CLOSING,
                  ERR_KIND); /* C3 */
        entry &= ~(uint64_t)(PTE_W | PTE_D);
    } else if (!is_leaf_table && entry_names_table(entry)) {
        struct table_record *child = table_record_of(entry_frame(entry));

        REFUSE_IF(child->count == UINT32_MAX, ERR_COUNT);
        child->count++;
        entry = entry_frame(entry).number << PTE_FRAME_SHIFT | PTE_LAZY;
    } else {
        REFUSE_IF((entry & PTE_V) != 0, ERR_ARGUMENT); /* a 2 MiB leaf */
    }
    *target = entry;
    *source = entry;
    return ERR_OK;
}

/* All of a group. Leaves are plain where there is nothing yet, and no chunk is CLOSING. */
ALWAYS_INLINE err_t copy_group(struct range_call *call, uint64_t index, bool is_leaf_table)
{
    volatile uint64_t *source = &call->table.entries[index], *target = &call->target.entries[index];
    const volatile uint64_t *end = source + TABLE_GROUP_ENTRIES;
    bool is_new = !table_uses_group(&call->target, index);
    uint64_t plain = is_leaf_table && is_new && chunks.closing == 0 ? PTE_V : 0;
    uint64_t copied = 0;
    err_t error = ERR_OK;

    for (; source != end; source += 8, target += 8) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < 8; i++) {
            uint64_t entry = source[i];

            if (entry == 0) {
                continue;
            }
            if ((entry & plain) != 0) {
                entry &= ~(uint64_t)(PTE_W | PTE_D);
                target[i] = entry;
                source[i] = entry;
                copied++;
            } else if (target[i] == 0 && error == ERR_OK) {
                error = copy_entry(entry, &source[i], &target[i], is_leaf_table);
                copied += error == ERR_OK;
            }
        }
    }
    if (copied != 0) {
        table_use_group(&call->target, index);
        call->changed += copied;
    }
    return error;
}

ALWAYS_INLINE err_t run_copy(struct range_call *call, uint64_t index, uint64_t)
{
    return call->table.level == TABLE_LEVEL_LEAF ? copy_group(call, index, true)
                                                 : copy_group(call, index, false);
}

/* Arguments memory, and pairs of target and source. */
static err_t decode_copy(const struct thread *caller, const struct capability *memory,
                         uint64_t pair, struct range_call *call)
{
    const uint64_t *frames = &caller->registers[REGISTER_A1 + 2 * pair];

    call->index = call->entries = 0;
    call->space = NULL;
    TRY(table_open(memory, (frame_t){frames[0]}, &call->target));
    TRY(table_open(memory, (frame_t){frames[1]}, &call->table));
    REFUSE_IF(call->target.level != call->table.level, ERR_LEVEL);
    if (pair == TABLE_COPY_PAIRS - 1 && argument(caller, 7) != 0) {
        TRY(captable_find(caller->captable, argument(caller, 7), OBJECT_SPACE, RIGHT_MANAGE,
                          &call->space));
    }
    call->entries = call->table.level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;
    return call->table.frame.number == call->target.frame.number ? ERR_ARGUMENT : ERR_OK;
}

err_t sys_table_copy(struct thread *caller, struct capability *memory)
{
    uint64_t pair = (caller->progress & PROGRESS_PAIR) / PROGRESS_NEXT_PAIR;
    struct range_call call;
    err_t error;

    event_record(caller->hart, EVENT_TABLE, argument(caller, 1), SYS_TABLE_COPY);
    caller->progress &= ~(uint64_t)(TABLE_GROUP_ENTRIES - 1); /* another call's may end anywhere */
    do {
        error = decode_copy(caller, memory, pair, &call);
        error = for_range(caller, &call, error, RANGE_USED, run_copy);
        caller->progress = error == ERR_RESTART ? caller->progress + pair * PROGRESS_NEXT_PAIR
                                                : call.changed << 32;
    } while (error == ERR_OK && ++pair < TABLE_COPY_PAIRS &&
             caller->registers[REGISTER_A1 + 2 * pair] != 0);
    if (error == ERR_OK && call.space != NULL) {
        arch_flush_space((struct space *)call.space->object);
    }
    return error;
}
