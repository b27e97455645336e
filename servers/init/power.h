/* Off and on again, by what there is: the test device (its status becomes QEMU's exit status), then
 * firmware, then for a restart the watchdog.
 *
 * A machine that has no test device cannot tell a status to whoever started it. For that the boot
 * argument farewell=WORD makes init say "init: farewell WORD STATUS" as the last thing before: the
 * word is known to init and to who gave it, so that no program can say it first.
 */
#ifndef INIT_POWER_H
#define INIT_POWER_H

#include <stdint.h>

#include <libsys/ipc.h>

#include "watchdog.h"

struct power_means {
    volatile uint32_t *test_device; /* NULL: none */
    struct watchdog watchdog;
    const char *farewell; /* "": none wanted */
};

void power_init(const struct power_means *means);
err_t power_off(uint64_t status); /* returns only if the machine refuses */
err_t power_reboot(void);

#endif
