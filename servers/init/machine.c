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

static enum uart_kind machine_uart_kind(const struct fdt_node *node)
{
    for (unsigned i = 0; i < sizeof(uarts) / sizeof(uarts[0]); i++) {
        if (fdt_is_compatible(node, uarts[i].compatible)) {
            return uarts[i].kind;
        }
    }
    return UART_NONE;
}

static void machine_read_uart(const struct fdt_node *node, struct machine_uart *uart_out)
{
    struct machine_uart uart = {.found = true, .kind = machine_uart_kind(node)};
    struct fdt_property interrupts;
    uint64_t shift = 0;
    uint64_t width = 1;

    if (uart.kind == UART_NONE || !fdt_is_enabled(node) ||
        !fdt_address(node, 0, &uart.address, &uart.bytes) ||
        !fdt_property(node, "interrupts", &interrupts) ||
        interrupts.bytes < sizeof uart.interrupt) {
        return;
    }
    uart.interrupt = bytes_be32(interrupts.data); /* the first; more cells may follow */
    (void)fdt_number(node, "reg-shift", &shift);
    (void)fdt_number(node, "reg-io-width", &width);
    if (shift > 9 || (width != 1 && width != 2 && width != 4)) {
        return;
    }
    uart.reg_shift = (uint8_t)shift;
    uart.reg_io_width = (uint8_t)width;
    *uart_out = uart;
}

/* The first of them counts; false: the node is no such device. */
static bool machine_read_address(const struct fdt_node *node, const char *upstream,
                                 const char *other, uint64_t *address_out)
{
    uint64_t bytes;

    return (fdt_is_compatible(node, upstream) || fdt_is_compatible(node, other)) &&
           fdt_address(node, 0, address_out, &bytes);
}

static void machine_look_at(const struct fdt_node *node, struct machine *machine)
{
    if (!fdt_is_enabled(node)) {
        return;
    }
    if (!machine->uart.found && !machine->names_console) {
        machine_read_uart(node, &machine->uart);
    }
    machine->test_found |=
        machine_read_address(node, "sifive,test1", "sifive,test0", &machine->test_address);
    machine->watchdog_found |= machine_read_address(
        node, "starfive,jh7110-wdt", "starfive,dskit-wdt", &machine->watchdog_address);
    machine->clocks_found |= machine_read_address(
        node, "starfive,jh7110-syscrg", "starfive,jh7110-clkgen", &machine->clocks_address);
}

/* ------------------------------------------------------------------- the console's node */

/* Does a step of a path, which ends at '/' or ':', name the node? Its address may be left out. */
static bool machine_step_names(const char *step, size_t length, const char *name)
{
    return strncmp(step, name, length) == 0 &&
           (name[length] == '\0' || (name[length] == '@' && memchr(step, '@', length) == NULL));
}

/* What follows the node's path in a longer one, or its end; NULL: it is another's. */
static const char *machine_path_after(const char *path, const struct fdt_node *node)
{
    const char *step = node->parent == NULL ? path : machine_path_after(path, node->parent);

    if (node->parent == NULL || step == NULL) {
        return step;
    }
    size_t length = strcspn(step + 1, "/:");
    return *step == '/' && machine_step_names(step + 1, length, node->name) ? step + 1 + length
                                                                            : NULL;
}

/* A string of one of the root's children. */
static bool machine_string(const struct fdt *tree, const char *name, const char *property,
                           const char **string_out)
{
    struct fdt_walk walk = {.tree = tree};
    const struct fdt_node *node;

    while ((node = fdt_next(&walk)) != NULL) {
        if (fdt_node_is_top(node) && fdt_node_is_named(node, name)) {
            return fdt_string(node, property, string_out);
        }
    }
    return false;
}

/* "serial0" of /aliases, as its path; what is no alias stays. */
static const char *machine_resolve_alias(const struct fdt *tree, const char *name)
{
    char alias[ALIAS_BYTES_MAX];
    size_t length = strcspn(name, ":");

    if (*name != '/' && length < sizeof(alias)) {
        memcpy(alias, name, length);
        alias[length] = '\0';
        (void)!machine_string(tree, "aliases", alias, &name);
    }
    return name;
}

/* What firmware talks on, as /chosen says: with several UARTs it is not always the first. A console
 * that is no UART of ours leaves none: the others may be wired to anything. */
static void machine_read_console(const struct fdt *tree, struct machine *machine)
{
    struct fdt_walk walk = {.tree = tree};
    const struct fdt_node *node;
    const char *path;

    if (!machine_string(tree, "chosen", "stdout-path", &path)) {
        return;
    }
    path = machine_resolve_alias(tree, path);
    while ((node = fdt_next(&walk)) != NULL) {
        const char *rest = machine_path_after(path, node);
        if (rest != NULL && (*rest == '\0' || *rest == ':')) {
            machine->names_console = true;
            machine_read_uart(node, &machine->uart);
            return;
        }
    }
}

void machine_read(const void *blob, uint64_t bytes, struct machine *machine_out)
{
    struct fdt tree;
    struct fdt_walk walk = {.tree = &tree};
    const struct fdt_node *node;

    *machine_out = (struct machine){0};
    if (!fdt_open(&tree, blob, bytes)) {
        return;
    }
    machine_read_console(&tree, machine_out);
    while ((node = fdt_next(&walk)) != NULL) {
        machine_look_at(node, machine_out);
    }
}
