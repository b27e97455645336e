/* The devices that init needs; contract in machine.h. */
#include "machine.h"

#include <string.h>

#include <format/bytes.h>
#include <format/fdt.h>

enum { ALIAS_BYTES_MAX = 32 };

/* The first that fits counts: DesignWare's parts often call themselves 16550 as well. */
static const struct {
    const char *compatible;
    enum uart_kind kind;
} uarts[] = {
    {"snps,dw-apb-uart", UART_DESIGNWARE},
    {"sifive,uart0", UART_SIFIVE},
    {"ns16550a", UART_16550},
    {"ns16550", UART_16550},
};

static enum uart_kind machine_uart_kind(const struct fdt *tree, const struct fdt_node *node)
{
    for (unsigned i = 0; i < sizeof(uarts) / sizeof(uarts[0]); i++) {
        if (fdt_is_compatible(tree, node, uarts[i].compatible)) {
            return uarts[i].kind;
        }
    }
    return UART_NONE;
}

static void machine_read_uart(const struct fdt *tree, const struct fdt_node *node,
                              struct machine_uart *uart_out)
{
    struct machine_uart uart = {.found = true, .kind = machine_uart_kind(tree, node)};
    struct fdt_property interrupts;
    uint64_t shift = 0;
    uint64_t width = 1;

    if (uart.kind == UART_NONE || !fdt_is_enabled(tree, node) ||
        !fdt_reg(tree, node, 0, &uart.address, &uart.bytes) ||
        !fdt_property(tree, node, "interrupts", &interrupts) ||
        interrupts.bytes < sizeof uart.interrupt) {
        return;
    }
    uart.interrupt = bytes_be32(interrupts.data); /* the first; more cells may follow */
    (void)fdt_number(tree, node, "reg-shift", &shift);
    (void)fdt_number(tree, node, "reg-io-width", &width);
    if (shift > 9 || (width != 1 && width != 2 && width != 4)) {
        return;
    }
    uart.reg_shift = (uint8_t)shift;
    uart.reg_io_width = (uint8_t)width;
    *uart_out = uart;
}

/* The first of them counts; false: the node is no such device. */
static bool machine_read_address(const struct fdt *tree, const struct fdt_node *node,
                                 const char *upstream, const char *other, uint64_t *address_out)
{
    uint64_t bytes;

    return (fdt_is_compatible(tree, node, upstream) || fdt_is_compatible(tree, node, other)) &&
           fdt_reg(tree, node, 0, address_out, &bytes);
}

static void machine_look_at(const struct fdt *tree, const struct fdt_node *node,
                            struct machine *machine)
{
    if (!fdt_is_enabled(tree, node)) {
        return;
    }
    if (!machine->uart.found && !machine->names_console) {
        machine_read_uart(tree, node, &machine->uart);
    }
    machine->test_found |=
        machine_read_address(tree, node, "sifive,test1", "sifive,test0", &machine->test_address);
    machine->watchdog_found |= machine_read_address(
        tree, node, "starfive,jh7110-wdt", "starfive,dskit-wdt", &machine->watchdog_address);
    machine->clocks_found |= machine_read_address(
        tree, node, "starfive,jh7110-syscrg", "starfive,jh7110-clkgen", &machine->clocks_address);
}

/* ------------------------------------------------------------------- the console's node */

/* Does a step of a path, which ends at '/' or ':', name the node? Its address may be left out. */
static bool machine_step_names(const char *step, size_t length, const char *name)
{
    return strncmp(step, name, length) == 0 &&
           (name[length] == '\0' || (name[length] == '@' && memchr(step, '@', length) == NULL));
}

static bool machine_child_at(const struct fdt *tree, const char *step, size_t length,
                             struct fdt_node *node)
{
    bool found = fdt_child_first(tree, node, node);

    while (found && !machine_step_names(step, length, node->name)) {
        found = fdt_child_next(tree, node, node);
    }
    return found;
}

static bool machine_node_at(const struct fdt *tree, const char *path, struct fdt_node *node_out)
{
    bool found = fdt_root(tree, node_out);

    while (found && *path == '/') {
        path++;
        size_t length = strcspn(path, "/:");
        found = machine_child_at(tree, path, length, node_out);
        path += length;
    }
    return found && (*path == '\0' || *path == ':');
}

/* "serial0" of /aliases, as its path; what is no alias stays. */
static const char *machine_resolve_alias(const struct fdt *tree, const struct fdt_node *root,
                                         const char *name)
{
    char alias[ALIAS_BYTES_MAX];
    struct fdt_node aliases;
    size_t length = strcspn(name, ":");

    if (*name != '/' && length < sizeof(alias) && fdt_child(tree, root, "aliases", &aliases)) {
        memcpy(alias, name, length);
        alias[length] = '\0';
        (void)!fdt_string(tree, &aliases, alias, &name);
    }
    return name;
}

/* What firmware talks on, as /chosen says: with several UARTs it is not always the first. A console
 * that is no UART of ours leaves none: the others may be wired to anything. */
static void machine_read_console(const struct fdt *tree, const struct fdt_node *root,
                                 struct machine *machine)
{
    struct fdt_node chosen;
    struct fdt_node node;
    const char *name;

    if (!fdt_child(tree, root, "chosen", &chosen) ||
        !fdt_string(tree, &chosen, "stdout-path", &name)) {
        return;
    }
    if (machine_node_at(tree, machine_resolve_alias(tree, root, name), &node)) {
        machine->names_console = true;
        machine_read_uart(tree, &node, &machine->uart);
    }
}

/* Devices stand at the root or on a bus just below it. */
void machine_read(const void *blob, uint64_t bytes, struct machine *machine_out)
{
    struct fdt tree;
    struct fdt_node root;
    struct fdt_node bus;
    struct fdt_node node;

    *machine_out = (struct machine){0};
    if (!fdt_open(&tree, blob, bytes) || !fdt_root(&tree, &root)) {
        return;
    }
    machine_read_console(&tree, &root, machine_out);
    bool more_buses = fdt_child_first(&tree, &root, &bus);
    while (more_buses) {
        machine_look_at(&tree, &bus, machine_out);
        bool more = fdt_child_first(&tree, &bus, &node);
        while (more) {
            machine_look_at(&tree, &node, machine_out);
            more = fdt_child_next(&tree, &node, &node);
        }
        more_buses = fdt_child_next(&tree, &bus, &bus);
    }
}
