/* Page tables of the kernel itself: see paging.h. Runs physically; so do the linker's symbols. */
#include "paging.h"

#include <addresses.h>

#include "boot.h"
#include "riscv/csr.h"
#include "riscv/hart.h"
#include "riscv/paging.h"

enum {
    KERNEL_R = PTE_V | PTE_R | PTE_A | PTE_G,
    KERNEL_RW = KERNEL_R | PTE_W | PTE_D,
    KERNEL_RX = KERNEL_R | PTE_X,
};

/* The tables that every machine needs; those of the window follow the image. */
static uint64_t image_middle[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t image_leaf[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t device_middle[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));

extern char text_start[], text_end[], rodata_start[], rodata_end[], data_start[];
extern char stack_guard[], stack_bottom[];

static uint64_t entry_for(uint64_t physical, uint64_t bits)
{
    return physical >> PAGE_SHIFT << PTE_FRAME_SHIFT | bits;
}

static void map_pages(uint64_t image, uint64_t start, uint64_t end, uint64_t bits)
{
    for (uint64_t at = start; at < end; at += PAGE_BYTES) {
        image_leaf[(at - image) >> PAGE_SHIFT] = entry_for(at, bits);
    }
}

/* The image's chunk by pages, G1; further metadata by whole chunks. */
static void map_image(const struct plan *plan, uint64_t image)
{
    uint64_t first_chunk_end = image + CHUNK_BYTES;
    unsigned index = table_index(KERNEL_IMAGE, TABLE_LEVEL_MIDDLE);
    map_pages(image, boot_address(text_start), boot_address(text_end), KERNEL_RX);
    map_pages(image, boot_address(rodata_start), boot_address(rodata_end), KERNEL_R);
    map_pages(image, boot_address(data_start), boot_address(stack_guard), KERNEL_RW);
    map_pages(image, boot_address(stack_bottom),
              plan->metadata_end < first_chunk_end ? plan->metadata_end : first_chunk_end,
              KERNEL_RW);
    for (uint64_t at = plan->harts_start; at < plan->chunk_records && at < first_chunk_end;
         at += HART_PLACE_BYTES) {
        image_leaf[(at - image) >> PAGE_SHIFT] = 0; /* below each stack */
    }
    image_middle[index] = entry_for(boot_address(image_leaf), PTE_V);
    for (uint64_t at = first_chunk_end; at < plan->metadata_end; at += CHUNK_BYTES) {
        image_middle[++index] = entry_for(at, KERNEL_RW);
    }
}

static void map_window_chunk(uint64_t *root, uint64_t chunk)
{
    uint64_t address = KERNEL_WINDOW + chunk;
    uint64_t entry = root[table_index(address, TABLE_LEVEL_ROOT)];
    uint64_t *middle = boot_pointer(entry >> PTE_FRAME_SHIFT << PAGE_SHIFT);
    middle[table_index(address, TABLE_LEVEL_MIDDLE)] = entry_for(chunk, KERNEL_RW);
}

static void map_window(uint64_t *root, const struct plan *plan)
{
    uint64_t table = plan->window_tables;
    for (uint64_t gib = 0; table < plan->metadata_end; gib++) {
        if (plan_gib_has_ram(plan, gib)) {
            __builtin_memset(boot_pointer(table), 0, PAGE_BYTES);
            root[table_index(KERNEL_WINDOW, TABLE_LEVEL_ROOT) + gib] = entry_for(table, PTE_V);
            table += PAGE_BYTES;
        }
    }
    map_window_chunk(root, plan->table_chunk);
    map_window_chunk(root, plan->object_chunk);
}

static void map_plic(uint64_t *root, const struct machine *machine)
{
    if (machine->plic_sources == 0) {
        return;
    }
    uint64_t at = machine->plic_start & ~(uint64_t)(CHUNK_BYTES - 1);
    uint64_t end = machine->plic_start + machine->plic_bytes;
    for (unsigned i = 0; i < TABLE_ENTRIES && at < end; i++, at += CHUNK_BYTES) {
        device_middle[i] = entry_for(at, KERNEL_RW);
    }
    root[table_index(KERNEL_DEVICES, TABLE_LEVEL_ROOT)] =
        entry_for(boot_address(device_middle), PTE_V);
}

uint64_t paging_build(const struct plan *plan, uint64_t image, const struct machine *machine)
{
    uint64_t *root = kernel_root;
    map_image(plan, image);
    root[table_index(KERNEL_IMAGE, TABLE_LEVEL_ROOT)] =
        entry_for(boot_address(image_middle), PTE_V);
    map_window(root, plan);
    map_plic(root, machine);
    return boot_address(root);
}
