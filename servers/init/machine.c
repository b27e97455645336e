/* The devices that init needs; contract in machine.h. */
#include "machine.h"

#include <string.h>

#include <format/bytes.h>
#include <format/fdt.h>

static const char *const uarts[] = {"ns16550a", "ns16550", "snps,dw-apb-uart"};

static bool machine_is_uart(const struct fdt *tree, const struct fdt_node *node)
{
    for (unsigned i = 0; i < sizeof(uarts) / sizeof(uarts[0]); i++) {
        if (fdt_is_compatible(tree, node, uarts[i])) {
            return true;
        }
    }
    return false;
}

static void machine_read_uart(const struct fdt *tree, const struct fdt_node *node,
                              struct machine_uart *uart_out)
{
    struct machine_uart uart = {.found = true};
    struct fdt_property interrupts;
    uint64_t shift = 0;
    uint64_t width = 1;

    if (!fdt_reg(tree, node, 0, &uart.address, &uart.bytes) ||
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

static void machine_look_at(const struct fdt *tree, const struct fdt_node *node,
                            struct machine *machine)
{
    uint64_t bytes;

    if (!fdt_is_enabled(tree, node)) {
        return;
    }
    if (!machine->uart.found && machine_is_uart(tree, node)) {
        machine_read_uart(tree, node, &machine->uart);
    }
    if (!machine->test_found && (fdt_is_compatible(tree, node, "sifive,test1") ||
                                 fdt_is_compatible(tree, node, "sifive,test0"))) {
        machine->test_found = fdt_reg(tree, node, 0, &machine->test_address, &bytes);
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

cap_t machine_device(const struct boot_info *info, uint64_t frame)
{
    for (uint32_t i = 0; i < info->device_count; i++) {
        cap_t slot = INIT_SLOT_DEVICE_FIRST + i;
        uint64_t type, rights, badge, first, frames;
        if (byre_cap_info(0, slot, &type, &rights, &badge, &first, &frames) == ERR_OK &&
            type == OBJECT_DEVICE && frame >= first && frame - first < frames) {
            return slot;
        }
    }
    return 0;
}
