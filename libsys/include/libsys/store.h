/* Stores: arrays of equal records in wired memory that grow page by page, for servers.
 *
 *   S1  A record keeps its place and its index from take to give. Indices are small and dense.
 *   S2  A record just taken is all zero.
 *   S3  Memory is asked of the pager (`pager_region_add` on the server's own space, wired); it is
 *       kept for later records. Running out is ERR-free: store_take answers NULL.
 *   S4  Everything is O(1), but for the zeroing of a record, and of new pages by the pager.
 *   S5  store_fail_after(store, k) makes the k-th take from now fail (tests); 0 = never.
 */
#ifndef LIBSYS_STORE_H
#define LIBSYS_STORE_H

#include <stdint.h>

#include <libsys/ipc.h>

/* Who pays for the memory: the server's own space, at the pager. */
struct store_owner {
    cap_t pager;
    uint64_t space_id;
};

struct store {
    const struct store_owner *owner; /* [c] */
    char *base;                      /* [c] address of record 0 */
    uint32_t record_bytes;           /* [c] a multiple of 8 */
    uint32_t limit;                  /* [c] records, at most */
    uint32_t pages;                  /* of memory it has */
    uint32_t touched;                /* records ever used */
    uint32_t free_first;             /* index + 1 of a free record; 0 = none */
    uint32_t live;
    uint64_t fail_after;
};

void store_init(struct store *store, const struct store_owner *owner, uint64_t address,
                uint32_t record_bytes, uint32_t limit);
void *store_take(struct store *store);
void store_give(struct store *store, void *record);
uint32_t store_index(const struct store *store, const void *record);
void *store_at(const struct store *store, uint32_t index); /* index below `touched` */
void store_fail_after(struct store *store, uint64_t takes);

#endif
