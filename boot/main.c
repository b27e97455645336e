/* Boot: what there is, where it goes, init's space, the kernel's tables; in that order, with paging
 * off. head.S calls boot_main and turns paging on with what it returns. */
#include "boot.h"

#include <addresses.h>
#include <format/bytes.h>

#include "arguments.h"
#include "core/chunk.h"
#include "core/panic.h"
#include "init.h"
#include "paging.h"
#include "riscv/csr.h"
#include "riscv/facts.h"
#include "riscv/hart.h"
#include "riscv/panic.h"
#include "riscv/sbi.h"

struct boot_facts boot_facts;
static struct machine machine;
static struct plan plan;
static struct init init;

extern char image_end[];

/* ----------------------------------------------------------------------- tools */
void boot_trapped(uint64_t cause, uint64_t pc, uint64_t value)
{
    kernel_print("\nkernel: cannot boot: %s at pc %x, stval %x\n", panic_cause_text(cause), pc,
                 value);
    panic_stop();
}

/* Or stop, in words. */
static void require(bool good, const char *why)
{
    if (!good) {
        kernel_print("\nkernel: cannot boot: %s\n", why);
        panic_stop();
    }
}

/* ----------------------------------------------------------------------- steps */
static void find_init(void)
{
    struct range archive = machine.archive;
    require(archive.end - archive.start > 2 * PAGE_BYTES, "there is no boot archive (initrd)");
    require(archive.start % PAGE_BYTES == 0, "the boot archive does not begin a page");
    require(ranges_contain(&machine.memory, archive.start, archive.end),
            "the boot archive lies outside memory");
    init.image = boot_pointer(archive.start + PAGE_BYTES);
    require(init_image_is_right(init.image, archive.end - archive.start),
            "the boot archive does not begin with servers/init");
}

static void make_plan(uint64_t image)
{
    struct plan_request request = {
        .image = {image, boot_address(image_end)},
        .archive = machine.archive,
        .tree = {boot_address(init.tree.base), boot_address(init.tree.base) + init.tree.used_bytes},
        .chunk_record_bytes = sizeof(struct chunk),
        .harts_bytes = (uint64_t)riscv_facts.other_harts * HART_PLACE_BYTES,
        .init_pages = init_pages(&init),
    };
    require(plan_make(&plan, &machine, &request), plan.complaint);
}

/* How many harts are to run besides this one. */
static uint32_t count_other_harts(void)
{
    uint64_t most = boot_facts.harts_max < HARTS_MAX ? boot_facts.harts_max : HARTS_MAX;
    most = most < machine.hart_count ? most : machine.hart_count;
    return most == 0 ? 0 : (uint32_t)most - 1;
}

/* All but the one that boots, in the tree's order. */
static void make_harts(uint64_t hart_id)
{
    uint64_t place = plan.harts_start;
    for (unsigned i = 0; place < plan.chunk_records; i++) {
        if (machine.harts[i].id != hart_id) {
            struct riscv_hart *hart = boot_pointer(place + HART_STRUCT);
            __builtin_memset(boot_pointer(place), 0, HART_PLACE_BYTES);
            hart->hart_id = machine.harts[i].id;
            hart->plic_context = machine.harts[i].plic_context;
            place += HART_PLACE_BYTES;
        }
    }
}

/* B2: a kind for every chunk. */
static void make_chunks(void)
{
    struct chunk *records = boot_pointer(plan.chunk_records);
    for (uint64_t i = 0; i < plan.chunk_count; i++) {
        uint64_t start = (plan.chunk_first + i) << CHUNK_SHIFT;
        records[i] = (struct chunk){
            .kind = plan_chunk_kind(&plan, start),
            .used = start == plan.table_chunk ? INIT_TABLES : 0,
        };
    }
}

static struct boot_range frames_of(uint64_t start, uint64_t end)
{
    uint64_t first = start >> PAGE_SHIFT;
    return (struct boot_range){first, ((end + PAGE_BYTES - 1) >> PAGE_SHIFT) - first};
}

/* All of it that fits and leaves an end, to where zeroes are. */
static bool copy_text(char *to, uint32_t room, const char *from)
{
    uint32_t length = room - 1;
    bool fits = text_length(from, room, &length);
    __builtin_memcpy(to, from, length);
    return fits;
}

static void tell_kernel(void)
{
    boot_facts.chunks = riscv_image_pointer(plan.chunk_records);
    boot_facts.chunk_first = plan.chunk_first;
    boot_facts.chunk_count = plan.chunk_count;
    boot_facts.object_chunk.number = plan.object_chunk >> PAGE_SHIFT;
    boot_facts.init_root.number = init_root(&init) >> PAGE_SHIFT;
    boot_facts.init_entry.value = init.image->entry;
    boot_facts.device_count = plan.devices.count;
    for (unsigned i = 0; i < plan.devices.count; i++) {
        boot_facts.devices[i] = frames_of(plan.devices.list[i].start, plan.devices.list[i].end);
    }
    boot_facts.timebase_hz = machine.timebase_hz;
}

static void tell_init(uint64_t ticks, uint64_t instructions)
{
    struct boot_info *info = boot_pointer(init.start);
    struct ranges memory = plan.chunks;
    uint64_t tree = init_tree(&init);
    *info = (struct boot_info){
        .version = BOOT_INFO_VERSION,
        .abi_version = KERNEL_ABI_VERSION,
        .timebase_hz = machine.timebase_hz,
        .boot_ticks = ticks,
        .boot_instret = instructions,
        .hart_count = riscv_facts.other_harts + 1,
        .boot_hart = (uint32_t)riscv_facts.hart_id,
        .device_count = plan.devices.count,
        .archive = frames_of(machine.archive.start, machine.archive.end),
        .archive_bytes = machine.archive.end - machine.archive.start,
        .tree = frames_of(tree, tree + init.tree.used_bytes),
        .tree_bytes = init.tree.used_bytes,
        .init_frames = frames_of(init.start, tree),
        .table_next_frame = (plan.table_chunk >> PAGE_SHIFT) + 1 + INIT_TABLES,
        .table_chunk_frame = plan.table_chunk >> PAGE_SHIFT,
        .root_frame = init_root(&init) >> PAGE_SHIFT,
        .object_next_page = (plan.object_chunk >> PAGE_SHIFT) + BOOT_OBJECT_PAGES,
        .object_chunk_frame = plan.object_chunk >> PAGE_SHIFT,
    };
    ranges_add(&memory, plan.kernel.start, plan.kernel.end);
    for (unsigned i = 0; i < memory.count && i < BOOT_MEMORY_RANGES_MAX; i++) {
        info->memory[info->memory_count++] = frames_of(memory.list[i].start, memory.list[i].end);
    }
    if (!copy_text(info->arguments, BOOT_ARGS_BYTES, machine.arguments)) {
        kernel_log("the boot arguments are longer than %u bytes; the rest is ignored",
                   (uint64_t)BOOT_ARGS_BYTES - 1);
    }
}

static void tell_riscv(uint64_t hart_id)
{
    unsigned index = machine_hart_index(&machine, hart_id);
    require(index < machine.hart_count, "the device tree does not know the hart that boots");
    const struct machine_hart *hart = &machine.harts[index];
    riscv_facts.memory_bytes = plan.memory_bytes;
    riscv_facts.hart_id = hart_id;
    riscv_facts.plic_start = machine.plic_start;
    riscv_facts.plic_context = hart->plic_context;
    riscv_facts.plic_sources = hart->plic_context == MACHINE_NO_CONTEXT ? 0 : machine.plic_sources;
    riscv_facts.harts_start = plan.harts_start;
    riscv_facts.has_sstc = hart->has_sstc && boot_probe_stimecmp() != 0;
    (void)copy_text(riscv_facts.model, sizeof riscv_facts.model, machine.model);
}

static void read_machine(uint64_t address)
{
    require(address != 0 && address % 8 == 0, "firmware passed no device tree");
    require(fdt_open(&init.tree, boot_pointer(address), INIT_TREE_END - INIT_TREE),
            "the device tree is damaged, too large, or none");
    require(machine_read(&machine, &init.tree), machine.complaint);
    if (machine.complaint != NULL) {
        kernel_log("%s", machine.complaint);
    }
}

struct boot_result boot_main(uint64_t hart_id, uint64_t tree, uint64_t ticks, uint64_t instructions,
                             uint64_t image)
{
    sbi_start();
    read_machine(tree);
    arguments_parse(&boot_facts, machine.arguments);
    riscv_facts.image_offset = KERNEL_IMAGE - image;
    riscv_facts.other_harts = count_other_harts();
    find_init();
    make_plan(image);

    __builtin_memset(boot_pointer(plan.table_chunk), 0, CHUNK_BYTES);
    __builtin_memset(boot_pointer(plan.object_chunk), 0, CHUNK_BYTES);
    init.table_chunk = plan.table_chunk;
    init.start = plan.init_start;
    init_build(&init);
    make_chunks();
    make_harts(hart_id);

    uint64_t root = paging_build(&plan, image, &machine);
    __builtin_memcpy(boot_pointer(init_root(&init) + PAGE_BYTES / 2),
                     boot_pointer(root + PAGE_BYTES / 2), PAGE_BYTES / 2);
    tell_riscv(hart_id);
    tell_kernel();
    tell_init(ticks, instructions);
    riscv_facts.satp = SATP_SV39 | root >> PAGE_SHIFT;
    return (struct boot_result){riscv_facts.satp, riscv_facts.image_offset};
}
