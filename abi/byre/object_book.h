/* Books of kernel objects: where a server's records are that name the objects it made, so that an
 * auditor can hold the kernel's word on every object against whoever holds it. A server tells the
 * pager where its book is (request publish); <byre/pager_records.h> leads to all of them.
 *
 *   K1  Every live object is named by exactly one record of one book, or belongs to a space of the
 *       pager; every record names a live object, or none.
 *   K2  `changes` is odd while the server serves a request, and differs after each: what was read
 *       between two equal even values was whole.
 *   K3  Addresses are of the server's own space, which is wired.
 */
#ifndef BYRE_OBJECT_BOOK_H
#define BYRE_OBJECT_BOOK_H

#include <stdint.h>

enum {
    OBJECT_BOOK_LISTS_MAX = 5,
    OBJECT_BOOK_NAME_BYTES = 16,
    OBJECT_BOOK_ALIGN = 256,
};

/* Where an object stands. */
struct object_place {
    _Alignas(8) uint32_t page; /* frame of its OBJECT page; 0: nowhere, no object */
    uint16_t slot;
    uint16_t chunk; /* the server's own number for the page's chunk; nobody else's business */
};

/* Records that name one object each, at equal distances. */
struct object_book_list {
    char name[OBJECT_BOOK_NAME_BYTES]; /* what such a record is for, "park" */
    uint64_t first;                    /* address of the first one's struct object_place */
    uint64_t count_at;                 /* address of a uint32_t: how many there are by now */
    uint64_t record_bytes;
};

struct object_book {
    _Alignas(OBJECT_BOOK_ALIGN) char server[OBJECT_BOOK_NAME_BYTES]; /* in one page */
    uint32_t changes;                                                /* K2 */
    uint32_t lists;
    struct object_book_list list[OBJECT_BOOK_LISTS_MAX];
};

_Static_assert(sizeof(struct object_book) == OBJECT_BOOK_ALIGN, "in one page");

/* K2. */
static inline void object_book_touch(struct object_book *book)
{
    __atomic_store_n(&book->changes, book->changes + 1, __ATOMIC_SEQ_CST);
}

#endif
