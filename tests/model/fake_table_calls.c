/* System calls on memory, tables and spaces: the capability is looked up, the second kernel does
 * the rest. See fake_calls.h. */
#include <stddef.h>

#include <byre/gen/calls.h>

#include "fake_calls.h"

err_t byre_memory_retype(uint64_t memory, uint64_t chunk_frame, uint64_t kind,
                         uint64_t *offender_out, uint64_t *offender_index_out)
{
    const struct fake_authority *authority = NULL;
    *offender_out = *offender_index_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_memory_retype(authority, chunk_frame, kind, offender_out);
}

err_t byre_memory_info(uint64_t memory, uint64_t chunk_frame, uint64_t *kind_out,
                       uint64_t *used_out)
{
    const struct fake_authority *authority = NULL;
    *kind_out = *used_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    if (err == ERR_OK) {
        *kind_out = fake_kind(chunk_frame);
    }
    return err;
}

err_t byre_table_create(uint64_t memory, uint64_t frame, uint64_t level)
{
    const struct fake_authority *authority = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_create(authority, frame, level);
}

err_t byre_table_free(uint64_t memory, uint64_t frame)
{
    const struct fake_authority *authority = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_free(authority, frame);
}

err_t byre_table_map(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries, uint64_t m0,
                     uint64_t m1, uint64_t m2, uint64_t m3, uint64_t m4, uint64_t m5, uint64_t m6,
                     uint64_t m7, uint64_t *done_out)
{
    const struct fake_authority *authority = NULL;
    const uint64_t pairs[8] = {m0, m1, m2, m3, m4, m5, m6, m7};
    uint32_t words[16];
    for (unsigned i = 0; i < 8; i++) {
        words[2 * i] = (uint32_t)pairs[i];
        words[2 * i + 1] = (uint32_t)(pairs[i] >> 32);
    }
    *done_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_map(authority, table, index, entries, words, done_out);
}

err_t byre_table_map_run(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                         uint64_t map_word, uint64_t *done_out)
{
    const struct fake_authority *authority = NULL;
    *done_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err
                         : fake_table_map_run(authority, table, index, entries, map_word, done_out);
}

err_t byre_table_map_chunk(uint64_t memory, uint64_t table, uint64_t index, uint64_t map_word)
{
    const struct fake_authority *authority = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_map_chunk(authority, table, index, map_word);
}

err_t byre_table_link(uint64_t memory, uint64_t table, uint64_t index, uint64_t child,
                      uint64_t lazy, uint64_t *replaced_out)
{
    const struct fake_authority *authority = NULL;
    *replaced_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err
                         : fake_table_link(authority, table, index, child, lazy, replaced_out);
}

err_t byre_table_lazy(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                      uint64_t *done_out)
{
    const struct fake_authority *authority = NULL;
    *done_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_lazy(authority, table, index, entries, done_out);
}

err_t byre_table_thaw(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                      uint64_t *done_out)
{
    const struct fake_authority *authority = NULL;
    *done_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_thaw(authority, table, index, entries, done_out);
}

err_t byre_table_copy(uint64_t memory, uint64_t target, uint64_t source, uint64_t target_2,
                      uint64_t source_2, uint64_t target_3, uint64_t source_3, uint64_t space,
                      uint64_t *copied_out)
{
    const struct fake_authority *authority = NULL;
    const uint64_t pairs[] = {target, source, target_2, source_2, target_3, source_3};
    *copied_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    if (err == ERR_OK) {
        err = fake_table_copy(authority, pairs, copied_out);
    }
    return err != ERR_OK || space == 0 ? err : byre_space_flush(space, 0, 0);
}

err_t byre_table_protect(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                         uint64_t *changed_out)
{
    const struct fake_authority *authority = NULL;
    *changed_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_protect(authority, table, index, entries, changed_out);
}

err_t byre_table_drop(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                      uint64_t *dropped_out)
{
    const struct fake_authority *authority = NULL;
    *dropped_out = 0;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_drop(authority, table, index, entries, dropped_out);
}

err_t byre_table_mark(uint64_t memory, uint64_t table, uint64_t index, uint64_t value)
{
    const struct fake_authority *authority = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    return err != ERR_OK ? err : fake_table_mark(authority, table, index, value);
}

err_t byre_space_set_root(uint64_t space, uint64_t memory, uint64_t root)
{
    const struct fake_authority *authority = NULL;
    unsigned number = 0;
    err_t err = fake_cap_space_with(space, RIGHT_MANAGE, &number);
    if (err == ERR_OK) {
        err = fake_cap_memory(memory, &authority);
    }
    return err != ERR_OK ? err : fake_space_set_root(number, authority, root);
}

err_t byre_space_flush(uint64_t space, uint64_t address, uint64_t pages)
{
    unsigned number = 0;
    err_t err = fake_cap_space_with(space, RIGHT_MANAGE, &number);
    return err != ERR_OK ? err : fake_space_flush(number, address, pages);
}

err_t byre_table_map_device(uint64_t memory, uint64_t table, uint64_t index, uint64_t entries,
                            uint64_t device, uint64_t first_frame, uint64_t rights)
{
    const struct fake_authority *authority = NULL, *registers = NULL;
    err_t err = fake_cap_memory(memory, &authority);
    if (err == ERR_OK) {
        err = fake_cap_device(device, &registers);
    }
    return err != ERR_OK ? err
                         : fake_table_map_device(authority, table, index, entries, registers,
                                                 first_frame, rights);
}
