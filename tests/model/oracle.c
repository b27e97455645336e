/* The flat oracle. See oracle.h. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

#include <byre/table.h>

#include "model.h"

struct contents_page {
    bool used;
    uint64_t page;
    uint64_t words[ORACLE_WORDS];
};

static const unsigned word_offsets[ORACLE_WORDS] = {0, 8, 2048, PAGE_BYTES - 8};

unsigned oracle_word_offset(unsigned word)
{
    return word_offsets[word];
}

uint64_t oracle_file_word(uint64_t file_page, uint64_t offset)
{
    uint64_t z = (file_page * PAGE_BYTES + offset + 1) * 0x9e3779b97f4a7c15ull;
    return (z ^ z >> 29) * 0xbf58476d1ce4e5b9ull;
}

/* ------------------------------------------------------------------ contents */
static struct contents_page *contents_slot(const struct contents *contents, uint64_t page)
{
    uint64_t i = (page * 0x9e3779b97f4a7c15ull >> 20) & (contents->capacity - 1);
    while (contents->slots[i].used && contents->slots[i].page != page) {
        i = (i + 1) & (contents->capacity - 1);
    }
    return &contents->slots[i];
}

static const struct contents_page *contents_find(const struct contents *contents, uint64_t page)
{
    if (contents->capacity == 0) {
        return NULL;
    }
    const struct contents_page *slot = contents_slot(contents, page);
    return slot->used ? slot : NULL;
}

static void contents_resize(struct contents *contents, uint64_t capacity, uint64_t drop_start,
                            uint64_t drop_pages)
{
    struct contents old = *contents;
    contents->slots = calloc(capacity, sizeof(struct contents_page));
    contents->capacity = capacity;
    contents->used = 0;
    for (uint64_t i = 0; i < old.capacity; i++) {
        if (old.slots[i].used && old.slots[i].page - drop_start >= drop_pages) {
            *contents_slot(contents, old.slots[i].page) = old.slots[i];
            contents->used++;
        }
    }
    free(old.slots);
}

static struct contents_page *contents_make(struct contents *contents, uint64_t page)
{
    if (contents->used * 2 >= contents->capacity) {
        contents_resize(contents, contents->capacity == 0 ? 32 : contents->capacity * 2, 0, 0);
    }
    struct contents_page *slot = contents_slot(contents, page);
    if (!slot->used) {
        *slot = (struct contents_page){.used = true, .page = page};
        contents->used++;
    }
    return slot;
}

static void contents_drop(struct contents *contents, uint64_t start, uint64_t pages)
{
    for (uint64_t i = 0; i < contents->capacity; i++) {
        if (contents->slots[i].used && contents->slots[i].page - start < pages) {
            contents_resize(contents, contents->capacity, start, pages);
            return;
        }
    }
}

static void contents_copy(struct contents *copy, const struct contents *source)
{
    *copy = *source;
    if (source->capacity != 0) {
        copy->slots = malloc(source->capacity * sizeof(struct contents_page));
        memcpy(copy->slots, source->slots, source->capacity * sizeof(struct contents_page));
    }
}

/* ------------------------------------------------------------------- objects */
struct oracle_object *oracle_object_make(uint64_t pages)
{
    struct oracle_object *object = calloc(1, sizeof(*object));
    object->references = 1;
    object->pages = pages;
    return object;
}

void oracle_object_drop(struct oracle_object *object)
{
    if (object != NULL && --object->references == 0) {
        free(object->contents.slots);
        free(object);
    }
}

/* ------------------------------------------------------------------- regions */
void oracle_start(struct oracle *oracle)
{
    memset(oracle, 0, sizeof(*oracle));
}

void oracle_copy(struct oracle *copy, const struct oracle *source)
{
    *copy = *source;
    contents_copy(&copy->contents, &source->contents);
    for (unsigned i = 0; i < copy->region_count; i++) {
        if (copy->regions[i].object != NULL) {
            copy->regions[i].object->references++;
        }
    }
}

void oracle_end(struct oracle *oracle)
{
    for (unsigned i = 0; i < oracle->region_count; i++) {
        oracle_object_drop(oracle->regions[i].object);
    }
    free(oracle->contents.slots);
    oracle_start(oracle);
}

const struct oracle_region *oracle_find(const struct oracle *oracle, uint64_t page)
{
    for (unsigned i = 0; i < oracle->region_count; i++) {
        if (page >= oracle->regions[i].start && page < oracle->regions[i].end) {
            return &oracle->regions[i];
        }
    }
    return NULL;
}

bool oracle_is_free(const struct oracle *oracle, uint64_t start, uint64_t pages)
{
    for (unsigned i = 0; i < oracle->region_count; i++) {
        if (oracle->regions[i].start < start + pages && start < oracle->regions[i].end) {
            return false;
        }
    }
    return true;
}

bool oracle_has_room(const struct oracle *oracle)
{
    return oracle->region_count + 2 <= ORACLE_REGIONS_MAX;
}

void oracle_add(struct oracle *oracle, struct oracle_region region)
{
    unsigned at = oracle->region_count;
    while (at > 0 && oracle->regions[at - 1].start > region.start) {
        at--;
    }
    if (oracle->region_count == ORACLE_REGIONS_MAX) {
        model_fail("the oracle has no room for another region");
    }
    memmove(&oracle->regions[at + 1], &oracle->regions[at],
            (oracle->region_count - at) * sizeof(region));
    oracle->regions[at] = region;
    oracle->region_count++;
}

/* Cut the region that holds `page` in two there, so that one begins with it. */
static void oracle_cut(struct oracle *oracle, uint64_t page)
{
    const struct oracle_region *found = oracle_find(oracle, page);
    if (found == NULL || found->start == page) {
        return;
    }
    unsigned index = (unsigned)(found - oracle->regions);
    struct oracle_region upper = *found;
    uint64_t below = page - upper.start;
    upper.start = page;
    upper.file_page += below;
    upper.object_page += below;
    oracle->regions[index].end = page;
    if (upper.object != NULL) {
        upper.object->references++;
    }
    oracle_add(oracle, upper);
}

void oracle_remove(struct oracle *oracle, uint64_t start, uint64_t pages)
{
    oracle_cut(oracle, start);
    oracle_cut(oracle, start + pages);
    unsigned kept = 0;
    for (unsigned i = 0; i < oracle->region_count; i++) {
        struct oracle_region region = oracle->regions[i];
        if (region.start >= start && region.end <= start + pages) {
            oracle_object_drop(region.object);
        } else {
            oracle->regions[kept++] = region;
        }
    }
    oracle->region_count = kept;
    contents_drop(&oracle->contents, start, pages);
}

bool oracle_may_protect(const struct oracle *oracle, uint64_t start, uint64_t pages,
                        unsigned rights)
{
    for (uint64_t page = start; page < start + pages;) {
        const struct oracle_region *region = oracle_find(oracle, page);
        if (region == NULL || (rights & ~region->maximum)) {
            return false;
        }
        page = region->end;
    }
    return true;
}

void oracle_protect(struct oracle *oracle, uint64_t start, uint64_t pages, unsigned rights)
{
    oracle_cut(oracle, start);
    oracle_cut(oracle, start + pages);
    for (unsigned i = 0; i < oracle->region_count; i++) {
        struct oracle_region *region = &oracle->regions[i];
        if (region->start >= start && region->end <= start + pages) {
            region->rights = rights;
        }
    }
}

/* --------------------------------------------------------------- reading, writing */
uint64_t oracle_backing(const struct oracle_region *region, uint64_t page, uint64_t offset)
{
    if (!region->is_file) {
        return 0;
    }
    uint64_t file_page = region->file_page + (page - region->start);
    uint64_t position = file_page * PAGE_BYTES + offset;
    if (position >= region->file_end) {
        return 0;
    }
    uint64_t word = oracle_file_word(file_page, offset);
    uint64_t left = region->file_end - position;
    return left >= sizeof(word) ? word : word & ((1ull << (8 * left)) - 1);
}

static unsigned word_at(uint64_t offset)
{
    for (unsigned word = 0; word < ORACLE_WORDS; word++) {
        if (word_offsets[word] == offset) {
            return word;
        }
    }
    return ORACLE_WORDS;
}

uint64_t oracle_read(const struct oracle *oracle, uint64_t page, uint64_t offset)
{
    const struct oracle_region *region = oracle_find(oracle, page);
    unsigned word = word_at(offset);
    if (region == NULL) {
        model_fail("the oracle was asked for a page without a region");
    }
    const struct contents_page *slot =
        region->object != NULL
            ? contents_find(&region->object->contents, region->object_page + (page - region->start))
            : contents_find(&oracle->contents, page);
    if (slot == NULL || word == ORACLE_WORDS) {
        return oracle_backing(region, page, offset);
    }
    return slot->words[word];
}

static struct contents_page *page_for_writing(struct oracle *oracle, uint64_t page)
{
    const struct oracle_region *region = oracle_find(oracle, page);
    struct contents *contents = &oracle->contents;
    uint64_t number = page;
    if (region->object != NULL) {
        contents = &region->object->contents;
        number = region->object_page + (page - region->start);
    }
    if (contents_find(contents, number) == NULL) {
        struct contents_page *made = contents_make(contents, number);
        for (unsigned word = 0; word < ORACLE_WORDS; word++) {
            made->words[word] = oracle_backing(region, page, word_offsets[word]);
        }
    }
    return contents_slot(contents, number);
}

void oracle_write(struct oracle *oracle, uint64_t page, unsigned word, uint64_t value)
{
    page_for_writing(oracle, page)->words[word] = value;
}
