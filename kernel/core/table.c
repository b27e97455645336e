/* Tables: composing entries, and the calls that work on one of them. */
#include "core/table.h"

#include "arch.h"
#include "core/captable.h"
#include "core/event.h"
#include "core/panic.h"
#include "core/syscall.h"

static_assert(sizeof(struct table_record) * CHUNK_PAGES == PAGE_BYTES, "records fill frame 0");

err_t table_find(const struct thread *caller, const struct capability *memory, unsigned n,
                 struct table *table_out)
{
    frame_t frame = {argument(caller, n)};

    event_record(caller->hart, EVENT_TABLE, frame.number, caller->registers[REGISTER_A7]);
    return table_open(memory, frame, table_out);
}

err_t table_check_range(const struct table *table, uint64_t index, uint64_t entries)
{
    uint64_t limit = table->level == TABLE_LEVEL_ROOT ? ROOT_USER_ENTRIES : TABLE_ENTRIES;

    REFUSE_IF(index >= limit || entries == 0 || entries > limit - index, ERR_RANGE);
    return ERR_OK;
}

err_t sys_table_create(struct thread *caller, struct capability *memory)
{
    frame_t frame = {argument(caller, 1)};
    uint64_t level = argument(caller, 2);
    struct table_record *record;

    REFUSE_IF(!memory_covers(memory, frame, 1), ERR_RANGE);
    REFUSE_IF(level > TABLE_LEVEL_ROOT, ERR_ARGUMENT);
    REFUSE_IF(chunk_kind(frame) != KIND_TABLE, ERR_KIND);
    REFUSE_IF((frame.number & CHUNK_FRAME_MASK) == 0, ERR_RANGE); /* the records */
    record = table_record_of(frame);
    REFUSE_IF(record->state != 0, ERR_OCCUPIED);
    *record = (struct table_record){.state = (uint8_t)(level + 1)};
    chunk_of(frame)->used++;
    if (level == TABLE_LEVEL_ROOT) {
        arch_root_fill(table_entries_of(frame));
    }
    return ERR_OK;
}

static bool has_child_tables(const struct table *table)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        if (!table_uses_group(table, i)) {
            i += TABLE_GROUP_ENTRIES - 1; /* i is the group's first */
        } else if (entry_names_table(table->entries[i])) {
            return true;
        }
    }
    return false;
}

/* Progress is in the record: the groups that are still to be zeroed. */
err_t sys_table_free(struct thread *caller, struct capability *memory)
{
    struct table table;
    err_t error = table_find(caller, memory, 1, &table);

    TRY(error == ERR_LEVEL ? ERR_EMPTY : error);
    REFUSE_IF(table.record->count != 0 ||
                  (table.level != TABLE_LEVEL_LEAF && has_child_tables(&table)),
              ERR_BUSY);
    for (unsigned group = 0; group < TABLE_GROUPS; group++) {
        if (!table_uses_group(&table, group * TABLE_GROUP_ENTRIES)) {
            continue;
        }
        __builtin_memset(&table.entries[group * TABLE_GROUP_ENTRIES], 0,
                         TABLE_GROUP_ENTRIES * sizeof(uint64_t));
        table.record->groups &= (uint16_t) ~(1u << group);
        REFUSE_IF(table.record->groups != 0 && arch_interrupt_pending(), ERR_RESTART);
    }
    if (table.level == TABLE_LEVEL_ROOT) {
        arch_root_clear(table.entries);
    }
    *table.record = (struct table_record){0}; /* T5 */
    chunk_of(table.frame)->used--;
    return ERR_OK;
}

err_t sys_table_mark(struct thread *caller, struct capability *memory)
{
    uint64_t index = argument(caller, 2);
    uint64_t value = argument(caller, 3);
    struct table table;

    TRY(table_find(caller, memory, 1, &table));
    TRY(table_check_range(&table, index, 1));
    REFUSE_IF(value == 0 || (value & (PTE_V | PTE_LAZY)) != 0, ERR_ARGUMENT);
    REFUSE_IF(entry_names_table(table.entries[index]), ERR_OCCUPIED);
    table_write(&table, index, value);
    return ERR_OK;
}

err_t sys_table_link(struct thread *caller, struct capability *memory)
{
    uint64_t index = argument(caller, 2);
    uint64_t is_lazy = argument(caller, 4);
    struct table table, child;
    uint64_t old;

    TRY(table_find(caller, memory, 1, &table));
    TRY(table_open(memory, (frame_t){argument(caller, 3)}, &child));
    REFUSE_IF(table.level != child.level + 1, ERR_LEVEL);
    TRY(table_check_range(&table, index, 1));
    REFUSE_IF(is_lazy > 1, ERR_ARGUMENT);
    old = table.entries[index];
    REFUSE_IF(entry_is_leaf(old), ERR_OCCUPIED);
    REFUSE_IF(child.record->count == UINT32_MAX, ERR_COUNT);
    child.record->count++;
    hart_count_one(caller->hart, COUNTER_TABLE_ENTRIES);
    table_write(&table, index,
                child.frame.number << PTE_FRAME_SHIFT | (is_lazy != 0 ? PTE_LAZY : PTE_V));
    result(caller, 0, 0);
    if (entry_names_table(old)) {
        table_unref(entry_frame(old));
        result(caller, 0, entry_frame(old).number);
    }
    return ERR_OK;
}

err_t sys_table_map_chunk(struct thread *caller, struct capability *memory)
{
    uint64_t index = argument(caller, 2);
    uint64_t word = argument(caller, 3);
    frame_t first = {word >> MAP_FRAME_SHIFT};
    struct table table;
    uint64_t entry;

    TRY(table_find(caller, memory, 1, &table));
    REFUSE_IF(table.level != TABLE_LEVEL_MIDDLE, ERR_LEVEL);
    TRY(table_check_range(&table, index, 1));
    REFUSE_IF((word & MAP_X) != 0, ERR_ARGUMENT);
    TRY(table_compose(memory, word, &(bool){false}, &entry));
    REFUSE_IF((first.number & CHUNK_FRAME_MASK) != 0, ERR_ALIGN);
    REFUSE_IF(!memory_covers(memory, first, CHUNK_PAGES), ERR_RANGE);
    REFUSE_IF(entry_names_table(table.entries[index]), ERR_OCCUPIED);
    table_write(&table, index, entry);
    return ERR_OK;
}
