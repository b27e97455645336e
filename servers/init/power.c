/* Power; contract in power.h. The test device of QEMU's virt machine takes a 32-bit word: what to
 * do, and a status in its upper half. */
#include "power.h"

#include <stddef.h>

#include <byre/boot_info.h>
#include <libsys/print.h>

enum test_device { TEST_FAIL = 0x3333, TEST_PASS = 0x5555, TEST_RESET = 0x7777 };
enum { RESET_OFF = 0, RESET_REBOOT = 1 };

static struct power_means power;

void power_init(const struct power_means *means)
{
    power = *means;
    if (watchdog_quiet(&power.watchdog)) {
        print("init: firmware left the watchdog running; stopped\n");
    }
}

err_t power_off(uint64_t status)
{
    if (power.farewell[0] != '\0') {
        print("init: farewell %s %u\n", power.farewell, (unsigned)status);
    }
    if (power.test_device != NULL) {
        *power.test_device =
            status == 0 ? TEST_PASS : TEST_FAIL | (uint32_t)(status & 0xffff) << 16;
    } else {
        /* Firmware that cannot may stop this hart and never say so: it is said now. */
        print("init: off. If the machine stays on, it is safe to cut the power.\n");
    }
    return byre_machine_reset(INIT_SLOT_MACHINE, RESET_OFF);
}

err_t power_reboot(void)
{
    if (power.test_device != NULL) {
        *power.test_device = TEST_RESET;
    }
    err_t error = byre_machine_reset(INIT_SLOT_MACHINE, RESET_REBOOT);
    watchdog_fire(&power.watchdog);
    return error;
}
