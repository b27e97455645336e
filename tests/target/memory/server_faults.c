/* test: RUN="server_faults pager" BOOTARGS="testhooks" STATUS=70 */
/* test: RUN="server_faults proc" BOOTARGS="testhooks" STATUS=70 */
/* expect: ^init: (the pager|proc) faulted: PAGE_WRITE at address 0x8, pc 0x1[0-9a-f]{7}$ */
/* expect: ^  pc  0x000000001[0-9a-f]{7}  ra  0x000000001[0-9a-f]{7}  sp  0x000000003ff[0-9a-f]{5} 
 *            gp */
/* expect: ^init: system panic: */
/* refuse: went on */
/* A fault of the pager or of proc is told with registers (and, of the pager, a trace), and ends the
 * system in words: nobody waits for ever for a server that is gone. */
#include <stdio.h>
#include <string.h>

#include <byre/gen/proc_client.h>
#include <byre/pager_hook.h>
#include <byre/proc_hook.h>
#include <byre/program.h>

#include "support/tap.h"

int main(int argc, char **argv)
{
    bool pager = argc > 1 && strcmp(argv[1], "pager") == 0;
    uint64_t result;
    check(pager || argc > 1, "a server to crash");
    (void)done();
    fflush(stdout);
    (void)!proc_hook(PROGRAM_SLOT_PROC, pager ? PAGER_HOOK_CRASH : PROC_HOOK_CRASH, 0, &result);
    puts("# went on");
    return 0;
}
