/* test: MEM=64M BOOTARGS="testhooks" RUN="audit_names" */
/* expect: (?s)# the page's frame is (0x[0-9a-f]+)\n.*DIFFERENCE frame \1: the pager counts 2, there
 * are 1 .*DIFFERENCE frame \1: the pager counts 1, there are 0 */
/* expect: (?s)# the page is in (space 0x[0-9a-f]+ address 0x[0-9a-f]+)\n.*DIFFERENCE \1 entry
 * 0x[0-9a-f]+: executable, the region is not */
/* expect: DIFFERENCE object page 0x[0-9a-f]+ slot \d+: a live object that no record of the pager
 * names */
/* expect: DIFFERENCE object page 0x[0-9a-f]+ slot \d+: a live object that no record of init
 * names */
/* expect: DIFFERENCE object page 0x[0-9a-f]+ slot \d+: a live object that no record of proc
 * names */
/* The auditor is silent while the books agree, and names the very count, object and entry that a
 * test hook corrupts. There is no audit at the end: the last corruption stays. */
#include <byre/pager_hook.h>
#include <byre/table.h>

#include "support/tap.h"

int main(void)
{
    if (!check(hooks_work(), "booted with testhooks")) {
        return done();
    }
    uint8_t *page = memory(PAGE);
    page[0] = 1;
    hook(PAGER_HOOK_SPACE, own_space_id());
    note("the page's frame is 0x%lx", hook(PAGER_HOOK_ADDRESS, (uintptr_t)page));
    note("the page is in space 0x%lx address 0x%lx", own_space_id(), (uintptr_t)page);
    check(audit(NULL) == 0, "the books agree before anything is done to them");

    hook(PAGER_HOOK_CORRUPT_COUNT, 1);
    check(audit(NULL) == 1, "a count that is one too high is a difference");
    hook(PAGER_HOOK_CORRUPT_COUNT, (uint64_t)-1);
    check(audit(NULL) == 0, "and none when it is right again");

    static const char *const holders[] = {[PAGER_STRAY_OF_PAGER] = "the pager",
                                          [PAGER_STRAY_OF_INIT] = "init",
                                          [PAGER_STRAY_OF_PROC] = "proc"};
    for (unsigned whose = PAGER_STRAY_OF_PAGER; whose <= PAGER_STRAY_OF_PROC; whose++) {
        hook(PAGER_HOOK_CORRUPT_OBJECT, whose);
        check(audit(NULL) == 1, "an object among those of %s that nobody holds is a difference",
              holders[whose]);
        hook(PAGER_HOOK_CORRUPT_OBJECT, PAGER_STRAY_NONE);
        check(audit(NULL) == 0, "and none when it is gone again");
    }

    hook(PAGER_HOOK_CORRUPT_ENTRY, MAP_R | MAP_X);
    check(audit(NULL) == 1, "an entry with a right that its region has not is a difference");
    hook(PAGER_HOOK_CORRUPT_ENTRY, MAP_R | MAP_W);
    check(audit(NULL) == 0, "and none when it is right again");

    hook(PAGER_HOOK_CORRUPT_ENTRY, 0);
    check(audit(NULL) == 1, "an entry that vanished behind the books' back is a difference");
    return done();
}
