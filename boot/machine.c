/* The machine as the device tree has it: see machine.h. */
#include "machine.h"

#include <stddef.h>

#include <format/bytes.h>

enum {
    SUPERVISOR_EXTERNAL = 9, /* scause number of the interrupt a PLIC context raises in S-mode */
    PLIC_SOURCES_MAX = 1023,
    PLIC_CONTEXTS_MAX = 15872,
    PAIR_BYTES = 8,
};

#define PAGE_MASK 4095ul

/* The JH7110 shows all RAM a second time, uncached. As a device's registers that would be a way
 * around the kinds of memory, so nobody gets it. */
#define JH7110_ALIAS_START 0x240000000ul
#define JH7110_ALIAS_END   0x440000000ul

/* ---------------------------------------------------------------------- memory */
typedef bool read_range(const struct fdt_node *node, uint32_t index, uint64_t *address_out,
                        uint64_t *bytes_out);

/* All ranges of a node's `reg` go to the list; one that wraps around is none. */
static void add_node(const struct fdt_node *node, read_range *read, struct ranges *into)
{
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; read(node, i, &start, &bytes); i++) {
        ranges_add(into, start, start + bytes);
    }
}

/* The reservation block, but for the firmware's note of what the kernel itself takes over. */
static void add_reservations(struct machine *machine, const struct fdt *fdt)
{
    uint64_t tree = (uint64_t)(uintptr_t)fdt->base;
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; fdt_reserve(fdt, i, &start, &bytes); i++) {
        bool is_archive = start >= (machine->archive.start & ~PAGE_MASK) &&
                          start + bytes <= machine->archive.end + PAGE_MASK;
        bool is_tree = start >= (tree & ~PAGE_MASK) && start <= tree;
        if (!is_archive && !is_tree) {
            ranges_add(&machine->firmware, start, start + bytes);
        }
    }
}

/* ----------------------------------------------------------------------- harts */
/* "rv64imafdc_zicsr_sstc": single letters up to the first underscore, then names. */
static bool isa_has_letter(const char *isa, char letter)
{
    const char *at = isa + sizeof "rv64" - 1;
    while (*at != '\0' && *at != '_' && *at != letter && *at != 'g') {
        at++;
    }
    return *at == letter || *at == 'g';
}

static bool isa_has_name(const char *isa, const char *name)
{
    while (*isa != '\0' && (*isa != '_' || text_after(isa + 1, name) == NULL)) {
        isa++;
    }
    return *isa != '\0';
}

/* Newer trees list extensions, by whole names; some of them have nothing else. */
static bool hart_has(const struct fdt_node *cpu, const char *extension)
{
    static const char list_name[] = "riscv,isa-extensions";
    struct fdt_property list;
    const char *isa;
    if (fdt_property(cpu, list_name, &list)) {
        return fdt_lists(cpu, list_name, extension);
    }
    if (!fdt_string(cpu, "riscv,isa", &isa) || text_after(isa, "rv64") == NULL) {
        return false;
    }
    return extension[1] == '\0' ? isa_has_letter(isa, *extension) : isa_has_name(isa, extension);
}

/* M3 */
static bool hart_is_usable(const struct fdt_node *cpu)
{
    const char *mmu;
    return fdt_is_enabled(cpu) && fdt_string(cpu, "mmu-type", &mmu) &&
           !text_equals(mmu, "riscv,none") && !fdt_is_compatible(cpu, "sifive,s7") &&
           !fdt_is_compatible(cpu, "sifive,e51") && hart_has(cpu, "f") && hart_has(cpu, "d");
}

static void read_hart(struct machine *machine, const struct fdt_node *cpu)
{
    struct machine_hart hart = {.plic_context = MACHINE_NO_CONTEXT};
    uint64_t ignored;
    machine->hart = NULL;
    if (!hart_is_usable(cpu) || !fdt_reg(cpu, 0, &hart.id, &ignored)) {
        return;
    }
    if (machine->hart_count == MACHINE_HARTS_MAX) {
        machine->complaint = "more harts than the kernel knows; the rest stay asleep";
        return;
    }
    hart.has_sstc = hart_has(cpu, "sstc");
    machine->hart = &machine->harts[machine->hart_count++];
    *machine->hart = hart;
}

/* --------------------------------------------------------------------- devices */
static bool is_one_of(const struct fdt_node *node, const char (*names)[28], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (fdt_is_compatible(node, names[i])) {
            return true;
        }
    }
    return false;
}

/* Whoever holds these registers could stop harts or lose cached stores of others. The PLICs
 * first. */
static const char barred[][28] = {
    "sifive,plic-1.0.0",      "riscv,plic0",         "riscv,clint0",
    "sifive,clint0",          "riscv,aclint-mtimer", "riscv,aclint-mswi",
    "riscv,aclint-sswi",      "sifive,ccache0",      "sifive,fu540-c000-ccache",
    "starfive,jh7110-ccache",
};

enum { BARRED_PLICS = 2, BARRED = sizeof barred / sizeof barred[0] };

static void read_device(struct machine *machine, const struct fdt_node *node)
{
    uint64_t sources;
    if (!is_one_of(node, barred, BARRED) && !fdt_node_is_named(node, "cache-controller")) {
        return;
    }
    add_node(node, fdt_address, &machine->barred);
    if (is_one_of(node, barred, BARRED_PLICS) &&
        fdt_address(node, 0, &machine->plic_start, &machine->plic_bytes) &&
        fdt_property(node, "interrupts-extended", &machine->plic_contexts) &&
        fdt_number(node, "riscv,ndev", &sources)) {
        machine->plic_sources = (uint32_t)(sources < PLIC_SOURCES_MAX ? sources : PLIC_SOURCES_MAX);
    }
}

/* Context n of a PLIC is wired where the n-th pair of `interrupts-extended` says. */
static void find_contexts(struct machine *machine)
{
    const struct fdt_property *contexts = &machine->plic_contexts;
    for (uint32_t i = 0; i < PLIC_CONTEXTS_MAX && PAIR_BYTES * (i + 1) <= contexts->bytes; i++) {
        const uint8_t *pair = contexts->data + PAIR_BYTES * i; /* phandle, scause */
        for (unsigned h = 0; h < machine->hart_count; h++) {
            if (bytes_be32(pair + 4) == SUPERVISOR_EXTERNAL &&
                bytes_be32(pair) == machine->harts[h].interrupt_phandle) {
                machine->harts[h].plic_context = i;
            }
        }
    }
}

/* ------------------------------------------------------------------ whole tree */
static void read_chosen(struct machine *machine, const struct fdt_node *chosen)
{
    struct range archive;
    if (fdt_number(chosen, "linux,initrd-start", &archive.start) &&
        fdt_number(chosen, "linux,initrd-end", &archive.end) && archive.start < archive.end) {
        machine->archive = archive;
    }
    (void)!fdt_string(chosen, "bootargs", &machine->arguments);
}

static void read_node(struct machine *machine, const struct fdt_node *node)
{
    bool is_top = fdt_node_is_top(node);
    if (node->parent == NULL) {
        (void)!fdt_string(node, "model", &machine->model);
        if (fdt_is_compatible(node, "starfive,jh7110")) {
            ranges_add(&machine->barred, JH7110_ALIAS_START, JH7110_ALIAS_END);
        }
    } else if (is_top && fdt_node_is_named(node, "memory") && fdt_is_enabled(node)) {
        add_node(node, fdt_reg, &machine->memory);
    } else if (is_top && fdt_node_is_named(node, "cpus")) {
        (void)!fdt_number(node, "timebase-frequency", &machine->timebase_hz);
    } else if (is_top && fdt_node_is_named(node, "chosen")) {
        read_chosen(machine, node);
    } else if (fdt_node_is_named(node->parent, "cpus")) {
        read_hart(machine, node);
    } else if (fdt_node_is_named(node->parent, "cpu")) {
        if (machine->hart != NULL && fdt_node_is_named(node, "interrupt-controller")) {
            (void)!fdt_number(node, "phandle", &machine->hart->interrupt_phandle);
        }
    } else if (fdt_node_is_named(node->parent, "reserved-memory")) {
        add_node(node, fdt_reg, &machine->firmware);
    } else {
        read_device(machine, node);
    }
}

bool machine_read(struct machine *machine, const struct fdt *tree)
{
    struct fdt_walk walk = {.tree = tree};
    const struct fdt_node *node;
    *machine = (struct machine){.arguments = "", .model = "an unnamed machine"};
    while ((node = fdt_next(&walk)) != NULL) {
        read_node(machine, node);
    }
    add_reservations(machine, tree);
    find_contexts(machine);
    if (machine->memory.is_lossy || machine->firmware.is_lossy || machine->barred.is_lossy) {
        machine->complaint = "the device tree has more ranges of memory than the kernel can hold";
        return false;
    }
    if (machine->memory.count == 0 || machine->hart_count == 0 || machine->timebase_hz == 0) {
        machine->complaint = "the device tree names no memory, no usable hart, or no timebase";
        return false;
    }
    return true;
}

unsigned machine_hart_index(const struct machine *machine, uint64_t id)
{
    unsigned index = 0;
    while (index < machine->hart_count && machine->harts[index].id != id) {
        index++;
    }
    return index;
}
