/* Directories: from an index to the record of a space or a shared object, and from an account's id
 * to its chain. Their lengths follow from the machine's memory, so that memory runs out before they
 * do.
 *
 *   I1  A free index below the bump mark is on its list, once; lookup, taking and giving are O(1).
 *   I2  Index 0 of spaces is never used.                                                         */
#ifndef PAGER_DIRECTORY_H
#define PAGER_DIRECTORY_H

#include "types.h"

struct directory_lengths {
    uint32_t spaces;
    uint32_t objects;
    uint32_t chains; /* a power of two */
};

/* For so many frames of memory and so many capabilities of spaces: a living process and a shared
 * object need two frames at least. */
struct directory_lengths directory_lengths_for(uint64_t frame_count, uint64_t capabilities);
uint64_t directory_bytes(const struct directory_lengths *lengths);
/* Begin with no space, object or account; the memory is zeroed here. */
void directory_start(void *memory KEEPS, const struct directory_lengths *lengths);

/* False: the directory is full. */
static inline bool directory_peek(const struct directory_indices *indices, uint32_t *index_out)
{
    *index_out = indices->free != 0 ? indices->free - 1 : indices->bump;
    return *index_out < indices->length;
}

/* Take what directory_peek told. */
static inline void directory_take(struct directory_indices *indices, uint32_t index)
{
    if (indices->free == index + 1) {
        indices->free = indices->next_free[index];
    } else {
        indices->bump++;
    }
}

static inline void directory_give(struct directory_indices *indices, uint32_t index)
{
    indices->next_free[index] = indices->free;
    indices->free = index + 1;
}

#endif
