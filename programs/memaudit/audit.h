/* memaudit's recount: the one view that all parts work on, and what they found.
 *
 * memaudit shares no code with the pager or the kernel. It reads page tables, the kernel's records
 * of tables, the pager's records and the servers' books of kernel objects through read-only
 * mappings, while the pager is held still, and asks the kernel about chunks and objects.
 *
 *   V1  window + physical address reads every USER and TABLE frame; nothing else is touched.
 *   V2  All memory of the recount exists and was touched before the pager was held: from then on
 *       the auditor neither faults nor allocates nor prints.
 *   V3  Findings are text, one line each, the first FINDINGS_MAX of them kept, all of them counted.
 */
#ifndef MEMAUDIT_AUDIT_H
#define MEMAUDIT_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/object_book.h>
#include <byre/pager_records.h>
#include <byre/table.h>

enum { FINDINGS_MAX = 32, FINDING_BYTES = 160 };

/* Whose a table is. Entries of init and the pager itself are not in the pager's counts: they may
 * name fixed frames alone. */
enum table_owner {
    OWNER_CLIENTS, /* or nobody any more */
    OWNER_SYSTEM,  /* init or the pager */
    OWNER_SPACE,   /* a root that the pager has a space for */
};

/* What the kernel says of a chunk. */
struct chunk_view {
    uint8_t kind;  /* KIND_* */
    uint16_t used; /* tables, or pages with live objects */
};

/* What was counted, for the report. */
struct audit_totals {
    uint64_t tables[3]; /* by level */
    uint64_t tables_free;
    uint64_t entries_leaf;   /* 4 KiB entries of user mode */
    uint64_t entries_system; /* of init and the pager */
    uint64_t entries_chunk;  /* 2 MiB entries */
    uint64_t entries_device;
    uint64_t entries_valid; /* that name tables */
    uint64_t entries_lazy;
    uint64_t entries_hidden; /* the pager's own */
    uint64_t frames_used;
    uint64_t frames_free;
    uint64_t frames_shared;
    uint64_t slots; /* of shared objects that hold a frame */
    uint64_t spaces;
    uint64_t system_roots;
    uint64_t pages_checked; /* entries whose rights were held against a region */
    uint64_t regions;
    uint64_t objects;
    uint64_t objects_of[PAGER_BOOKS_MAX]; /* by book */
    uint64_t objects_of_spaces;
    uint64_t chunks[6]; /* by kind */
};

struct audit {
    const uint8_t *window; /* V1 */
    const struct pager_records *records;
    uint64_t first_frame;       /* a chunk's first */
    uint64_t frame_count;       /* whole chunks, holes included */
    struct chunk_view *chunks;  /* [frame_count / CHUNK_PAGES] */
    uint32_t *references;       /* [frame_count]: what names each frame; F1 or T2 */
    uint32_t *valid_references; /* [frame_count]: of tables, by valid entries */
    uint8_t *owners;            /* [frame_count]: of tables, enum table_owner */
    struct object_page *pages;  /* [CHUNK_PAGES]: of the OBJECT chunk being counted */
    char server[PAGER_BOOKS_MAX][OBJECT_BOOK_NAME_BYTES]; /* whose the books are; "": no book */
    unsigned moved; /* whose book did not stand still: of `server`; PAGER_BOOKS_MAX: nobody's */
    uint32_t kernel_half_root; /* the first bound root seen: others must agree with it */
    uint32_t init_root;
    struct audit_totals totals;
    unsigned findings;
    char finding[FINDINGS_MAX][FINDING_BYTES]; /* V3 */
};

__attribute__((format(printf, 2, 3))) void audit_find(struct audit *audit, const char *format, ...);

static inline bool audit_has_frame(const struct audit *audit, uint64_t frame)
{
    return frame - audit->first_frame < audit->frame_count;
}

static inline struct chunk_view *audit_chunk(const struct audit *audit, uint64_t frame)
{
    return &audit->chunks[(frame - audit->first_frame) / CHUNK_PAGES];
}

static inline uint64_t audit_entry_frame(uint64_t entry)
{
    return entry << 10 >> 10 >> PTE_FRAME_SHIFT; /* bits 53..10 */
}

/* Kind of a frame's chunk; KIND_FIRMWARE outside of RAM. */
unsigned audit_kind(const struct audit *audit, uint64_t frame);

static inline const void *audit_frame(const struct audit *audit, uint64_t frame)
{
    return audit->window + (frame << PAGE_SHIFT);
}

/* The kernel's record of a TABLE frame. */
const struct table_record *audit_table_record(const struct audit *audit, uint64_t frame);

/* An address of the space with that root table, `bytes` within one page, as the auditor sees it;
 * NULL when it leads nowhere. */
const void *audit_memory(const struct audit *audit, uint64_t root, uint64_t address,
                         uint64_t bytes);

/* The same of the pager's own. */
const void *audit_pager_memory(const struct audit *audit, uint64_t address, uint64_t bytes);

/* Element `index` of an array in the pager's space. */
const void *audit_pager_element(const struct audit *audit, uint64_t array, uint64_t index,
                                uint64_t bytes);

/* The pager's record of a USER frame that was handed out once; NULL: none, or out of reach. */
const struct pager_frame_record *audit_frame_record(const struct audit *audit, uint64_t frame);

/* An entry that names a table of that level (which the kernel's record confirms): its frame, or
 * 0. */
uint64_t audit_child(const struct audit *audit, uint64_t entry, unsigned level);

/* The record of a space of the pager, 0 <= index < spaces_max; NULL: none, or out of reach. */
const struct pager_space *audit_space(const struct audit *audit, uint32_t index);

/* The parts, in this order. Each only reads what the ones before it counted. */
void audit_owners(struct audit *audit); /* which tables are the system's */
void audit_tables(
    struct audit *audit);              /* entries: form, rights, level, kind, groups; free frames */
void audit_slots(struct audit *audit); /* frames that shared objects hold */
void audit_counts(struct audit *audit); /* both books: frames and tables */
void audit_spaces(struct audit *audit); /* rights of entries against regions; who owns each root */

/* An OBJECT page: what the kernel says of it, and what the records name. */
struct object_page {
    uint64_t class_bytes; /* 0: none yet */
    uint64_t live_slots;
    uint64_t chunk_live_pages; /* pages in use of its whole chunk */
    uint64_t named_slots;
    const char *holder; /* whose records name objects here; NULL: nobody's */
};
/* The kernel's part of it. False: the kernel did not answer. */
typedef bool (*audit_object_query)(uint64_t page_frame, struct object_page *page_out);
/* Every live object against the record that names it (K1 of <byre/object_book.h>). Holding the
 * pager does not hold the other servers, which make and destroy objects of their own: false if a
 * book did not hold still; then nothing was found. */
bool audit_objects(struct audit *audit, audit_object_query query);

#endif
