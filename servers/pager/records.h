/* The pager's records: what a later pager adopts and an auditor reads. <byre/pager_records.h> is
 * the same as others see it; records.c asserts that both agree. They lie in USER frames; pointers
 * are the pager's own, into its window.
 *
 *   F1  count(f) == leaf entries + the pager's own entries + pins + cache slots that name f.
 *   F2  A USER frame with count 0 is free: above its chunk's bump mark or on its free list.
 *   F3  A count that reached FRAME_COUNT_MAX never changes again.
 *   F4  A record above its chunk's bump mark was never written and means nothing.
 *   F5  chunk.used == frames of the chunk that are not free; a chunk with used 0 may change kind
 *       whatever its lists say.
 *
 * Pins: a frame that is FRAME_FIXED or FRAME_SYSTEM has one; so has each frame that an object's
 * index pages name. Entries in the pager's own space and in the audit window are not counted, nor
 * are those of init, which stand in FRAME_FIXED frames. Device frames are nobody's.              */
#ifndef PAGER_RECORDS_H
#define PAGER_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/table.h>

/* A physical frame, by number: address >> PAGE_SHIFT. 0 is no frame. */
typedef struct {
    uint32_t number;
} frame_t;

/* ------------------------------------------------------------------------------- frames */
#define FRAME_COUNT_MAX UINT32_MAX

enum frame_flag {
    FRAME_FIXED = 1 << 0,  /* in use before the pager began, or for ever: never freed */
    FRAME_SYSTEM = 1 << 1, /* holds the pager's records, never mapped in a client */
};

struct frame_record {
    uint32_t count; /* TABLE frames: the next dead table */
    uint16_t link;  /* free: index in the chunk of the next free frame; FRAME_LINK_END */
    uint16_t flags; /* enum frame_flag */
};

struct chunk_record {
    uint8_t kind; /* KIND_* */
    uint8_t reserved;
    uint16_t used; /* F5 */
    uint16_t bump; /* F4: frames from here on were never handed out */
    uint16_t free; /* head of the free list, or FRAME_LINK_END */
};

enum { FRAME_LINK_END = 0xffff };

/* ------------------------------------------------------------------------------ regions */
enum {
    /* beside REGION_* of the protocol, in the same word */
    REGION_PROMISED = 1 << 0, /* writable once: its pages are promised for good */

    BACKING_ZERO = 0,
    BACKING_ARCHIVE = 1,
    BACKING_OBJECT = 2, /* + index of the object */
};
#define BACKING_DEVICE UINT32_MAX

struct region {
    uint32_t first_page;
    uint32_t pages;
    uint8_t rights; /* MAP_R | MAP_W | MAP_X */
    uint8_t max_rights;
    uint16_t flags;        /* REGION_* */
    uint32_t backing;      /* BACKING_* */
    uint32_t offset_pages; /* into the backing, of first_page */
    uint32_t file_tail;    /* bytes of the last file page that are the file's; 0: all */
    uint64_t file_pages;   /* pages of the region that the backing fills; beyond: zeroes */
};

enum { REGION_BLOCK_REGIONS = 31, REGION_MAP_BLOCKS = 122 };

struct region_block {
    uint32_t refs;
    uint32_t count;
    struct region regions[REGION_BLOCK_REGIONS];
};

struct region_map {
    uint32_t refs;
    uint32_t blocks;
    uint32_t regions;
    uint32_t tables;   /* leaf and middle tables that the regions could need */
    uint64_t promised; /* pages that the regions owe */
    struct region_block *block[REGION_MAP_BLOCKS];
};

/* ----------------------------------------------------------------------- shared objects */
enum {
    OBJECT_INDEX_ENTRIES = PAGE_BYTES / 4, /* frame_t each */
    OBJECT_LEAVES = 128,
    OBJECT_PAGES_MAX = OBJECT_INDEX_ENTRIES * OBJECT_LEAVES,
};

struct account;

struct object {
    uint32_t index; /* backing = BACKING_OBJECT + index */
    uint32_t refs;  /* regions, by block, that name it */
    uint32_t pages;
    uint32_t index_frames; /* index pages in use */
    uint32_t sweep;        /* progress of its teardown */
    uint64_t key;          /* opens it once; 0: closed */
    struct account *account;
    struct object *next_dead;
    frame_t leaf[OBJECT_LEAVES]; /* index pages */
};

/* ------------------------------------------------------------------------------- spaces */
enum { SPACE_OBJECTS_A_PAGE = 32, SHELLS_MAX = 8, HOT_PAGES = 3 };
enum { TABLE_LEVELS = TABLE_LEVEL_ROOT + 1 };

struct space {
    uint32_t index;
    uint32_t generation; /* grows with each space of this index */
    bool live;
    bool has_device; /* device entries: it may not fork */
    uint32_t cap;    /* slot of the space's capability in the pager's table */
    frame_t root;
    struct region hit; /* a copy of one of its regions, or without pages */
    struct region_map *map;
    struct account *account;
    uint64_t promised_user; /* map->promised and the stack's grown part */
    uint64_t promised_tables;
    uint32_t stack_low;  /* pages of the stack from here up are promised; 0: no stack */
    uint32_t heap_first; /* first page of the heap; 0: no heap */
    uint64_t heap_break; /* address: the break itself */

    uint32_t written_first; /* the page of the stack that it began with; 0: unknown */
    uint32_t hot_forks;
    uint32_t hot_count;            /* pages that had to be copied after a fork: the next fork */
    uint32_t hot_pages[HOT_PAGES]; /* copies those at once that stand beside the stack */

    uint64_t faults_zero;
    uint64_t faults_copy;
    uint64_t faults_last_owner;
    uint64_t faults_other;
};

/* What an ended space leaves for the next (shell.h). */
struct shell {
    uint32_t index; /* of its kernel object and capability */
    frame_t root;
    frame_t middle; /* FRAME_NONE: the root is empty */
    frame_t leaf;
    uint32_t page; /* the one whose path it is, and whose frame the leaf table may hold */
};

/* -------------------------------------------------------------------- what leads to them */
/* The indices of a directory (directory.h). */
struct directory_indices {
    uint32_t bump; /* indices from here on were never used */
    uint32_t free; /* the first that came back, + 1; 0: none */
    uint32_t length;
    uint32_t *next_free; /* [index]: the next free one, + 1 */
};

struct pager_state {
    frame_t dead;               /* first dead table, linked through frame_record.count */
    uint32_t dead_count;        /* what dead tables name still counts */
    frame_t kept[TABLE_LEVELS]; /* empty tables of each level, linked likewise */
    uint32_t kept_count[TABLE_LEVELS];
    uint32_t shells; /* what ended spaces left: shell.h */
    struct shell shell[SHELLS_MAX];
    struct object *dead_objects; /* linked by next_dead: what their index pages name still counts */
    struct space **spaces;       /* [index], NULL: none; index 0 is never used */
    struct object **objects;     /* [index], NULL: none */
    struct account **account_chains;
    uint32_t chain_count;       /* a power of two */
    uint32_t *space_generation; /* of the last space of the index */
    frame_t *space_object_page; /* kernel objects of 32 indices */
    struct directory_indices space_indices;
    struct directory_indices object_indices;
};

extern struct pager_state pager_state;

/* Describe everything in <byre/pager_records.h>'s terms at `header`. */
struct pager_records;
void records_publish(struct pager_records *header, frame_t own_root);

#endif
