/* test: RUN="audit_expires && memaudit" */
/* expect: memaudit: the audit was cut short: CAP_DEAD */
/* The pager is held for five seconds at most: an auditor that comes back later is told so rather
 * than left waiting, and the next one finds everything in order. */
#include "support/tap.h"

int main(void)
{
    uint64_t began = microseconds();
    check(audit("6000") == 2, "an auditor who holds on for too long is told so");
    check(microseconds() - began >= 6000000, "when it comes back");
    check(audit(NULL) == 0, "and the next audit is like any other");
    return done();
}
