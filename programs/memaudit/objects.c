/* Kernel objects: the pages of every OBJECT chunk as the kernel tells them, and the objects of
 * spaces against the pager's spaces. Objects cannot be read (OBJECT memory is never mapped), so
 * the kernel's word is taken for what it counts, and checked against the pager's for who owns. */
#include <stddef.h>

#include <byre/gen/kernel.h>

#include "audit.h"

enum { MAP_PAGES = 2, SPACE_BYTES = OBJECT_BYTES_SPACE };

static unsigned count_bits(uint64_t bits)
{
    unsigned count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Bits of the spaces that the pager has among the indices of one page. */
static uint64_t spaces_of_page(const struct audit *audit, uint32_t first)
{
    uint64_t live = 0;
    for (uint32_t i = 0; i < PAGER_SPACES_A_PAGE && first + i < audit->records->spaces_max; i++) {
        if (audit_space(audit, first + i) != NULL) {
            live |= 1ul << i;
        }
    }
    return live;
}

static void check_space_objects(struct audit *audit, audit_object_query query, void *context)
{
    const struct pager_records *records = audit->records;
    for (uint32_t first = 0; first < records->spaces_max; first += PAGER_SPACES_A_PAGE) {
        const uint32_t *page = audit_pager_element(audit, records->space_object_pages,
                                                   first / PAGER_SPACES_A_PAGE, sizeof(uint32_t));
        uint64_t class_bytes;
        uint64_t live;
        if (page == NULL || *page == 0 || !query(context, *page, &class_bytes, &live)) {
            continue;
        }
        uint64_t owned = spaces_of_page(audit, first);
        for (uint32_t i = 0; i < PAGER_SPACES_A_PAGE; i++) {
            uint64_t bit = 1ul << i;
            if ((live & bit) != 0 && (owned & bit) == 0) {
                audit_find(audit, "object page 0x%x slot %u: a live object that no space owns",
                           *page, i);
            }
            if ((live & bit) == 0 && (owned & bit) != 0) {
                audit_find(audit, "object page 0x%x slot %u: no object, but space %u needs it",
                           *page, i, first + i);
            }
        }
        if (live != 0 && class_bytes != SPACE_BYTES) {
            audit_find(audit, "object page 0x%x: objects of %lu bytes are no spaces", *page,
                       class_bytes);
        }
    }
}

static void check_object_chunk(struct audit *audit, uint64_t first, unsigned used,
                               audit_object_query query, void *context)
{
    unsigned pages_live = 0;
    for (unsigned i = MAP_PAGES; i < CHUNK_PAGES; i++) {
        uint64_t class_bytes;
        uint64_t live;
        if (!query(context, first + i, &class_bytes, &live)) {
            audit_find(audit, "object page 0x%lx: the kernel does not answer", first + i);
            return;
        }
        if (live != 0 && class_bytes == 0) {
            audit_find(audit, "object page 0x%lx: live objects, but no size class", first + i);
        }
        pages_live += live != 0;
        audit->totals.objects += count_bits(live);
    }
    if (pages_live != used) {
        audit_find(audit, "object chunk 0x%lx: the kernel counts %u pages in use, there are %u",
                   first, used, pages_live);
    }
}

void audit_objects(struct audit *audit, audit_object_query query, void *context)
{
    for (uint64_t i = 0; i < audit->frame_count; i += CHUNK_PAGES) {
        const struct chunk_view *chunk = &audit->chunks[i / CHUNK_PAGES];
        if (chunk->kind == KIND_OBJECT) {
            check_object_chunk(audit, audit->first_frame + i, chunk->used, query, context);
        }
    }
    check_space_objects(audit, query, context);
}
