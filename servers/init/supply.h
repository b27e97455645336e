/* Memory that init uses before there is a pager: what boot/ left over of its TABLE and OBJECT
 * chunk, and USER frames from the bottom of memory.
 *
 *   S1  Nothing is given twice, nothing comes back.
 *   S2  USER frames given are named by supply_used, with those that boot/ used, so that the pager
 *       takes the rest.
 *   S3  Running out is final: init cannot start, and says so (init_panic).
 */
#ifndef INIT_SUPPLY_H
#define INIT_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/boot_info.h>
#include <libsys/ipc.h>

enum { SUPPLY_USED_MAX = 16 };

void supply_init(const struct boot_info *info);
uint64_t supply_table(void);                  /* a free TABLE frame */
uint64_t supply_object_pages(uint64_t pages); /* the first of some fresh OBJECT pages */
/* All OBJECT pages that are left; nothing is given after that. */
struct boot_range supply_object_rest(void);
/* 1 to `wanted` consecutive free USER frames. */
struct boot_range supply_user(uint64_t wanted);
unsigned supply_used(struct boot_range ranges_out[SUPPLY_USED_MAX]);
/* The DEVICE capability of init's that covers a frame; 0: none. */
cap_t supply_device(uint64_t frame);
/* The next empty slot of init's capability table. */
cap_t supply_slot(void);

#endif
