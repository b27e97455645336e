/* A hand-made machine for the auditor: a pager, an init and two clients that share what fork would
 * share, in three chunks of memory. machine_build makes one whose books agree. */
#ifndef TESTS_MEMAUDIT_MACHINE_H
#define TESTS_MEMAUDIT_MACHINE_H

#include <stdint.h>

#include <byre/pager_records.h>
#include <byre/table.h>
#include <programs/memaudit/audit.h>

/* One USER, one TABLE and one OBJECT chunk. */
enum {
    FIRST = 0x80000,
    USER_CHUNK = FIRST,
    TABLE_CHUNK = FIRST + CHUNK_PAGES,
    OBJECT_CHUNK = FIRST + 2 * CHUNK_PAGES,
    FRAMES = 3 * CHUNK_PAGES,
    CHUNKS = 3,

    /* USER frames */
    DIRECTORIES = USER_CHUNK, /* header and small arrays */
    FRAME_RECORDS,            /* three pages: 8 bytes a frame */
    FRAME_RECORDS_END = FRAME_RECORDS + 3,
    SPACE_RECORDS = FRAME_RECORDS_END, /* spaces, maps, blocks */
    OBJECT_INDEX,
    ZERO,
    TEXT,
    SHARED,  /* by two spaces, copy-on-write */
    PRIVATE, /* of space 1 */
    CACHED,  /* of a shared object, mapped by space 2 */
    USER_BUMP,

    /* TABLE frames; a pager and an init of their own, two clients that share a middle and a leaf */
    PAGER_ROOT = TABLE_CHUNK + 1,
    PAGER_MIDDLE,
    INIT_ROOT,
    ROOT_1,
    ROOT_2,
    MIDDLE,
    LEAF,
    MIDDLE_2, /* of space 2: shared memory */
    LEAF_2,
    MIDDLE_1,
    LEAF_1, /* of space 1 alone */
    TABLE_END,

    SPACES_MAX = 32,
    SPACE_PAGE = OBJECT_CHUNK + 2,
    SMALL_PAGE, /* of objects that the pager's book names */
};

enum {
    LEAF_R = PTE_V | PTE_R | PTE_U | PTE_A,
    LEAF_RX = LEAF_R | PTE_X,
    LEAF_RW = LEAF_R | PTE_W | PTE_D,
};

extern struct audit *audit;
extern uint64_t object_live; /* the kernel's word on the page of the spaces' objects */
extern uint64_t small_live;  /* and on the others' */

int machine_build(void **state);
int machine_free(void **state);

void *frame(uint64_t number);
uint64_t *entry(uint64_t table, unsigned index);
void set(uint64_t table, unsigned index, uint64_t target, unsigned bits);
struct table_record *record(uint64_t table);
struct pager_frame_record *counted(uint64_t number);
struct pager_chunk_record *chunk(unsigned index);
uint64_t *space_directory(void);
struct pager_space *space(unsigned index);
struct pager_region_block *block(void);
struct object_book *book(void);
struct object_place *place(unsigned index); /* of the two that it leads to */

#endif
