/* The second kernel's table calls: abi/kernel.toml, section tables. See fake_kernel.h. */
#include "fake_internal.h"
#include "fake_kernel.h"

#include <string.h>

/* -------------------------------------------------------------------- checks */
static err_t check_span(unsigned level, uint64_t index, uint64_t entries)
{
    uint64_t limit = fake_entries_at(level);
    return index >= limit || entries == 0 || entries > limit - index ? ERR_RANGE : ERR_OK;
}

static err_t check_upper(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, unsigned *level_out)
{
    err_t err = fake_check_table(memory, table, level_out);
    if (err != ERR_OK) {
        return err;
    }
    return *level_out == TABLE_LEVEL_LEAF ? ERR_LEVEL : check_span(*level_out, index, entries);
}

static err_t check_leaf(const struct fake_authority *memory, uint64_t table, uint64_t index,
                        uint64_t entries)
{
    unsigned level = 0;
    err_t err = fake_check_table(memory, table, &level);
    if (err != ERR_OK) {
        return err;
    }
    return level != TABLE_LEVEL_LEAF ? ERR_LEVEL : check_span(level, index, entries);
}

static err_t check_word(const struct fake_authority *memory, uint64_t word, uint64_t frame)
{
    uint64_t rights = word & (MAP_R | MAP_W | MAP_X);
    uint64_t known = rights | MAP_SOFT0 | MAP_SOFT1 | ~(uint64_t)0 << MAP_FRAME_SHIFT;
    if (!(rights & MAP_R) || ((rights & MAP_W) && (rights & MAP_X)) || (word & ~known) ||
        frame >> (32 - MAP_FRAME_SHIFT)) {
        return ERR_ARGUMENT;
    }
    if (!fake_covers(memory, frame)) {
        return ERR_RANGE;
    }
    switch (fake_kind(frame)) {
    case KIND_USER:
        return (rights & MAP_W) && !(memory->rights & RIGHT_WRITE) ? ERR_RIGHTS : ERR_OK;
    case KIND_TABLE:
        return rights == MAP_R ? ERR_OK : ERR_ARGUMENT;
    default:
        return ERR_KIND;
    }
}

static uint64_t compose(uint64_t word, uint64_t frame)
{
    uint64_t entry = frame << PTE_FRAME_SHIFT | PTE_V | PTE_U | PTE_A;
    entry |= word & MAP_R ? PTE_R : 0;
    entry |= word & MAP_W ? PTE_W | PTE_D : 0;
    entry |= word & MAP_X ? PTE_X : 0;
    entry |= word & MAP_SOFT0 ? PTE_SOFT0 : 0;
    entry |= word & MAP_SOFT1 ? PTE_SOFT1 : 0;
    return entry;
}

static void entry_write(uint64_t table, uint64_t index, uint64_t entry)
{
    fake_entries(table)[index] = entry;
    if (entry != 0) { /* T4 */
        struct table_record *record = fake_record(table);
        record->groups = (uint16_t)(record->groups | 1u << (index / TABLE_GROUP_ENTRIES));
    }
}

/* -------------------------------------------------------------------- tables */
err_t fake_table_create(const struct fake_authority *memory, uint64_t frame, uint64_t level)
{
    fake_call_begins();
    if (!(memory->rights & RIGHT_BIND)) {
        return ERR_RIGHTS;
    }
    if (!fake_covers(memory, frame)) {
        return ERR_RANGE;
    }
    if (level > TABLE_LEVEL_ROOT) {
        return ERR_ARGUMENT;
    }
    if (fake_kind(frame) != KIND_TABLE) {
        return ERR_KIND;
    }
    if (frame % CHUNK_PAGES == 0) {
        return ERR_RANGE;
    }
    if (fake_record(frame)->state != 0) {
        return ERR_OCCUPIED;
    }
    *fake_record(frame) = (struct table_record){.state = (uint8_t)(level + 1)};
    return ERR_OK;
}

err_t fake_table_free(const struct fake_authority *memory, uint64_t frame)
{
    unsigned level = 0;
    fake_call_begins();
    err_t err = fake_check_table(memory, frame, &level);
    if (err == ERR_LEVEL) {
        return ERR_EMPTY;
    }
    if (err != ERR_OK) {
        return err;
    }
    if (fake_record(frame)->count != 0) {
        return ERR_BUSY;
    }
    for (unsigned i = 0; i < fake_entries_at(level); i++) {
        if (fake_entry_names_table(fake_entries(frame)[i], level)) {
            return ERR_BUSY;
        }
    }
    fake_table_goes(frame);
    memset(fake_memory_at(frame), 0, PAGE_BYTES);               /* T5 */
    memset(fake_record(frame), 0, sizeof(struct table_record)); /* T5 */
    return ERR_OK;
}

err_t fake_table_map(const struct fake_authority *memory, uint64_t table, uint64_t index,
                     uint64_t entries, const uint32_t *words, uint64_t *done_out)
{
    fake_call_begins();
    *done_out = 0;
    err_t err = check_leaf(memory, table, index, entries);
    if ((entries == 0 || entries > 16) && (err == ERR_OK || err == ERR_RANGE)) {
        err = ERR_ARGUMENT; /* what can never be valid is said first */
    }
    if (err != ERR_OK) {
        return err;
    }
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t frame = words[i] >> MAP_FRAME_SHIFT;
        err = check_word(memory, words[i], frame);
        if (err != ERR_OK) {
            return err;
        }
        entry_write(table, index + i, compose(words[i], frame));
        *done_out = i + 1;
    }
    return ERR_OK;
}

err_t fake_table_map_run(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, uint64_t word, uint64_t *done_out)
{
    fake_call_begins();
    *done_out = 0;
    err_t err = check_leaf(memory, table, index, entries);
    if (err == ERR_OK && word > UINT32_MAX) {
        err = ERR_ARGUMENT;
    }
    for (uint64_t i = 0; i < entries && err == ERR_OK; i++) {
        uint64_t frame = (word >> MAP_FRAME_SHIFT) + i;
        err = check_word(memory, word, frame);
        if (err == ERR_OK) {
            entry_write(table, index + i, compose(word, frame));
            *done_out = i + 1;
            fake_slice_ends(i);
        }
    }
    return err;
}

err_t fake_table_map_device(const struct fake_authority *memory, uint64_t table, uint64_t index,
                            uint64_t entries, const struct fake_authority *device,
                            uint64_t first_frame, uint64_t rights)
{
    fake_call_begins();
    err_t err = check_leaf(memory, table, index, entries);
    if (err != ERR_OK) {
        return err;
    }
    if (rights != MAP_R && rights != (MAP_R | MAP_W)) {
        return ERR_ARGUMENT;
    }
    if ((rights & MAP_W) && !(device->rights & RIGHT_WRITE)) {
        return ERR_RIGHTS;
    }
    if (!fake_covers(device, first_frame) || !fake_covers(device, first_frame + entries - 1)) {
        return ERR_RANGE;
    }
    for (uint64_t i = 0; i < entries; i++) {
        entry_write(table, index + i, compose(rights, first_frame + i));
        fake_slice_ends(i);
    }
    return ERR_OK;
}

err_t fake_table_map_chunk(const struct fake_authority *memory, uint64_t table, uint64_t index,
                           uint64_t word)
{
    unsigned level = 0;
    uint64_t frame = word >> MAP_FRAME_SHIFT;
    fake_call_begins();
    err_t err = fake_check_table(memory, table, &level);
    if (err == ERR_OK && level != TABLE_LEVEL_MIDDLE) {
        err = ERR_LEVEL;
    }
    if (err == ERR_OK) {
        err = check_span(level, index, 1);
    }
    if (err == ERR_OK && (word & MAP_X)) {
        err = ERR_ARGUMENT;
    }
    if (err == ERR_OK) {
        err = check_word(memory, word, frame);
    }
    if (err == ERR_OK && frame % CHUNK_PAGES != 0) {
        err = ERR_ALIGN;
    }
    if (err == ERR_OK && !fake_covers(memory, frame + CHUNK_PAGES - 1)) {
        err = ERR_RANGE;
    }
    if (err == ERR_OK && fake_entry_names_table(fake_entries(table)[index], level)) {
        err = ERR_OCCUPIED;
    }
    if (err == ERR_OK) {
        entry_write(table, index, compose(word, frame));
    }
    return err;
}

err_t fake_table_link(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t child, uint64_t lazy, uint64_t *replaced_out)
{
    unsigned level = 0, child_level = 0;
    fake_call_begins();
    *replaced_out = 0;
    err_t err = fake_check_table(memory, table, &level);
    if (err == ERR_OK) {
        err = fake_check_table(memory, child, &child_level);
    }
    if (err == ERR_OK && child_level + 1 != level) {
        err = ERR_LEVEL;
    }
    if (err == ERR_OK) {
        err = check_span(level, index, 1);
    }
    if (err == ERR_OK && lazy > 1) {
        err = ERR_ARGUMENT;
    }
    if (err != ERR_OK) {
        return err;
    }
    uint64_t old = fake_entries(table)[index];
    bool old_is_table = fake_entry_names_table(old, level);
    if ((old & PTE_V) && !old_is_table) {
        return ERR_OCCUPIED;
    }
    if (fake_record(child)->count == UINT32_MAX) {
        return ERR_COUNT;
    }
    if (fake_record(child)->count == 0) {
        fake_table_goes(child); /* it may have been another's, and was kept */
    }
    fake_record(child)->count++;
    if (old_is_table) {
        *replaced_out = fake_entry_frame(old);
        fake_record(*replaced_out)->count--;
    }
    entry_write(table, index, child << PTE_FRAME_SHIFT | (lazy ? PTE_LAZY : PTE_V));
    return ERR_OK;
}

err_t fake_table_lazy(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *done_out)
{
    unsigned level = 0;
    fake_call_begins();
    *done_out = 0;
    err_t err = check_upper(memory, table, index, entries, &level);
    for (uint64_t i = index; err == ERR_OK && i < index + entries; i++) {
        uint64_t entry = fake_entries(table)[i];
        if ((entry & PTE_V) && fake_entry_names_table(entry, level)) {
            entry_write(table, i, (entry & ~(uint64_t)PTE_V) | PTE_LAZY);
            ++*done_out;
        }
        fake_slice_ends(i - index);
    }
    return err;
}

err_t fake_table_thaw(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *done_out)
{
    unsigned level = 0;
    fake_call_begins();
    *done_out = 0;
    err_t err = check_upper(memory, table, index, entries, &level);
    for (uint64_t i = index; err == ERR_OK && i < index + entries; i++) {
        uint64_t entry = fake_entries(table)[i];
        if (!(entry & PTE_V) && (entry & PTE_LAZY) &&
            fake_record(fake_entry_frame(entry))->count == 1) {
            entry_write(table, i, (entry & ~(uint64_t)PTE_LAZY) | PTE_V);
            ++*done_out;
        }
        fake_slice_ends(i - index);
    }
    return err;
}

static err_t copy_entry(uint64_t target, uint64_t source, unsigned level, uint64_t index)
{
    uint64_t entry = fake_entries(source)[index];
    if (fake_entry_names_table(entry, level)) {
        uint64_t child = fake_entry_frame(entry);
        if (fake_count_is_full(fake_record(child))) {
            return ERR_COUNT;
        }
        fake_record(child)->count++;
        entry = (entry & ~(uint64_t)PTE_V) | PTE_LAZY;
    } else if ((entry & PTE_V) && level != TABLE_LEVEL_LEAF) {
        return ERR_ARGUMENT;
    } else if (entry & PTE_V) {
        entry &= ~(uint64_t)(PTE_W | PTE_D);
    }
    entry_write(source, index, entry);
    entry_write(target, index, entry);
    return ERR_OK;
}

static err_t copy_pair(const struct fake_authority *memory, uint64_t target, uint64_t source,
                       uint64_t *copied_io)
{
    unsigned level = 0, target_level = 0;
    err_t err = fake_check_table(memory, target, &target_level);
    if (err == ERR_OK) {
        err = fake_check_table(memory, source, &level);
    }
    if (err == ERR_OK && level != target_level) {
        err = ERR_LEVEL;
    }
    if (err == ERR_OK && target == source) {
        err = ERR_ARGUMENT;
    }
    for (unsigned i = 0; err == ERR_OK && i < fake_entries_at(level); i++) {
        if (!(fake_record(source)->groups >> (i / TABLE_GROUP_ENTRIES) & 1)) {
            continue;
        }
        if (fake_entries(target)[i] == 0 && fake_entries(source)[i] != 0) {
            err = copy_entry(target, source, level, i);
            *copied_io += err == ERR_OK;
        }
        fake_slice_ends(i);
    }
    return err;
}

err_t fake_table_copy(const struct fake_authority *memory, const uint64_t pairs[6],
                      uint64_t *copied_out)
{
    fake_call_begins();
    *copied_out = 0;
    err_t err = copy_pair(memory, pairs[0], pairs[1], copied_out);
    for (unsigned i = 2; i < 6 && err == ERR_OK && pairs[i] != 0; i += 2) {
        err = copy_pair(memory, pairs[i], pairs[i + 1], copied_out);
    }
    return err;
}

err_t fake_table_protect(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, uint64_t *changed_out)
{
    fake_call_begins();
    *changed_out = 0;
    err_t err = check_leaf(memory, table, index, entries);
    for (uint64_t i = index; err == ERR_OK && i < index + entries; i++) {
        uint64_t entry = fake_entries(table)[i];
        if ((entry & PTE_V) && (entry & PTE_W)) {
            entry_write(table, i, entry & ~(uint64_t)(PTE_W | PTE_D));
            ++*changed_out;
        }
        fake_slice_ends(i - index);
    }
    return err;
}

err_t fake_table_drop(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t entries, uint64_t *dropped_out)
{
    unsigned level = 0;
    fake_call_begins();
    *dropped_out = 0;
    err_t err = fake_check_table(memory, table, &level);
    if (err == ERR_OK) {
        err = check_span(level, index, entries);
    }
    for (uint64_t i = index; err == ERR_OK && i < index + entries; i++) {
        uint64_t entry = fake_entries(table)[i];
        if (fake_entry_names_table(entry, level)) {
            fake_record(fake_entry_frame(entry))->count--;
        }
        *dropped_out += entry != 0;
        entry_write(table, i, 0);
        if (i % TABLE_GROUP_ENTRIES == TABLE_GROUP_ENTRIES - 1 &&
            i - index >= TABLE_GROUP_ENTRIES - 1) { /* T4, the other way round */
            struct table_record *record = fake_record(table);
            record->groups = (uint16_t)(record->groups & ~(1u << (i / TABLE_GROUP_ENTRIES)));
        }
        fake_slice_ends(i - index);
    }
    return err;
}

err_t fake_table_mark(const struct fake_authority *memory, uint64_t table, uint64_t index,
                      uint64_t value)
{
    unsigned level = 0;
    fake_call_begins();
    err_t err = fake_check_table(memory, table, &level);
    if (err == ERR_OK) {
        err = check_span(level, index, 1);
    }
    if (err == ERR_OK && (value == 0 || (value & (PTE_V | PTE_LAZY)))) {
        err = ERR_ARGUMENT;
    }
    if (err == ERR_OK && fake_entry_names_table(fake_entries(table)[index], level)) {
        err = ERR_OCCUPIED;
    }
    if (err == ERR_OK) {
        entry_write(table, index, value);
    }
    return err;
}
