/* Kernel objects: the pages of every OBJECT chunk as the kernel tells them, and the objects of
 * spaces against the pager's spaces. Objects cannot be read (OBJECT memory is never mapped), so
 * the kernel's word is taken for what it counts, and checked against the pager's for who owns. */
#include <stddef.h>

#include <byre/gen/kernel.h>

#include "audit.h"

enum { MAP_PAGES = 2, SPACE_BYTES = OBJECT_BYTES_SPACE, COUNT_TRIES = 4 };

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

static void check_space_slots(struct audit *audit, uint32_t page, uint32_t first, uint64_t live)
{
    uint64_t owned = spaces_of_page(audit, first);
    for (uint32_t i = 0; i < PAGER_SPACES_A_PAGE; i++) {
        uint64_t bit = 1ul << i;
        if ((live & bit) != 0 && (owned & bit) == 0) {
            audit_find(audit, "object page 0x%x slot %u: a live object that no space owns", page,
                       i);
        }
        if ((live & bit) == 0 && (owned & bit) != 0) {
            audit_find(audit, "object page 0x%x slot %u: no object, but space %u needs it", page, i,
                       first + i);
        }
    }
}

static void check_space_objects(struct audit *audit, audit_object_query query)
{
    const struct pager_records *records = audit->records;
    for (uint32_t first = 0; first < records->spaces_max; first += PAGER_SPACES_A_PAGE) {
        const uint32_t *page = audit_pager_element(audit, records->space_object_pages,
                                                   first / PAGER_SPACES_A_PAGE, sizeof(uint32_t));
        struct object_page objects;
        if (page == NULL || *page == 0) {
            continue;
        }
        if (!query(*page, &objects)) {
            audit_find(audit, "object page 0x%x: the kernel does not answer", *page);
            continue;
        }
        check_space_slots(audit, *page, first, objects.live_slots);
        if (objects.live_slots != 0 && objects.class_bytes != SPACE_BYTES) {
            audit_find(audit, "object page 0x%x: objects of %lu bytes are no spaces", *page,
                       objects.class_bytes);
        }
    }
}

/* One count of a chunk. */
struct chunk_count {
    uint64_t unanswered;   /* a page, or 0 */
    uint64_t unclassified; /* a page with live objects of no size class, or 0 */
    uint64_t objects;
    uint64_t pages_live;
    uint64_t said_before; /* the kernel's own word, at the first page and the last */
    uint64_t said_after;
};

static struct chunk_count count_chunk(uint64_t first, audit_object_query query)
{
    struct chunk_count c = {0};
    for (unsigned i = MAP_PAGES; i < CHUNK_PAGES; i++) {
        struct object_page page;
        if (!query(first + i, &page)) {
            c.unanswered = first + i;
            return c;
        }
        if (page.live_slots != 0 && page.class_bytes == 0) {
            c.unclassified = first + i;
        }
        c.pages_live += page.live_slots != 0;
        c.objects += count_bits(page.live_slots);
        c.said_before = i == MAP_PAGES ? page.chunk_live_pages : c.said_before;
        c.said_after = page.chunk_live_pages;
    }
    return c;
}

static bool is_settled(const struct chunk_count *c)
{
    return c->unanswered == 0 && c->said_before == c->said_after && c->pages_live == c->said_after;
}

static void check_object_chunk(struct audit *audit, uint64_t first, audit_object_query query)
{
    struct chunk_count c = count_chunk(first, query);
    for (unsigned tries = 1; !is_settled(&c) && tries < COUNT_TRIES; tries++) {
        c = count_chunk(first, query);
    }
    audit->totals.objects += c.objects;
    if (c.unanswered != 0) {
        audit_find(audit, "object page 0x%lx: the kernel does not answer", c.unanswered);
    } else if (c.pages_live != c.said_after) {
        audit_find(audit, "object chunk 0x%lx: the kernel counts %lu pages in use, there are %lu",
                   first, c.said_after, c.pages_live);
    }
    if (c.unclassified != 0) {
        audit_find(audit, "object page 0x%lx: live objects, but no size class", c.unclassified);
    }
}

void audit_objects(struct audit *audit, audit_object_query query)
{
    for (uint64_t i = 0; i < audit->frame_count; i += CHUNK_PAGES) {
        if (audit->chunks[i / CHUNK_PAGES].kind == KIND_OBJECT) {
            check_object_chunk(audit, audit->first_frame + i, query);
        }
    }
    check_space_objects(audit, query);
}
