/* Other harts: starting them, notifying them, making them fence.
 *
 *   HS1  Firmware may release a hart at _start instead of hart_entry (OpenSBI before 1.3, now and
 *        then): head.S sends it the same way, by its number. The opaque argument is not relied
 *        upon.
 *   HS2  A hart that has not come in time is given up: it finds, once it has the lock, that it got
 *        no index, and sleeps. Its place stays unused.
 *   HS3  Code that is mapped to be executed is fenced on this hart at once, on those that run by
 *        firmware before the mapping's call ends, and on an idle one before it runs again; what
 *        boot/ mapped, on each hart before its first thread.
 *   HS4  Firmware answers a fence from another hart in M-mode, whatever this hart does: so fences
 *        are asked for with the lock held.
 */
#pragma once

#include <stdint.h>

/* For head.S, which reads it with paging off. `places` is zero until the rest is true. */
struct hart_entry_facts {
    uint64_t count;
    uint64_t places; /* physical */
    uint64_t satp;
    uint64_t image_offset;
};

struct boot_facts;
struct riscv_hart;

void hart_entry(void); /* head.S: where firmware starts a hart; not to be called */
/* This hart's registers that the kernel needs; its struct is filled. */
void hart_prepare(struct riscv_hart *hart);
/* All that can be, one after the other; the lock is held. */
void harts_start(const struct boot_facts *facts);
/* Masks of harts: a bit for each index. */
uint64_t harts_others(void);
_Noreturn void hart_arrive(struct riscv_hart *hart); /* from head.S, with paging on */
