/* Calls into firmware (SBI). Usable with paging off: touches no table of addresses.
 * RISC-V Supervisor Binary Interface 2.0; extensions are probed, never inferred from a version. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Find out which extensions there are; before everything else here. */
void sbi_start(void);
void sbi_put(char c);
void sbi_timer_set(uint64_t deadline_ticks);
/* Returns only if firmware refuses or cannot. */
void sbi_reset(bool reboot, bool because_of_failure);
