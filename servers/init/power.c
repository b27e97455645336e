/* Power; contract in power.h. The test device of QEMU's virt machine takes a 32-bit word: what to
 * do, and a status in its upper half. */
#include "power.h"

#include <stddef.h>

#include <byre/boot_info.h>

enum test_device { TEST_FAIL = 0x3333, TEST_PASS = 0x5555, TEST_RESET = 0x7777 };
enum { RESET_OFF = 0, RESET_REBOOT = 1 };

static volatile uint32_t *test_device;

void power_init(volatile void *device)
{
    test_device = device;
}

err_t power_off(uint64_t status)
{
    if (test_device != NULL) {
        *test_device = status == 0 ? TEST_PASS : TEST_FAIL | (uint32_t)(status & 0xffff) << 16;
    }
    return byre_machine_reset(INIT_SLOT_MACHINE, RESET_OFF);
}

err_t power_reboot(void)
{
    if (test_device != NULL) {
        *test_device = TEST_RESET;
    }
    return byre_machine_reset(INIT_SLOT_MACHINE, RESET_REBOOT);
}
