/* Off and on again: through the test device if there is one (its status becomes QEMU's exit
 * status), else through firmware. */
#ifndef INIT_POWER_H
#define INIT_POWER_H

#include <stdint.h>

#include <libsys/ipc.h>

void power_init(volatile void *test_device); /* NULL: none */
err_t power_off(uint64_t status);            /* returns only if the machine refuses */
err_t power_reboot(void);

#endif
