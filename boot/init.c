/* The first address space: see init.h. */
#include "init.h"

#include <addresses.h>

#include "boot.h"
#include "riscv/paging.h"

enum {
    STACK_PAGES = 16,
    USER_R = PTE_V | PTE_U | PTE_A | PTE_R,
    USER_RX = USER_R | PTE_X,
    USER_RW = USER_R | PTE_W | PTE_D,
};

#define PAGE ((uint64_t)PAGE_BYTES)

static uint64_t tree_pages(const struct init *init)
{
    return (init->tree.used_bytes + PAGE - 1) / PAGE;
}

bool init_image_is_right(const struct init_image *image, uint64_t archive_bytes)
{
    uint64_t in_file = (uint64_t)image->text_pages + image->rodata_pages + image->data_pages;
    return image->magic == INIT_IMAGE_MAGIC && in_file + 2 <= archive_bytes / PAGE &&
           in_file + image->bss_pages <= INIT_IMAGE_PAGES_MAX;
}

static uint64_t data_pages(const struct init_image *image)
{
    return (uint64_t)image->data_pages + image->bss_pages;
}

uint64_t init_tree(const struct init *init)
{
    return init->start + (1 + STACK_PAGES + data_pages(init->image)) * PAGE;
}

uint64_t init_pages(const struct init *init)
{
    return (init_tree(init) - init->start) / PAGE + tree_pages(init);
}

static uint64_t table_of(const struct init *init, unsigned level)
{
    return init->table_chunk + (level + 1) * PAGE; /* frame 0 holds the records */
}

uint64_t init_root(const struct init *init)
{
    return table_of(init, TABLE_LEVEL_ROOT);
}

/* An entry of the table of that level, which is in use from then on. */
static void entry_write(const struct init *init, unsigned level, uint64_t address,
                        uint64_t physical, uint64_t bits)
{
    uint64_t *entries = boot_pointer(table_of(init, level));
    unsigned index = table_index(address, level);
    struct table_record *records = boot_pointer(init->table_chunk);
    struct table_record *record = &records[level + 1];
    entries[index] = physical >> PAGE_SHIFT << PTE_FRAME_SHIFT | bits;
    record->count = 1;
    record->state = (uint8_t)(level + 1);
    record->space = level == TABLE_LEVEL_ROOT;
    record->groups = (uint16_t)(record->groups | 1u << index / TABLE_GROUP_ENTRIES); /* T4 */
}

/* Returns the address behind. */
static uint64_t map(const struct init *init, uint64_t address, uint64_t physical, uint64_t pages,
                    uint64_t bits)
{
    for (; pages > 0; pages--, address += PAGE, physical += PAGE) {
        entry_write(init, TABLE_LEVEL_LEAF, address, physical, bits);
    }
    return address;
}

void init_build(struct init *init)
{
    const struct init_image *image = init->image;
    uint64_t text = boot_address(image) + PAGE;
    uint64_t rodata = text + image->text_pages * PAGE;
    uint64_t data_file = rodata + image->rodata_pages * PAGE;
    uint64_t info = init->start;
    uint64_t stack = info + PAGE;
    uint64_t data = stack + STACK_PAGES * PAGE;
    uint64_t tree = init_tree(init);
    __builtin_memset(boot_pointer(info), 0, init_pages(init) * PAGE);
    __builtin_memcpy(boot_pointer(data), boot_pointer(data_file), image->data_pages * PAGE);
    __builtin_memcpy(boot_pointer(tree), init->tree.base, init->tree.used_bytes);

    entry_write(init, TABLE_LEVEL_ROOT, SERVER_IMAGE, table_of(init, TABLE_LEVEL_MIDDLE), PTE_V);
    entry_write(init, TABLE_LEVEL_MIDDLE, SERVER_IMAGE, table_of(init, TABLE_LEVEL_LEAF), PTE_V);
    uint64_t at = map(init, SERVER_IMAGE, text, image->text_pages, USER_RX);
    at = map(init, at, rodata, image->rodata_pages, USER_R);
    (void)map(init, at, data, data_pages(image), USER_RW);
    (void)map(init, INIT_BOOT_INFO, info, 1, USER_R);
    (void)map(init, INIT_STACK_TOP - STACK_PAGES * PAGE, stack, STACK_PAGES, USER_RW);
    (void)map(init, INIT_TREE, tree, tree_pages(init), USER_R);
}
