/* Calls into firmware (SBI). Usable with paging off: touches no table of addresses.
 * RISC-V Supervisor Binary Interface 2.0; extensions are probed, never inferred from a version. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Find out which extensions there are; before everything else here. */
void sbi_start(void);
void sbi_put(char c);
void sbi_timer_set(uint64_t deadline_ticks);
/* entry: physical, with paging off. true too if firmware let it go before, elsewhere. false: it
 * refuses, or cannot do what several harts need. */
bool sbi_hart_start(uint64_t hart_id, uint64_t entry);

/* Masks of harts have a bit for each index in harts[]; 0: nothing is done. */
void sbi_notify(uint64_t harts_mask); /* does not wait */
/* Firmware's numbers. CODE takes no more; TRANSLATIONS a range, all ones: everything; ASID both. */
enum sbi_fence { SBI_FENCE_CODE, SBI_FENCE_TRANSLATIONS, SBI_FENCE_ASID };
/* Returns when it is done on all of them. */
void sbi_fence(uint64_t harts_mask, enum sbi_fence which, uint64_t start, uint64_t bytes,
               uint64_t asid);
/* Returns only if firmware refuses or cannot. */
void sbi_reset(bool reboot, bool because_of_failure);
