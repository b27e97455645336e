/* Test hooks of proc (its request `hook`), there only when booted with `testhooks`. Numbers below
 * PROC_HOOK_FIRST are the pager's (pager_hook.h) and passed on. */
#ifndef BYRE_PROC_HOOK_H
#define BYRE_PROC_HOOK_H

enum proc_hook {
    PROC_HOOK_FIRST = 64,
    /* value k: the k-th allocation of this kind from now on fails; 0 = off. The result is what
     * was left of the k before. */
    PROC_HOOK_FAIL_PROCESS = 64, /* process records */
    PROC_HOOK_FAIL_THREAD = 65,  /* thread records */
    PROC_HOOK_FAIL_WAITER = 66,  /* records of waitpid */
    PROC_HOOK_FAIL_OBJECT = 67,  /* kernel objects */
    PROC_HOOK_FAIL_SLOT = 68,    /* slots of proc's capability table */
    PROC_HOOK_CRASH = 69,        /* proc stores to address 8 */
};

#endif
