/* Audits: the pager holds still while another program recounts its books.
 *
 *   D1  While it is held the pager answers the audit endpoint alone, until audit_end or the
 *       deadline; then the audit window is gone from the auditor's space, and flushed.
 *   D2  Nothing waits in teardown when the hold begins: every entry that exists is counted.
 *   D3  The window's tables are taken from the machine, not from the auditor's account.
 *   D4  Each hold has an endpoint of its own, which goes when it ends: who calls it too late is
 *       told CAP_DEAD, and who waits there PEER_GONE. */
#ifndef PAGER_AUDIT_H
#define PAGER_AUDIT_H

#include <byre/gen/pager.h>

#include "types.h"

enum { AUDIT_SECONDS = 5 };

struct pager_records;

/* The header of the records, in the window. After own_start. */
void audit_start(struct pager_records *header KEEPS, uint64_t records_bytes);
bool audit_admits(const struct pager_request *request);
/* From the answer to audit_begin until audit_end. */
extern uint64_t audit_held; /* the auditor's space, or 0 */
static inline bool audit_is_held(void)
{
    return audit_held != 0;
}
/* The deadline passed, or the auditor has done: D1. */
void audit_release(void);

#endif
