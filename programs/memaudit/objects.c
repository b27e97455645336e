/* Kernel objects: what the kernel says lives in every OBJECT page, against the records that name
 * each object: the servers' books (<byre/object_book.h>) and the pager's spaces. Objects themselves
 * cannot be read (OBJECT memory is never mapped). */
#include <stddef.h>

#include <byre/gen/kernel.h>
#include <byre/object_book.h>

#include "audit.h"

enum { MAP_PAGES = 2, SPACE_INDEX_BITS = 30 };

/* One that is being read. */
struct reader {
    struct audit *audit;
    audit_object_query query;
    uint64_t chunk;                 /* whose pages audit->pages are */
    const struct object_book *book; /* NULL: the pager's spaces */
    const char *server;
    uint64_t root;                       /* of the book's space */
    const struct object_book_list *list; /* of the book */
    uint64_t record;                     /* its index in the list, or the space's */
    uint64_t *total;                     /* of objects it names */
};

static unsigned count_bits(uint64_t bits)
{
    unsigned count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* ------------------------------------------------------------------------- what is named */

static const char *record_of(const struct reader *r)
{
    return r->book != NULL ? r->list->name : "space";
}

/* A record names this object, in a page of the chunk. */
static void name_object(const struct reader *r, const struct object_place *place)
{
    struct object_page *page = &r->audit->pages[place->page - r->chunk];
    uint64_t bit = 1ul << place->slot % 64;

    page->holder = page->holder != NULL ? page->holder : r->server;
    if ((page->named_slots & bit) != 0) {
        audit_find(r->audit, "object page 0x%x slot %u: %s %lu of %s names it, as another does",
                   place->page, place->slot, record_of(r), r->record, r->server);
    }
    page->named_slots |= bit;
    (*r->total)++;
    if ((page->live_slots & bit) != 0) {
        if (r->book == NULL && page->class_bytes != OBJECT_BYTES_SPACE) {
            audit_find(r->audit, "object page 0x%x: objects of %lu bytes are no spaces",
                       place->page, page->class_bytes);
        }
        return;
    }
    audit_find(r->audit, "object page 0x%x slot %u: no object, but %s %lu of %s needs it",
               place->page, place->slot, record_of(r), r->record, r->server);
}

/* A list's records. Each chunk is counted by itself: only what stands there is looked at. */
static void read_list(struct reader *r)
{
    const uint32_t *count = audit_memory(r->audit, r->root, r->list->count_at, sizeof(*count));
    for (r->record = 0; count != NULL && r->record < *count; r->record++) {
        uint64_t at = r->list->first + r->record * r->list->record_bytes;
        const struct object_place *place = audit_memory(r->audit, r->root, at, sizeof(*place));
        if (place == NULL) {
            audit_find(r->audit, "%s %lu of %s: the record is out of reach", record_of(r),
                       r->record, r->server);
            return;
        }
        if (place->page == 0) {
            continue;
        }
        if (audit_kind(r->audit, place->page) != KIND_OBJECT) {
            audit_find(r->audit, "%s %lu of %s: its object is in page 0x%x, no OBJECT page",
                       record_of(r), r->record, r->server, place->page);
        } else if (place->page - r->chunk < CHUNK_PAGES) {
            name_object(r, place);
        }
    }
}

static uint64_t root_of_space(const struct audit *audit, uint64_t space_id)
{
    if (space_id == PAGER_BOOK_OF_PAGER) {
        return audit->records->root_frame;
    }
    if (space_id == PAGER_BOOK_OF_INIT) {
        return audit->init_root;
    }
    const struct pager_space *space =
        audit_space(audit, (uint32_t)(space_id & ((1u << SPACE_INDEX_BITS) - 1)));
    return space != NULL ? space->root : 0;
}

/* The i-th book; NULL: there is none. */
static const struct object_book *find_book(const struct audit *audit, unsigned i,
                                           uint64_t *root_out)
{
    const struct pager_book *place = &audit->records->books[i];

    *root_out = root_of_space(audit, place->space_id);
    return place->address != 0
               ? audit_memory(audit, *root_out, place->address, sizeof(struct object_book))
               : NULL;
}

static void read_books(struct reader *r)
{
    for (unsigned i = 0; i < PAGER_BOOKS_MAX; i++) {
        r->book = find_book(r->audit, i, &r->root);
        r->server = r->audit->server[i];
        r->total = &r->audit->totals.objects_of[i];
        for (uint32_t l = 0; r->book != NULL && l < r->book->lists && l < OBJECT_BOOK_LISTS_MAX;
             l++) {
            r->list = &r->book->list[l];
            read_list(r);
        }
    }
}

/* The objects of the pager's spaces, which stand where their indices say. */
static void read_spaces(struct reader *r)
{
    const struct pager_records *records = r->audit->records;

    r->book = NULL;
    r->server = "the pager";
    r->total = &r->audit->totals.objects_of_spaces;
    for (r->record = 0; r->record < records->spaces_max; r->record++) {
        const uint32_t *page =
            audit_pager_element(r->audit, records->space_object_pages,
                                r->record / PAGER_SPACES_A_PAGE, sizeof(uint32_t));
        if (page == NULL || *page - r->chunk >= CHUNK_PAGES) {
            r->record += PAGER_SPACES_A_PAGE - 1;
            continue;
        }
        r->audit->pages[*page - r->chunk].holder = r->server;
        if (audit_space(r->audit, (uint32_t)r->record) != NULL) {
            name_object(r, &(struct object_place){
                               .page = *page, .slot = (uint16_t)(r->record % PAGER_SPACES_A_PAGE)});
        }
    }
}

/* -------------------------------------------------------------------------- what there is */

static void find_strays(const struct reader *r, uint64_t frame, const struct object_page *page)
{
    uint64_t strays = page->live_slots & ~page->named_slots;

    for (unsigned slot = 0; strays >> slot != 0; slot++) {
        if ((strays >> slot & 1) == 0) {
            continue;
        }
        if (page->holder == NULL) {
            audit_find(r->audit, "object page 0x%lx slot %u: a live object in nobody's page", frame,
                       slot);
        } else {
            audit_find(r->audit,
                       "object page 0x%lx slot %u: a live object that no record of %s names", frame,
                       slot, page->holder);
        }
        if (slot == 63) {
            return;
        }
    }
}

static bool ask_pages(const struct reader *r)
{
    for (unsigned i = MAP_PAGES; i < CHUNK_PAGES; i++) {
        r->audit->pages[i] = (struct object_page){0};
        if (!r->query(r->chunk + i, &r->audit->pages[i])) {
            audit_find(r->audit, "object page 0x%lx: the kernel does not answer", r->chunk + i);
            return false;
        }
    }
    return true;
}

static void count_chunk(struct reader *r)
{
    uint64_t live_pages = 0;

    if (!ask_pages(r)) {
        return;
    }
    read_books(r);
    read_spaces(r);
    for (unsigned i = MAP_PAGES; i < CHUNK_PAGES; i++) {
        const struct object_page *page = &r->audit->pages[i];
        if (page->live_slots != 0 && page->class_bytes == 0) {
            audit_find(r->audit, "object page 0x%lx: live objects, but no size class",
                       r->chunk + i);
        }
        live_pages += page->live_slots != 0;
        r->audit->totals.objects += count_bits(page->live_slots);
        find_strays(r, r->chunk + i, page);
    }
    uint64_t said = r->audit->pages[CHUNK_PAGES - 1].chunk_live_pages;
    if (live_pages != said) {
        audit_find(r->audit,
                   "object chunk 0x%lx: the kernel counts %lu pages in use, there are %lu",
                   r->chunk, said, live_pages);
    }
}

/* Whose the books are, for the report too. */
static void read_servers(struct audit *audit)
{
    for (unsigned i = 0; i < PAGER_BOOKS_MAX; i++) {
        uint64_t root;
        const struct object_book *book = find_book(audit, i, &root);
        for (unsigned c = 0; book != NULL && c < OBJECT_BOOK_NAME_BYTES - 1; c++) {
            audit->server[i][c] = book->server[c];
        }
        if (book == NULL && audit->records->books[i].address != 0) {
            audit_find(audit, "book %u of kernel objects: it is out of reach", i);
        }
    }
}

/* What the books' `changes` are. The number of the first one that is being changed, or is not what
 * it was; PAGER_BOOKS_MAX: all stand still. */
static unsigned read_changes(const struct audit *audit, const uint32_t *before,
                             uint32_t *changes_out)
{
    unsigned moved = PAGER_BOOKS_MAX;
    for (unsigned i = 0; i < PAGER_BOOKS_MAX; i++) {
        uint64_t root;
        const struct object_book *book = find_book(audit, i, &root);
        changes_out[i] = book != NULL ? __atomic_load_n(&book->changes, __ATOMIC_SEQ_CST) : 0;
        if (moved == PAGER_BOOKS_MAX &&
            (changes_out[i] % 2 != 0 || (before != NULL && changes_out[i] != before[i]))) {
            moved = i;
        }
    }
    return moved;
}

bool audit_objects(struct audit *audit, audit_object_query query)
{
    struct reader r = {.audit = audit, .query = query};
    unsigned findings = audit->findings;
    uint32_t before[PAGER_BOOKS_MAX], after[PAGER_BOOKS_MAX];

    read_servers(audit);
    audit->moved = read_changes(audit, NULL, before);
    if (audit->moved != PAGER_BOOKS_MAX) {
        audit->findings = findings;
        return false;
    }
    for (uint64_t i = 0; i < audit->frame_count; i += CHUNK_PAGES) {
        if (audit->chunks[i / CHUNK_PAGES].kind == KIND_OBJECT) {
            r.chunk = audit->first_frame + i;
            count_chunk(&r);
        }
    }
    audit->moved = read_changes(audit, before, after);
    if (audit->moved != PAGER_BOOKS_MAX) {
        audit->findings = findings;
        return false;
    }
    return true;
}
