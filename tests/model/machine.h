/* The machine: harts that translate through caches as badly as the architecture lets them.
 *
 * Each hart has a TLB tagged by space, a page-walk cache of pointers to tables, random eviction and
 * random speculative fills. RISC-V privileged architecture 1.12, sections 4.2.1 and 4.3.2:
 *
 *   M1  A cached leaf is used until it is evicted or fenced, whatever the tables say by now.
 *   M2  A cached pointer too; a walk through it reads the table's memory as it is now, even if
 *       that frame serves something else. A fence of single pages leaves pointers alone.
 *   M3  Entries found not valid may be cached (per page) until fenced.
 *   M4  A and D are never set by the hart: an access that would need it faults.
 */
#ifndef TESTS_MODEL_MACHINE_H
#define TESTS_MODEL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum { MACHINE_HARTS = 3 };

enum machine_access { ACCESS_LOAD, ACCESS_STORE, ACCESS_AMO, ACCESS_FETCH };

void machine_start(void); /* rolls the caches' sizes and habits */

/* Where an access goes: 0 and the frame, or FAULT_PAGE_*. */
unsigned machine_translate(unsigned hart, unsigned space, uint64_t address,
                           enum machine_access access, uint64_t *frame_out);

/* The hart fetches a translation that nobody asked for, and forgets another. */
void machine_speculate(unsigned hart, unsigned space, uint64_t address);

void machine_flush(unsigned space, uint64_t address, uint64_t pages); /* pages 0: all of it */

/* Contract of the fences, checked when the pager is between two pieces of work: what is cached for
 * a space must be what its tables say, or less. Returns the address of a breach through the
 * pointer, and its description, else NULL. */
const char *machine_breach(unsigned space, uint64_t *address_out);

/* A pointer to this table is cached for a live space: the hardware could walk freed memory. */
bool machine_walks_through(uint64_t table_frame);

/* What the tables say now, without any cache: the leaf entry, or 0. */
uint64_t machine_walk(unsigned space, uint64_t address);

#endif
