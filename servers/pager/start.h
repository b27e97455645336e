/* Facts that hold from the pager's start on. */
#ifndef PAGER_START_H
#define PAGER_START_H

#include "types.h"

struct pager_boot;

/* The boot archive: what backing 1 of a region means. */
extern frame_t pager_archive;
extern uint32_t pager_archive_pages;
extern bool pager_testhooks;
extern uint64_t pager_timebase_hz;
extern unsigned pager_harts; /* threads that serve: one for each */

/* Set up everything from what init gives (<byre/pager_boot.h>). A machine too small is a
 * failure. */
void pager_start(const struct pager_boot *boot LENT);

#endif
