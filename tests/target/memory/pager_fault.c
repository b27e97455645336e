/* test: MEM=64M BOOTARGS="testhooks" STATUS=70 RUN="pager_fault" */
/* expect: ^init: the pager faulted: BREAKPOINT at address 0x0, pc 0x[0-9a-f]+$ */
/* expect: ^ +pc +0x[0-9a-f]{16} +ra +0x[0-9a-f]{16} */
/* expect: return addresses: (0x[0-9a-f]+ ?){3} */
/* A pager that finds its own books wrong stops rather than go on with them: the machine says where
 * and why, with its registers and a backtrace, and ends with the status of a panic. */
#include <byre/pager_hook.h>
#include <sys/mman.h>

#include "support/tap.h"

int main(void)
{
    volatile uint8_t *block = memory(PAGE);
    block[0] = 1;
    (void)hook(PAGER_HOOK_SPACE, own_space_id());
    check(hook(PAGER_HOOK_ADDRESS, (uintptr_t)block) != 0, "a page is there");
    (void)done(); /* what follows has no end of its own */
    (void)hook(PAGER_HOOK_COUNT_PRESET, 0);
    munmap((void *)block, PAGE);
    for (;;) {
        sleep_ms(1000);
    }
}
