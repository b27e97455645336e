/* Test hooks of the pager (its request `hook`), there only when booted with `testhooks`. */
#ifndef BYRE_PAGER_HOOK_H
#define BYRE_PAGER_HOOK_H

enum pager_hook {
    /* value k: the k-th allocation of this kind from now on fails; 0 = off. The result is what
     * was left of the k before. */
    PAGER_HOOK_FAIL_FRAME = 0,
    PAGER_HOOK_FAIL_TABLE = 1,
    PAGER_HOOK_FAIL_RECORD = 2,
    PAGER_HOOK_FAIL_SPACE = 3, /* object slot or capability slot of a space */
    PAGER_HOOK_FAIL_KINDS = 4,
    /* value = space id << 0 is not needed: these act on the frame that stands at an address of the
     * space named by PAGER_HOOK_SPACE. */
    PAGER_HOOK_SPACE = 16,         /* value = space id */
    PAGER_HOOK_ADDRESS = 17,       /* value = address; result = the frame that stands there or 0 */
    PAGER_HOOK_COUNT_READ = 18,    /* result = count of the frame at the address */
    PAGER_HOOK_COUNT_PRESET = 19,  /* value: new count; the audit knows nothing of it */
    PAGER_HOOK_TABLE_COUNT = 20,   /* result = count of the leaf table at the address */
    PAGER_HOOK_CORRUPT_COUNT = 21, /* adds value to the frame's count */
    PAGER_HOOK_CORRUPT_ENTRY =
        22, /* value = rights for the entry behind the books' back; 0: empty */
    PAGER_HOOK_CORRUPT_OBJECT = 23, /* makes a kernel object that nobody owns: enum pager_stray */
    PAGER_HOOK_ZERO_COUNT = 24,     /* result = count of the shared zero frame */
    PAGER_HOOK_CRASH = 25,          /* the pager stores to address 8 */
    PAGER_HOOK_COUNTER = 26,        /* value = COUNTER_*; result = the kernel's count */
};

/* In whose pages it stands. */
enum pager_stray {
    PAGER_STRAY_NONE, /* the one made last goes */
    PAGER_STRAY_OF_PAGER,
    PAGER_STRAY_OF_INIT,
    PAGER_STRAY_OF_PROC,
};

#endif
