/* The machine as the device tree has it: see machine.h. */
#include "machine.h"

#include <stddef.h>

#include <format/bytes.h>

enum {
    DEPTH_MAX = 8,           /* the stack is bounded, and so is the walk */
    SUPERVISOR_EXTERNAL = 9, /* scause number of the interrupt a PLIC context raises in S-mode */
    PLIC_SOURCES_MAX = 1023,
    PLIC_CONTEXTS_MAX = 15872,
    PAIR_BYTES = 8,
};

#define PAGE_MASK 4095ul

/* ---------------------------------------------------------------------- memory */
/* All ranges of a node's `reg` go to the list; one that wraps around is none. */
static void add_node(struct machine *machine, const struct fdt_node *node, struct ranges *into)
{
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; fdt_reg(machine->tree, node, i, &start, &bytes); i++) {
        ranges_add(into, start, start + bytes);
    }
}

/* The reservation block, but for the firmware's note of what the kernel itself takes over. */
static void add_reservations(struct machine *machine)
{
    uint64_t tree = (uint64_t)(uintptr_t)machine->tree->base;
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; fdt_reserve(machine->tree, i, &start, &bytes); i++) {
        bool is_archive = start >= (machine->archive_start & ~PAGE_MASK) &&
                          start + bytes <= machine->archive_end + PAGE_MASK;
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
    while (*isa != '\0' && !text_begins(isa, name)) {
        isa++;
    }
    return *isa != '\0';
}

/* M3 */
static bool hart_is_usable(const struct fdt *tree, const struct fdt_node *cpu, const char **isa_out)
{
    const char *mmu;
    return fdt_is_enabled(tree, cpu) && fdt_string(tree, cpu, "mmu-type", &mmu) &&
           !text_equals(mmu, "riscv,none") && !fdt_is_compatible(tree, cpu, "sifive,s7") &&
           !fdt_is_compatible(tree, cpu, "sifive,e51") &&
           fdt_string(tree, cpu, "riscv,isa", isa_out) && text_begins(*isa_out, "rv64") &&
           isa_has_letter(*isa_out, 'f') && isa_has_letter(*isa_out, 'd');
}

static void add_hart(struct machine *machine, const struct fdt_node *cpu)
{
    struct machine_hart hart = {.plic_context = MACHINE_NO_CONTEXT};
    struct fdt_node controller;
    const char *isa;
    uint64_t ignored;
    if (!hart_is_usable(machine->tree, cpu, &isa) ||
        !fdt_reg(machine->tree, cpu, 0, &hart.id, &ignored)) {
        return;
    }
    if (fdt_child(machine->tree, cpu, "interrupt-controller", &controller)) {
        (void)!fdt_number(machine->tree, &controller, "phandle", &hart.interrupt_phandle);
    }
    hart.has_sstc = isa_has_name(isa, "_sstc");
    if (machine->hart_count == MACHINE_HARTS_MAX) {
        machine->complaint = "more harts than the kernel knows; the rest stay asleep";
        return;
    }
    machine->harts[machine->hart_count++] = hart;
}

/* --------------------------------------------------------------------- devices */
static bool device_is_plic(const struct fdt *tree, const struct fdt_node *node)
{
    return fdt_is_compatible(tree, node, "sifive,plic-1.0.0") ||
           fdt_is_compatible(tree, node, "riscv,plic0");
}

/* Whoever holds these registers could stop harts or lose cached stores of others. */
static bool device_is_barred(const struct fdt *tree, const struct fdt_node *node)
{
    static const char barred[][28] = {
        "riscv,clint0",      "sifive,clint0",          "riscv,aclint-mtimer",
        "riscv,aclint-mswi", "riscv,aclint-sswi",      "sifive,fu540-c000-ccache",
        "sifive,ccache0",    "starfive,jh7110-ccache",
    };
    for (unsigned i = 0; i < sizeof barred / sizeof barred[0]; i++) {
        if (fdt_is_compatible(tree, node, barred[i])) {
            return true;
        }
    }
    return device_is_plic(tree, node) || fdt_node_is_named(node, "cache-controller");
}

/* Context n of a PLIC is wired where the n-th pair of `interrupts-extended` says. */
static void read_plic(struct machine *machine)
{
    struct fdt_property contexts;
    uint64_t sources = 0;
    if (!fdt_reg(machine->tree, &machine->plic, 0, &machine->plic_start, &machine->plic_bytes) ||
        !fdt_number(machine->tree, &machine->plic, "riscv,ndev", &sources) ||
        !fdt_property(machine->tree, &machine->plic, "interrupts-extended", &contexts)) {
        return;
    }
    machine->plic_sources = (uint32_t)(sources < PLIC_SOURCES_MAX ? sources : PLIC_SOURCES_MAX);
    for (uint32_t i = 0; i < PLIC_CONTEXTS_MAX && PAIR_BYTES * (i + 1) <= contexts.bytes; i++) {
        const uint8_t *pair = contexts.data + PAIR_BYTES * i; /* phandle, scause */
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
    uint64_t start;
    uint64_t end;
    if (fdt_number(machine->tree, chosen, "linux,initrd-start", &start) &&
        fdt_number(machine->tree, chosen, "linux,initrd-end", &end) && start < end) {
        machine->archive_start = start;
        machine->archive_end = end;
    }
    (void)!fdt_string(machine->tree, chosen, "bootargs", &machine->arguments);
}

static void read_node(struct machine *machine, const struct fdt_node *parent,
                      const struct fdt_node *node)
{
    bool is_top = parent->name[0] == '\0';
    if (is_top && fdt_node_is_named(node, "memory") && fdt_is_enabled(machine->tree, node)) {
        add_node(machine, node, &machine->memory);
    } else if (is_top && fdt_node_is_named(node, "cpus")) {
        (void)!fdt_number(machine->tree, node, "timebase-frequency", &machine->timebase_hz);
    } else if (is_top && fdt_node_is_named(node, "chosen")) {
        read_chosen(machine, node);
    } else if (fdt_node_is_named(parent, "cpus") && fdt_node_is_named(node, "cpu")) {
        add_hart(machine, node);
    } else if (fdt_node_is_named(parent, "reserved-memory")) {
        add_node(machine, node, &machine->firmware);
    } else if (device_is_barred(machine->tree, node)) {
        add_node(machine, node, &machine->barred);
    }
    if (device_is_plic(machine->tree, node)) {
        machine->plic = *node;
    }
}

static void read_below(struct machine *machine, const struct fdt_node *parent, unsigned depth)
{
    struct fdt_node node;
    for (bool more = fdt_child_first(machine->tree, parent, &node); more;
         more = fdt_child_next(machine->tree, &node, &node)) {
        read_node(machine, parent, &node);
        if (depth < DEPTH_MAX) {
            read_below(machine, &node, depth + 1);
        }
    }
}

bool machine_read(struct machine *machine, const struct fdt *tree)
{
    struct fdt_node root;
    *machine = (struct machine){.tree = tree, .arguments = "", .model = "an unnamed machine"};
    if (!fdt_root(tree, &root)) {
        machine->complaint = "the device tree has no root";
        return false;
    }
    (void)!fdt_string(tree, &root, "model", &machine->model);
    read_below(machine, &root, 0);
    add_reservations(machine);
    if (machine->plic.name != NULL) {
        read_plic(machine);
    }
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
