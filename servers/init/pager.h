/* Starting the pager: the one server that init loads by hand, since nobody else could.
 *
 *   P1  What abi/byre/pager_boot.h says (its B1 to B4) holds when pager_start returns.
 *   P2  The pager's thread, space, table and endpoint stay init's (struct server), so that another
 *       pager can be started on the records of this one.
 *   P3  Its faults go to a second thread of init (fault.h): the first one may be waiting for the
 *       pager itself.
 */
#ifndef INIT_PAGER_H
#define INIT_PAGER_H

#include "system.h"

void pager_start(struct system *system);

#endif
