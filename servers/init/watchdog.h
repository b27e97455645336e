/* The JH7110's watchdog: kept quiet while Byre runs, and the last means to start the machine again.
 *
 *   D1  A part without clock or held in reset answers no access, and may stop the bus: its
 *       registers are touched only when the clock generator says that they can be.
 *
 * Registers as in the TRM of the JH7110 (watchdog, SYSCRG); Linux calls them starfive-wdt,
 * jh7110-sys.
 */
#ifndef INIT_WATCHDOG_H
#define INIT_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog {
    volatile uint32_t *registers; /* NULL: there is none */
    volatile uint32_t *clocks;    /* SYSCRG */
};

/* Stop it if firmware left it running. True: it did. */
bool watchdog_quiet(const struct watchdog *watchdog);
/* Let it start the machine again, in less than a tenth of a second. */
void watchdog_fire(const struct watchdog *watchdog);

#endif
