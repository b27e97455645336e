/* Images: what a program's spaces have in common when they begin, so that the next one is made at
 * once: its regions, heap and stack, and the pages that every run of it touches first.
 *
 *   N1  An image holds a reference to its map, so that nobody changes that map any more (G3). The
 *       regions are of files or zeroes, nothing shared, wired or of a device, and one is a stack.
 *   N2  Its entries name frames of the archive, which are never freed, without W; the last one may
 *       be a page to be copied: the beginning of the program's data.
 *   N3  An image can be made again: whoever is short of memory lets all go, and a new one takes the
 *       place of the oldest. Who asks for statistics lets those go of which a space was made: a
 *       new one is there for who has made it. A number never names two images.
 *   N4  What was read of an image stays true while a space is made of it, though it may go. */
#ifndef PAGER_IMAGE_H
#define PAGER_IMAGE_H

#include "space.h"
#include "types.h"

enum { IMAGE_PAGES = 16, IMAGES_MAX = 16 };

struct image {
    uint64_t number; /* 0: none */
    bool is_new;     /* no space was made of it */
    struct region_map *map;
    struct region stack;
    uint64_t promised_user; /* as in struct space */
    uint64_t promised_tables;
    uint32_t stack_low;
    uint32_t heap_first;
    uint64_t heap_break;
    uint32_t first_page; /* where words[] begin; within one leaf table */
    uint32_t count;
    uint32_t words[IMAGE_PAGES]; /* N2: frame and rights */
    uint32_t data_bytes; /* of the frame that the last word names; 0: it is like the others */
};

/* INVAL: the space is not as N1 wants it. */
[[nodiscard]] err_t image_make(const struct space *s LENT, uint64_t *number_out);
/* For a space to be made of it. NULL: there is none of that number (any more). */
const struct image *image_use(uint64_t number);
/* Give a space that has the image's map and promises and nothing else the rest: heap, stack, first
 * pages. NOMEM: the space is to be destroyed. */
[[nodiscard]] err_t image_furnish(const struct image *image, struct space *s);
/* Let one go, or, if need be, a new one (N3). False: there is none. */
bool image_release_kept(bool new_ones);

#endif
