/* The kernel's half of address spaces while it runs: the window and the roots. See paging.h. */
#include "riscv/paging.h"

#include "arch.h"
#include "riscv/facts.h"
#include "riscv/hart.h"

enum { KERNEL_RW = PTE_V | PTE_R | PTE_W | PTE_A | PTE_D | PTE_G };

uint64_t kernel_root[TABLE_ENTRIES] __attribute__((aligned(PAGE_BYTES)));

/* The indices of kernel_root's entries, which never change once paging is on. */
static uint16_t root_used[TABLE_ENTRIES - ROOT_USER_ENTRIES];
static unsigned root_used_count;

static uint64_t *table_of_entry(uint64_t entry)
{
    return riscv_image_pointer(entry >> PTE_FRAME_SHIFT << PAGE_SHIFT);
}

void paging_start(void)
{
    for (unsigned i = ROOT_USER_ENTRIES; i < TABLE_ENTRIES; i++) {
        if (kernel_root[i] != 0) {
            root_used[root_used_count++] = (uint16_t)i;
        }
    }
}

void paging_load_kernel(void)
{
    uint64_t physical = (uint64_t)(uintptr_t)kernel_root - riscv_facts.image_offset;
    csr_write(satp, SATP_SV39 | physical >> PAGE_SHIFT);
    hart_count_one(&this_hart()->hart, COUNTER_SPACE_SWITCHES);
}

/* The entry of the window's middle table that shows a chunk. */
static uint64_t *window_entry(uint64_t address)
{
    uint64_t *middle = table_of_entry(kernel_root[table_index(address, TABLE_LEVEL_ROOT)]);
    return &middle[table_index(address, TABLE_LEVEL_MIDDLE)];
}

void arch_window_open(frame_t chunk_first)
{
    uint64_t address = KERNEL_WINDOW + (chunk_first.number << PAGE_SHIFT);
    *window_entry(address) = chunk_first.number << PTE_FRAME_SHIFT | KERNEL_RW;
    arch_flush_all(); /* what was not there may be remembered, too */
}

void arch_window_close(frame_t chunk_first)
{
    *window_entry(KERNEL_WINDOW + (chunk_first.number << PAGE_SHIFT)) = 0;
    arch_flush_all();
}

void arch_root_fill(uint64_t *root_entries)
{
    for (unsigned i = 0; i < root_used_count; i++) {
        root_entries[root_used[i]] = kernel_root[root_used[i]];
    }
}

void arch_root_clear(uint64_t *root_entries)
{
    for (unsigned i = 0; i < root_used_count; i++) {
        root_entries[root_used[i]] = 0;
    }
}
