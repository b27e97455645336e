/* The recount: walks every table of every TABLE chunk by its own rules and compares with what the
 * kernel wrote (T1..T5 of byre/table.h). Returns after naming each difference as a failure. */
#ifndef SUPPORT_AUDIT_H
#define SUPPORT_AUDIT_H

#include <stdint.h>

void audit_tables(void);
uint64_t audit_entries(void); /* leaf entries that the last recount saw */

#endif
