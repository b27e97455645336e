/* The flat oracle: what every process must see, kept without tables, frames or sharing.
 *
 * A process is a list of regions and the contents of its pages; fork copies both. Of each page four
 * words are followed (first, second, middle, last); the rest is never written and must stay what
 * the backing gives.
 *
 *   O1  A load sees the last store to that word in program order of all threads of all processes
 *       that share it, else the backing (zero, or the file).
 *   O2  An access is refused exactly when its region does not allow it.
 */
#ifndef TESTS_MODEL_ORACLE_H
#define TESTS_MODEL_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

enum { ORACLE_WORDS = 4, ORACLE_REGIONS_MAX = 96 };

/* Contents by page number; what is absent has its backing's contents. */
struct contents {
    struct contents_page *slots;
    uint64_t capacity;
    uint64_t used;
};

struct oracle_object { /* shared anonymous memory */
    struct contents contents;
    uint64_t references;
    uint64_t pages;
};

struct oracle_region {
    uint64_t start, end; /* page numbers: start included, end not */
    unsigned rights;     /* MAP_R, MAP_W, MAP_X */
    unsigned maximum;
    uint64_t flags; /* REGION_* */
    /* File: page `start` of the process shows file page file_page; bytes from file_end (counted
     * from the file's own start) on are zero. */
    bool is_file;
    uint64_t file_page;
    uint64_t file_end;
    bool is_device;               /* registers: what they hold is nobody's promise */
    struct oracle_object *object; /* shared: page `start` shows page object_page of it */
    uint64_t object_page;
};

struct oracle {
    struct oracle_region regions[ORACLE_REGIONS_MAX]; /* sorted, apart from each other */
    unsigned region_count;
    struct contents contents;
};

unsigned oracle_word_offset(unsigned word);                     /* its byte in the page */
uint64_t oracle_file_word(uint64_t file_page, uint64_t offset); /* eight bytes of the fake file */

void oracle_start(struct oracle *oracle);
void oracle_copy(struct oracle *copy, const struct oracle *source); /* fork */
void oracle_end(struct oracle *oracle);

const struct oracle_region *oracle_find(const struct oracle *oracle, uint64_t page);
bool oracle_is_free(const struct oracle *oracle, uint64_t start, uint64_t pages);
bool oracle_has_room(const struct oracle *oracle); /* for two more regions */
/* TAKES one reference of region.object, if any. */
void oracle_add(struct oracle *oracle, struct oracle_region region);
void oracle_remove(struct oracle *oracle, uint64_t start, uint64_t pages);
void oracle_protect(struct oracle *oracle, uint64_t start, uint64_t pages, unsigned rights);
/* Every page of the span has a region, and its maximum allows the rights. */
bool oracle_may_protect(const struct oracle *oracle, uint64_t start, uint64_t pages,
                        unsigned rights);

/* What the region shows where nothing was written: zero, or the file. */
uint64_t oracle_backing(const struct oracle_region *region, uint64_t page, uint64_t offset);
uint64_t oracle_read(const struct oracle *oracle, uint64_t page, uint64_t offset);
void oracle_write(struct oracle *oracle, uint64_t page, unsigned word, uint64_t value);
struct oracle_object *oracle_object_make(uint64_t pages);
void oracle_object_drop(struct oracle_object *object);

#endif
