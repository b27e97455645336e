/* What init looks for in the device tree: the console's UART, the test device that ends QEMU
 * with a status, the JH7110's watchdog with its clocks. The tree may be anything; what is not found
 * is absent.
 *
 * Bindings: serial/8250, serial/snps-dw-apb-uart, serial/sifive-serial, and sifive,test1 (QEMU).
 */
#ifndef INIT_MACHINE_H
#define INIT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/boot_info.h>
#include <byre/server.h>
#include <libsys/ipc.h>

struct machine_uart {
    bool found;
    uint8_t kind; /* enum uart_kind of server.h */
    uint64_t address;
    uint64_t bytes;
    uint32_t interrupt;
    uint8_t reg_shift;
    uint8_t reg_io_width;
};

struct machine {
    struct machine_uart uart;
    bool names_console; /* /chosen does; no other UART will be the console */
    bool test_found;
    uint64_t test_address;
    bool watchdog_found; /* the JH7110's */
    uint64_t watchdog_address;
    bool clocks_found;
    uint64_t clocks_address;
};

void machine_read(const void *tree, uint64_t bytes, struct machine *machine_out);

#endif
