/* Pools: records of one size, in slabs of one USER frame each.
 *
 *   L1  A slab's live count is right; a slab without live records goes back at once.
 *   L2  Slabs with room are on the pool's list, full ones on none.
 *   L3  Records come zeroed.
 *   L4  Each slab is promised (P3) and counts its frame once, flagged FRAME_SYSTEM. */
#ifndef PAGER_POOL_H
#define PAGER_POOL_H

#include "types.h"

struct slab;

struct pool {
    const char *name;
    uint32_t record_bytes; /* a multiple of 8 */
    uint32_t slab_records;
    uint32_t slabs;
    uint32_t live;
    struct slab *room; /* L2 */
};

void pool_start(struct pool *pool, const char *name, uint32_t record_bytes);
/* NOMEM: no frame, none promised, or the hook's turn. */
[[nodiscard]] err_t pool_alloc(struct pool *pool, void **record_out GIVES);
void pool_free(struct pool *pool, void *record TAKES);

#endif
