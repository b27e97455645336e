/* What init looks for in the device tree: the console's UART and the test device that ends QEMU
 * with a status. The tree may be anything; what is not found is absent.
 *
 * 16550: National Semiconductor PC16550D. Bindings: serial/8250, and sifive,test1 (QEMU).
 */
#ifndef INIT_MACHINE_H
#define INIT_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/boot_info.h>
#include <libsys/ipc.h>

struct machine_uart {
    bool found;
    uint64_t address;
    uint64_t bytes;
    uint32_t interrupt;
    uint8_t reg_shift;
    uint8_t reg_io_width;
};

struct machine {
    struct machine_uart uart;
    bool test_found;
    uint64_t test_address;
};

void machine_read(const void *tree, uint64_t bytes, struct machine *machine_out);
/* The DEVICE capability of init's that covers a frame; 0: none. */
cap_t machine_device(const struct boot_info *info, uint64_t frame);

#endif
