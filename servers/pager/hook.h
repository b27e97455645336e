/* Test hooks: the k-th allocation of a kind fails. Off unless the machine was booted with
 * `testhooks` or a host test sets them; then one comparison an allocation. */
#ifndef PAGER_HOOK_H
#define PAGER_HOOK_H

#include <byre/pager_hook.h>

#include "types.h"

struct hooks {
    bool enabled;
    uint32_t fail[PAGER_HOOK_FAIL_KINDS]; /* k: the k-th allocation from now fails; 0: none */
};

extern struct hooks hooks;

/* True once, when it is this allocation's turn to fail. */
static inline bool hook_fails(unsigned kind)
{
    if (__builtin_expect(hooks.fail[kind] == 0, 1)) {
        return false;
    }
    return --hooks.fail[kind] == 0;
}

/* Is some allocation to fail? Then nothing comes from what is kept. */
static inline bool hook_waits(void)
{
    uint32_t any = 0;
    for (unsigned kind = 0; kind < PAGER_HOOK_FAIL_KINDS; kind++) {
        any |= hooks.fail[kind];
    }
    return any != 0;
}

#endif
