/* The pager's records, as an auditor or a later pager reads them: a header
 * (request audit_begin tells where the auditor sees it), and what it leads to.
 *
 *   V1  Addresses in the header and in records are of the pager's space: in the window
 *       (PAGER_WINDOW + physical address), or translated by the pager's own root table.
 *   V2  A change of any layout here changes PAGER_RECORDS_VERSION. The pager asserts that its own
 *       types agree.
 *   V3  While the pager is between requests every record is whole: F1 of frames, S2 of spaces.
 */
#ifndef BYRE_PAGER_RECORDS_H
#define BYRE_PAGER_RECORDS_H

#include <stdint.h>

enum {
    PAGER_RECORDS_VERSION = 2,

    /* flags of a frame (the zero frame is FIXED too) */
    PAGER_FRAME_FIXED = 1 << 0, /* in use before the pager began: one count more than its entries */
    PAGER_FRAME_SYSTEM = 1 << 1, /* the pager's records: one count more, and no client maps it */

    /* backing of a region */
    PAGER_BACKING_ZERO = 0,
    PAGER_BACKING_ARCHIVE = 1,
    PAGER_BACKING_OBJECT = 2, /* + index of the shared object */

    PAGER_REGION_BLOCK_REGIONS = 31,
    PAGER_REGION_MAP_BLOCKS = 122,
    PAGER_OBJECT_LEAVES = 128,
    PAGER_SPACES_A_PAGE = 32, /* kernel objects of spaces in one OBJECT page */

    PAGER_BOOKS_MAX = 6, /* books of kernel objects */
};

struct pager_frame_record {
    uint32_t count;
    uint16_t link;
    uint16_t flags; /* PAGER_FRAME_* */
};

struct pager_chunk_record {
    uint8_t kind; /* KIND_* */
    uint8_t reserved;
    uint16_t used; /* frames that are not free */
    uint16_t bump; /* records of frames from here on mean nothing: they are free */
    uint16_t free;
};

struct pager_region {
    uint32_t first_page;
    uint32_t pages;
    uint8_t rights;
    uint8_t max_rights;
    uint16_t flags; /* REGION_* of the protocol */
    uint32_t backing;
    uint32_t offset_pages;
    uint32_t file_tail;
    uint64_t file_pages;
};

struct pager_region_block {
    uint32_t refs;
    uint32_t count;
    struct pager_region regions[PAGER_REGION_BLOCK_REGIONS];
};

struct pager_region_map {
    uint32_t refs;
    uint32_t blocks;
    uint32_t regions;
    uint32_t tables;
    uint64_t promised;
    uint64_t block[PAGER_REGION_MAP_BLOCKS]; /* addresses of struct pager_region_block */
};

/* The beginning of a space's record. */
struct pager_space {
    uint32_t index;
    uint32_t generation;
    uint8_t live;
    uint8_t has_device;
    uint32_t cap;
    uint32_t root; /* frame of its root table */
    struct pager_region hit;
    uint64_t map; /* address of struct pager_region_map */
};

/* A shared object: each frame that an index page names counts one for it. */
struct pager_object {
    uint32_t index;
    uint32_t refs;
    uint32_t pages;
    uint32_t index_frames;
    uint32_t sweep; /* leaves that teardown has done */
    uint64_t key;
    uint64_t account;
    uint64_t next_dead;
    uint32_t leaf[PAGER_OBJECT_LEAVES]; /* index pages: 1024 frame numbers each */
};

/* Where a server's book of kernel objects is (<byre/object_book.h>). */
#define PAGER_BOOK_OF_INIT  0ul /* instead of a space's id; */
#define PAGER_BOOK_OF_PAGER 1ul /* no space has one of these */
struct pager_book {
    uint64_t space_id;
    uint64_t address; /* of struct object_book in that space; 0: none */
};

struct pager_records {
    uint32_t version;
    uint32_t root_frame;  /* the pager's own root table: V1 */
    uint32_t first_frame; /* of RAM, a chunk's first */
    uint32_t chunk_count; /* holes included */
    uint32_t zero_frame;  /* FIXED: one count more than its entries */
    uint32_t spaces_max;
    uint32_t objects_max;
    uint32_t reserved;
    uint64_t frame_records; /* of first_frame on */
    uint64_t chunk_records;
    uint64_t spaces;             /* uint64_t[spaces_max]: addresses of records, 0 = none */
    uint64_t space_object_pages; /* uint32_t[spaces_max / PAGER_SPACES_A_PAGE, rounded up]: the
                                    OBJECT page that holds the kernel objects, 0 = none */
    uint64_t objects;            /* uint64_t[objects_max]: addresses of shared objects, 0 = none */
    uint64_t dead_objects;       /* address of the word that holds the first dead one's address */
    struct pager_book books[PAGER_BOOKS_MAX];
};

#endif
