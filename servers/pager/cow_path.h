/* The path to a page, level by level; for cow*.c only. Both make their table private and valid, as
 * cow.h describes; without `create` a missing one is FRAME_NONE. */
#ifndef PAGER_COW_PATH_H
#define PAGER_COW_PATH_H

#include "cow.h"

[[nodiscard]] err_t path_middle(struct space *s, uint32_t page, bool create, frame_t *middle_out);
[[nodiscard]] err_t path_leaf(struct space *s, frame_t middle, uint32_t page, bool create,
                              frame_t *leaf_out);

/* One more entry for every frame that the leaf table names. */
void leaf_ref_frames(frame_t leaf);

#endif
