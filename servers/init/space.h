/* A space that init builds by hand, with the kernel's table primitives: the pager's.
 *
 *   B1  Addresses are mapped in ascending order: only the last table of each level is remembered.
 *   B2  Everything mapped is wired; tables come from supply.
 */
#ifndef INIT_SPACE_H
#define INIT_SPACE_H

#include <stdint.h>

#include <libsys/ipc.h>

struct space_builder {
    uint64_t root;
    uint64_t middle;       /* the last one, and what it translates: address >> 30 */
    uint64_t middle_index; /* all ones: none yet */
    uint64_t leaf;         /* address >> 21 */
    uint64_t leaf_index;
};

void space_begin(struct space_builder *builder, cap_t space);
/* Go on with a space that has nothing yet in the GiBs to be mapped. */
void space_continue(struct space_builder *builder, uint64_t root);
void space_map(struct space_builder *builder, uint64_t address, uint64_t first_frame,
               uint64_t frames, uint64_t rights);
/* A whole chunk by one entry. */
void space_map_chunk(struct space_builder *builder, uint64_t address, uint64_t first_frame,
                     uint64_t rights);

#endif
