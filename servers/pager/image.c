/* Images of programs; the contract is in image.h. */
#include "image.h"

#include <string.h>

#include "cow.h"
#include "frame.h"
#include "kernel.h"
#include "page.h"
#include "start.h"
#include "table.h"

static struct image images[IMAGES_MAX];
static uint64_t last_number;

_Static_assert((int)IMAGE_PAGES <= (int)KERNEL_MAP_BATCH, "one call maps all of them");

/* ---------------------------------------------------------------------------------- making */
static bool region_suits(const struct region *r)
{
    return r->backing <= BACKING_ARCHIVE && (r->flags & (REGION_SHARED | REGION_WIRED)) == 0;
}

/* N1; NULL: it does not hold. */
static const struct region *find_stack(const struct region_map *map)
{
    const struct region *stack = NULL;
    if (map->blocks != 1) {
        return NULL;
    }
    const struct region_block *block = map->block[0];
    for (uint32_t i = 0; i < block->count; i++) {
        const struct region *r = &block->regions[i];
        if (!region_suits(r)) {
            return NULL;
        }
        stack = (r->flags & REGION_STACK) != 0 ? r : stack;
    }
    return stack;
}

/* Bytes that the archive has of that page of a region: none where it is all zeroes. */
static uint32_t file_bytes(const struct region *r, uint32_t page)
{
    uint32_t relative = page - r->first_page;
    if (r->backing != BACKING_ARCHIVE || relative >= r->file_pages) {
        return 0;
    }
    return relative + 1 == r->file_pages && r->file_tail != 0 ? r->file_tail : PAGE_BYTES;
}

/* N2: whole pages of the archive from the first region's on, as far as they follow one another, and
 * the first page of data. */
static void prepare_pages(struct image *image)
{
    uint32_t page = image->map->block[0]->regions[0].first_page;
    uint32_t group_end = (page / GROUP_PAGES + 1) * GROUP_PAGES;
    image->first_page = page;
    for (; page < group_end && image->count < IMAGE_PAGES && image->data_bytes == 0; page++) {
        const struct region *r = region_find(image->map, page);
        uint32_t bytes = r != NULL && r->rights != 0 ? file_bytes(r, page) : 0;
        bool written = bytes != 0 && (r->rights & MAP_W) != 0;
        if (bytes == 0 || (bytes < PAGE_BYTES && !written)) {
            return;
        }
        frame_t source = {pager_archive.number + r->offset_pages + page - r->first_page};
        image->words[image->count++] = map_word(source, r->rights);
        image->data_bytes = written ? bytes : 0;
    }
}

static void forget(struct image *image)
{
    struct region_map *map = image->map;
    image->number = 0;
    image->map = NULL;
    region_map_release(map);
}

err_t image_make(const struct space *s, uint64_t *number_out)
{
    const struct region *stack = find_stack(s->map);
    if (stack == NULL || s->has_device) {
        return PAGER_ERR_INVAL;
    }
    uint64_t number = ++last_number;
    struct image *image = &images[number % IMAGES_MAX];
    if (image->number != 0) {
        forget(image);
    }
    *image = (struct image){.number = number,
                            .is_new = true,
                            .map = region_map_share(s->map),
                            .stack = *stack,
                            .promised_user = s->promised_user,
                            .promised_tables = s->promised_tables,
                            .stack_low = s->stack_low,
                            .heap_first = s->heap_first,
                            .heap_break = s->heap_break};
    prepare_pages(image);
    *number_out = number;
    return ERR_OK;
}

const struct image *image_use(uint64_t number)
{
    struct image *image = &images[number % IMAGES_MAX];
    if (number == 0 || image->number != number) {
        return NULL;
    }
    image->is_new = false;
    return image;
}

bool image_release_kept(bool new_ones)
{
    for (unsigned i = 0; i < IMAGES_MAX; i++) {
        if (images[i].number != 0 && (new_ones || !images[i].is_new)) {
            forget(&images[i]);
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------------------------ using */
/* The last word's frame becomes a copy of it. */
static err_t copy_data(const struct image *image, uint32_t *word)
{
    frame_t frame;
    err_t error = memory_take_frame(&frame);
    if (error == ERR_OK) {
        page_fill(frame, (frame_t){*word >> MAP_FRAME_SHIFT}, image->data_bytes);
        *word = map_word(frame, MAP_R | MAP_W);
    }
    return error;
}

static err_t map_pages(const struct image *image, struct space *s)
{
    uint32_t words[IMAGE_PAGES];
    uint32_t from_archive = image->count - (image->data_bytes != 0);
    frame_t leaf;
    err_t error = cow_make_private(s, image->first_page, &leaf);
    if (error != ERR_OK) {
        return error;
    }
    memcpy(words, image->words, sizeof(words));
    if (image->data_bytes != 0) {
        error = copy_data(image, &words[from_archive]);
        if (error != ERR_OK) {
            return error;
        }
    }
    for (uint32_t i = 0; i < from_archive; i++) {
        frame_ref((frame_t){words[i] >> MAP_FRAME_SHIFT});
    }
    error = kernel_table_map(leaf, page_leaf_index(image->first_page), image->count, words);
    PAGER_ASSERT(error == ERR_OK);
    return ERR_OK;
}

err_t image_furnish(const struct image *image, struct space *s)
{
    s->stack_low = image->stack_low;
    s->heap_first = image->heap_first;
    s->heap_break = image->heap_break;
    return image->count == 0 ? ERR_OK : map_pages(image, s);
}
