/* The kernel's primitives as the pager uses them: thin names over the generated calls, with the
 * pager's own capabilities filled in. Nothing else in the pager makes a system call but the
 * main loop's messages, and what starts its threads, lets them wait and wakes them.
 *
 *   K1  Table calls never fence; kernel_flush does, and kernel_table_copy_path if told to.
 *   K2  The kernel refuses, changing nothing, what would break T1..T5 of <byre/table.h>.         */
#ifndef PAGER_KERNEL_H
#define PAGER_KERNEL_H

#include <byre/gen/calls.h>
#include <byre/pager_boot.h>

#include "types.h"

enum { KERNEL_MAP_BATCH = 16 }; /* entries of one table_map */

static inline uint32_t map_word(frame_t frame, unsigned rights)
{
    return frame.number << MAP_FRAME_SHIFT | rights;
}

[[nodiscard]] static inline err_t kernel_table_create(frame_t frame, unsigned level)
{
    return byre_table_create(PAGER_SLOT_MEMORY, frame.number, level);
}

[[nodiscard]] static inline err_t kernel_table_free(frame_t frame)
{
    return byre_table_free(PAGER_SLOT_MEMORY, frame.number);
}

/* Write `entries` (1..16) leaf entries from words[]; words beyond need not exist. */
[[nodiscard]] static inline err_t kernel_table_map(frame_t leaf, unsigned index, unsigned entries,
                                                   const uint32_t *words)
{
    uint64_t m[KERNEL_MAP_BATCH / 2] = {0};
    for (unsigned i = 0; i < entries; i++) {
        m[i / 2] |= (uint64_t)words[i] << (i % 2 * 32);
    }
    uint64_t done;
    return byre_table_map(PAGER_SLOT_MEMORY, leaf.number, index, entries, m[0], m[1], m[2], m[3],
                          m[4], m[5], m[6], m[7], &done);
}

[[nodiscard]] static inline err_t kernel_table_map_one(frame_t leaf, unsigned index, uint32_t word)
{
    uint64_t done;
    return byre_table_map(PAGER_SLOT_MEMORY, leaf.number, index, 1, word, 0, 0, 0, 0, 0, 0, 0,
                          &done);
}

[[nodiscard]] static inline err_t kernel_table_map_run(frame_t leaf, unsigned index,
                                                       unsigned entries, uint32_t word)
{
    uint64_t done;
    return byre_table_map_run(PAGER_SLOT_MEMORY, leaf.number, index, entries, word, &done);
}

[[nodiscard]] static inline err_t kernel_table_map_chunk(frame_t middle, unsigned index,
                                                         uint32_t word)
{
    return byre_table_map_chunk(PAGER_SLOT_MEMORY, middle.number, index, word);
}

[[nodiscard]] static inline err_t kernel_table_map_device(frame_t leaf, unsigned index,
                                                          unsigned entries, cap_t device,
                                                          uint64_t first_frame, unsigned rights)
{
    return byre_table_map_device(PAGER_SLOT_MEMORY, leaf.number, index, entries, device,
                                 first_frame, rights);
}

/* replaced_out: the table that the entry named before, whose count went down; or FRAME_NONE. */
[[nodiscard]] static inline err_t kernel_table_link(frame_t table, unsigned index, frame_t child,
                                                    bool lazy, frame_t *replaced_out)
{
    uint64_t replaced;
    err_t error =
        byre_table_link(PAGER_SLOT_MEMORY, table.number, index, child.number, lazy, &replaced);
    *replaced_out = (frame_t){(uint32_t)replaced};
    return error;
}

[[nodiscard]] static inline err_t kernel_table_lazy(frame_t table, unsigned index, unsigned entries)
{
    uint64_t done;
    return byre_table_lazy(PAGER_SLOT_MEMORY, table.number, index, entries, &done);
}

[[nodiscard]] static inline err_t kernel_table_thaw(frame_t table, unsigned index, unsigned entries)
{
    uint64_t done;
    return byre_table_thaw(PAGER_SLOT_MEMORY, table.number, index, entries, &done);
}

[[nodiscard]] static inline err_t kernel_table_copy(frame_t target, frame_t source)
{
    uint64_t copied;
    return byre_table_copy(PAGER_SLOT_MEMORY, target.number, source.number, 0, 0, 0, 0, 0, &copied);
}

/* A leaf table, the middle table above it, and the root; flushed: a space, or 0. */
[[nodiscard]] static inline err_t kernel_table_copy_path(frame_t leaf, frame_t leaf_source,
                                                         frame_t middle, frame_t middle_source,
                                                         frame_t root, frame_t root_source,
                                                         cap_t flushed)
{
    uint64_t copied;
    return byre_table_copy(PAGER_SLOT_MEMORY, leaf.number, leaf_source.number, middle.number,
                           middle_source.number, root.number, root_source.number, flushed, &copied);
}

[[nodiscard]] static inline err_t kernel_table_protect(frame_t leaf, unsigned index,
                                                       unsigned entries)
{
    uint64_t changed;
    return byre_table_protect(PAGER_SLOT_MEMORY, leaf.number, index, entries, &changed);
}

[[nodiscard]] static inline err_t kernel_table_drop(frame_t table, unsigned index, unsigned entries)
{
    uint64_t dropped;
    return byre_table_drop(PAGER_SLOT_MEMORY, table.number, index, entries, &dropped);
}

[[nodiscard]] static inline err_t kernel_table_mark(frame_t leaf, unsigned index, uint64_t value)
{
    return byre_table_mark(PAGER_SLOT_MEMORY, leaf.number, index, value);
}

[[nodiscard]] static inline err_t kernel_space_create(frame_t page, unsigned slot, cap_t target)
{
    return byre_object_create(PAGER_SLOT_MEMORY, page.number, slot, OBJECT_SPACE, 0, 0, target);
}

[[nodiscard]] static inline err_t kernel_object_destroy(frame_t page, unsigned slot)
{
    return byre_object_destroy(PAGER_SLOT_MEMORY, page.number, slot);
}

[[nodiscard]] static inline err_t kernel_space_set_root(cap_t space, frame_t root)
{
    return byre_space_set_root(space, PAGER_SLOT_MEMORY, root.number);
}

/* Flush pages of a space, or all of it (pages 0), on every hart; done on return. */
[[nodiscard]] static inline err_t kernel_flush(cap_t space, uint32_t page, unsigned pages)
{
    return byre_space_flush(space, (uint64_t)page << PAGE_SHIFT, pages);
}

[[nodiscard]] static inline err_t kernel_retype(frame_t chunk, unsigned kind)
{
    uint64_t offender;
    uint64_t offender_index;
    return byre_memory_retype(PAGER_SLOT_MEMORY, chunk.number, kind, &offender, &offender_index);
}

[[nodiscard]] static inline err_t kernel_chunk_kind(frame_t chunk, unsigned *kind_out)
{
    uint64_t kind;
    uint64_t used;
    err_t error = byre_memory_info(PAGER_SLOT_MEMORY, chunk.number, &kind, &used);
    *kind_out = (unsigned)kind;
    return error;
}

[[nodiscard]] static inline err_t kernel_memory_derive(frame_t first, uint64_t count,
                                                       unsigned rights, cap_t target)
{
    return byre_memory_derive(PAGER_SLOT_MEMORY, first.number, count, rights, 0, target);
}

[[nodiscard]] static inline err_t kernel_cap_delete(cap_t slot)
{
    return byre_cap_delete(0, slot);
}

[[nodiscard]] static inline err_t kernel_cap_renew(cap_t slot)
{
    return byre_cap_renew(0, slot, 0, 0);
}

[[nodiscard]] static inline err_t kernel_cap_move(cap_t source, cap_t target)
{
    return byre_cap_move(0, source, 0, target);
}

#endif
