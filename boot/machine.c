/* The machine as the device tree has it: see machine.h. */
#include "machine.h"

#include <format/bytes.h>

enum {
    DEPTH_MAX = 8,
    SUPERVISOR_EXTERNAL = 9, /* scause number of the interrupt a PLIC context raises in S-mode */
    PLIC_SOURCES_MAX = 1023,
    PLIC_CONTEXTS_MAX = 15872,
};

/* All ranges of a node's `reg` go to the list; one that wraps around is none. */
static void add_node(const struct fdt *tree, const struct fdt_node *node, struct ranges *into)
{
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; fdt_reg(tree, node, i, &start, &bytes); i++) {
        ranges_add(into, start, start + bytes);
    }
}

/* ---------------------------------------------------------------------- memory */
static void read_memory(struct machine *machine, const struct fdt *tree,
                        const struct fdt_node *root)
{
    struct fdt_node node;
    for (bool more = fdt_child_first(tree, root, &node); more;
         more = fdt_child_next(tree, &node, &node)) {
        if (fdt_node_is_named(&node, "memory") && fdt_is_enabled(tree, &node)) {
            add_node(tree, &node, &machine->memory);
        }
    }
}

/* A reservation counts unless it is only the firmware's note of what the kernel itself takes over. */
static bool reservation_is_ours(const struct machine *machine, const struct fdt *tree,
                                uint64_t start, uint64_t end)
{
    uint64_t tree_start = (uint64_t)(uintptr_t)tree->base;
    uint64_t page = 4095;
    bool archive =
        start >= (machine->archive_start & ~page) && end <= ((machine->archive_end + page) & ~page);
    return archive || (start >= (tree_start & ~page) && start <= tree_start);
}

static void read_reservations(struct machine *machine, const struct fdt *tree,
                              const struct fdt_node *root)
{
    struct fdt_node parent;
    struct fdt_node node;
    if (fdt_child(tree, root, "reserved-memory", &parent)) {
        for (bool more = fdt_child_first(tree, &parent, &node); more;
             more = fdt_child_next(tree, &node, &node)) {
            add_node(tree, &node, &machine->firmware);
        }
    }
    uint64_t start;
    uint64_t bytes;
    for (uint32_t i = 0; fdt_reserve(tree, i, &start, &bytes); i++) {
        if (!reservation_is_ours(machine, tree, start, start + bytes)) {
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

static bool mmu_is_there(const struct fdt *tree, const struct fdt_node *cpu)
{
    const char *type;
    return fdt_string(tree, cpu, "mmu-type", &type) && !text_equals(type, "riscv,none");
}

static void read_hart(struct machine *machine, const struct fdt *tree, const struct fdt_node *cpu)
{
    struct machine_hart hart = {.plic_context = MACHINE_NO_CONTEXT};
    const char *isa;
    uint64_t ignored;
    uint64_t phandle = 0;
    struct fdt_node controller;
    if (!fdt_is_enabled(tree, cpu) || !mmu_is_there(tree, cpu) ||
        fdt_is_compatible(tree, cpu, "sifive,s7") || fdt_is_compatible(tree, cpu, "sifive,e51") ||
        !fdt_string(tree, cpu, "riscv,isa", &isa) || !text_begins(isa, "rv64") ||
        !isa_has_letter(isa, 'f') || !isa_has_letter(isa, 'd') ||
        !fdt_reg(tree, cpu, 0, &hart.id, &ignored)) {
        return;
    }
    if (fdt_child(tree, cpu, "interrupt-controller", &controller)) {
        (void)!fdt_number(tree, &controller, "phandle", &phandle);
    }
    hart.interrupt_phandle = (uint32_t)phandle;
    hart.has_sstc = isa_has_name(isa, "_sstc");
    if (machine->hart_count == MACHINE_HARTS_MAX) {
        machine->complaint = "more harts than the kernel knows; the rest stay asleep";
        return;
    }
    machine->harts[machine->hart_count++] = hart;
}

static void read_harts(struct machine *machine, const struct fdt *tree, const struct fdt_node *root)
{
    struct fdt_node cpus;
    struct fdt_node cpu;
    if (!fdt_child(tree, root, "cpus", &cpus)) {
        return;
    }
    (void)!fdt_number(tree, &cpus, "timebase-frequency", &machine->timebase_hz);
    for (bool more = fdt_child_first(tree, &cpus, &cpu); more;
         more = fdt_child_next(tree, &cpu, &cpu)) {
        if (fdt_node_is_named(&cpu, "cpu")) {
            read_hart(machine, tree, &cpu);
        }
    }
}

/* --------------------------------------------------------------------- devices */
/* Context n of a PLIC is wired where the n-th pair of `interrupts-extended` says. */
static void read_plic(struct machine *machine, const struct fdt *tree, const struct fdt_node *node)
{
    struct fdt_property contexts;
    uint32_t phandle;
    uint32_t cause;
    uint64_t sources = 0;
    if (machine->plic_sources != 0 ||
        !fdt_reg(tree, node, 0, &machine->plic_start, &machine->plic_bytes) ||
        !fdt_number(tree, node, "riscv,ndev", &sources) ||
        !fdt_property(tree, node, "interrupts-extended", &contexts)) {
        return;
    }
    machine->plic_sources =
        (uint32_t)(sources < PLIC_SOURCES_MAX ? sources : (uint64_t)PLIC_SOURCES_MAX);
    for (uint32_t i = 0; i < PLIC_CONTEXTS_MAX && fdt_cell(&contexts, 2 * i, &phandle) &&
                         fdt_cell(&contexts, 2 * i + 1, &cause);
         i++) {
        for (unsigned h = 0; h < machine->hart_count; h++) {
            if (cause == SUPERVISOR_EXTERNAL && machine->harts[h].interrupt_phandle == phandle) {
                machine->harts[h].plic_context = i;
            }
        }
    }
}

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

/* Visit the devices, whatever the buses between; depth is bounded because the stack is. */
static void read_devices(struct machine *machine, const struct fdt *tree,
                         const struct fdt_node *parent, unsigned depth)
{
    struct fdt_node node;
    for (bool more = fdt_child_first(tree, parent, &node); more;
         more = fdt_child_next(tree, &node, &node)) {
        if (device_is_plic(tree, &node)) {
            read_plic(machine, tree, &node);
        }
        if (device_is_barred(tree, &node)) {
            add_node(tree, &node, &machine->barred);
        }
        if (depth < DEPTH_MAX) {
            read_devices(machine, tree, &node, depth + 1);
        }
    }
}

/* ------------------------------------------------------------------ whole tree */
static void read_chosen(struct machine *machine, const struct fdt *tree,
                        const struct fdt_node *root)
{
    struct fdt_node chosen;
    uint64_t start;
    uint64_t end;
    if (!fdt_child(tree, root, "chosen", &chosen)) {
        return;
    }
    if (fdt_number(tree, &chosen, "linux,initrd-start", &start) &&
        fdt_number(tree, &chosen, "linux,initrd-end", &end) && start < end) {
        machine->archive_start = start;
        machine->archive_end = end;
    }
    (void)!fdt_string(tree, &chosen, "bootargs", &machine->arguments);
}

static void read_model(struct machine *machine, const struct fdt *tree, const struct fdt_node *root)
{
    const char *model = "an unnamed machine";
    (void)!fdt_string(tree, root, "model", &model);
    for (unsigned i = 0; i + 1 < MACHINE_MODEL_BYTES && model[i] != '\0'; i++) {
        machine->model[i] = model[i] >= ' ' && model[i] <= '~' ? model[i] : '?';
    }
}

bool machine_read(struct machine *machine, const struct fdt *tree)
{
    struct fdt_node root;
    machine->arguments = "";
    if (!fdt_root(tree, &root)) {
        machine->complaint = "the device tree has no root";
        return false;
    }
    read_model(machine, tree, &root);
    read_chosen(machine, tree, &root);
    read_memory(machine, tree, &root);
    read_reservations(machine, tree, &root);
    read_harts(machine, tree, &root);
    read_devices(machine, tree, &root, 0);
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
