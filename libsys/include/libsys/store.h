/* Stores: arrays of equal records in wired memory that grow and shrink by pages, for servers.
 *
 *   S1  A record keeps its place and its index from take to give. Indices are small and dense: the
 *       lowest free one is taken first.
 *   S2  A record just taken is all zero.
 *   S3  Memory is asked of the pager (region_add on the server's own space, wired) and goes back
 *       when few records are left; a store that is nearly empty always has the same few pages.
 *   S4  store_take answers NULL when there is no memory, or `limit` records are taken.
 *   S5  Everything is O(1), amortised, but for the zeroing of a record, and of pages by the pager.
 *   S6  store_fail_after(store, k) makes the k-th take from now fail (tests); 0 = never.
 *       Its value is what was left of an earlier k.
 */
#ifndef LIBSYS_STORE_H
#define LIBSYS_STORE_H

#include <stdint.h>

#include <byre/object_book.h>
#include <libsys/bits.h>
#include <libsys/ipc.h>

enum { STORE_RECORDS_MAX = BITS_MAX };

/* Who pays for the memory: the server's own space, at the pager. */
struct store_owner {
    cap_t pager;
    uint64_t space_id;
};

struct store {
    const struct store_owner *owner; /* [c] */
    char *base;                      /* [c] address of record 0 */
    uint32_t record_bytes;           /* [c] */
    uint32_t limit;                  /* [c] records, at most */
    uint32_t pages;                  /* of memory it has */
    uint32_t touched;                /* every record from here on is free */
    uint32_t live;
    uint64_t fail_after;
    struct bits free; /* below `touched` */
};

void store_init(struct store *store, const struct store_owner *owner, uint64_t address,
                uint32_t record_bytes, uint32_t limit);
/* Have the first pages now, so that what a server takes does not depend on who asked it first.
 * Without memory they come with the first record, or not. */
void store_prepare(struct store *store);
void *store_take(struct store *store);
void store_give(struct store *store, void *record);
uint32_t store_index(const struct store *store, const void *record);
void *store_at(const struct store *store, uint32_t index); /* index below `touched` */
uint64_t store_fail_after(struct store *store, uint64_t takes);
/* A list in a book of kernel objects: each record, taken or not, has a struct object_place at that
 * offset, which is nowhere when it names none. */
struct object_book_list *store_tell(const struct store *store, struct object_book *book,
                                    const char *name, uint64_t place_offset);

#endif
