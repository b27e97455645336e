/* test: MEM=64M */
/* test: MEM=64M BOOTARGS="preempt=205,150" */
/* A program has the capabilities of programs: requests of proc, console and init are refused to it,
 * its endpoints cannot be received on, re-badged or destroyed, and test hooks are not there. */
#include <byre/gen/console.h>
#include <byre/gen/kernel.h>
#include <byre/gen/pager.h>
#include <byre/gen/proc.h>
#include <byre/program.h>
#include <errno.h>
#include <libsys/ipc.h>
#include <signal.h>
#include <unistd.h>

#include "support/tap.h"

enum { FREE_SLOT = 30, REPLY_NONE = 0 };

/* The error that a request with these words gets: the kernel's, or the server's. */
static uint64_t request(cap_t server, uint64_t label, uint64_t word)
{
    struct message m = {.label = label, .w = {word, word, word, word}, .flags = IPC_LONG};
    err_t error = ipc_call(server, &m);
    return error != ERR_OK ? (uint64_t)error : m.label;
}

static bool is_for_programs(uint64_t label)
{
    static const uint64_t labels[] = {
        PAGER_BRK,        PAGER_MAP,       PAGER_UNMAP,      PAGER_PROTECT,
        PAGER_SHARE_MAKE, PAGER_SHARE_MAP, PAGER_STATISTICS, PAGER_SPACE_STATISTICS,
        PAGER_PROMISES};
    for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        if (label == labels[i]) {
            return true;
        }
    }
    return false;
}

static void pager_refuses(void)
{
    bool refused = true;
    for (uint64_t label = 0; label < PAGER_REQUESTS + 20; label++) {
        for (uint64_t word = 0; word < 3 && !is_for_programs(label); word++) {
            uint64_t answer = request(PROGRAM_SLOT_PAGER, label, word);
            if (answer == 0) {
                note("the pager's request %lu is granted", label);
                refused = false;
            }
        }
    }
    check(refused, "the pager refuses what only proc and auditors may ask");
    check(request(PROGRAM_SLOT_PAGER, 0xffffffff, 0) != 0, "and what nobody may");
}

static void proc_refuses(void)
{
    static const uint64_t labels[] = {PROC_WATCH,
                                      PROC_SESSION,
                                      PROC_NEXT_GONE,
                                      PROC_NEXT_MESSAGE,
                                      PROC_NEXT_POWER,
                                      PROC_LINE,
                                      PROC_LAUNCH,
                                      PROC_HOOK,
                                      0,
                                      0xffffffff,
                                      1000};
    bool refused = true;
    for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        refused = request(PROGRAM_SLOT_PROC, labels[i], 1) != 0 && refused;
    }
    check(refused, "proc refuses what only the console and init may ask, and test hooks");
    errno = 0;
    check(kill(1, SIGKILL) == -1 && errno == EPERM, "nobody kills init");
    check(kill(2, SIGKILL) == -1 && errno == EPERM, "nobody kills the shell that holds the jobs");
    check(request(PROGRAM_SLOT_CONSOLE, CONSOLE_FOREGROUND, 1) != 0,
          "only the shell says who is in the foreground");
}

static void capabilities_hold(void)
{
    static const cap_t servers[] = {PROGRAM_SLOT_PROC, PROGRAM_SLOT_PAGER, PROGRAM_SLOT_CONSOLE};
    for (unsigned i = 0; i < 3; i++) {
        struct message m = {0};
        bool good = ipc_receive_full(servers[i], &m, IPC_DEADLINE, 0, 0) == ERR_RIGHTS;
        good = good && byre_cap_copy(0, servers[i], 0, FREE_SLOT, RIGHTS_ALL, 77) != ERR_OK;
        good = good && byre_cap_destroy(0, servers[i]) == ERR_RIGHTS;
        uint64_t type, rights, badge, detail[2];
        good = good && byre_cap_info(0, servers[i], &type, &rights, &badge, &detail[0],
                                     &detail[1]) == ERR_OK;
        good = good && type == OBJECT_ENDPOINT && badge != 0;
        good = good && (rights & (RIGHT_RECEIVE | RIGHT_MANAGE | RIGHT_DESTROY | RIGHT_BIND)) == 0;
        check(good, "server %u: called, and nothing else", i);
    }
    uint64_t type, rights, badge, detail[2];
    bool memory = false;
    for (uint64_t slot = 1; slot < PROGRAM_CAPTABLE_SLOTS; slot++) {
        if (byre_cap_info(0, slot, &type, &rights, &badge, &detail[0], &detail[1]) == ERR_OK) {
            bool machine = type == OBJECT_MACHINE && (rights & (RIGHT_MANAGE | RIGHT_DESTROY)) == 0;
            memory = memory || (type != OBJECT_ENDPOINT && type != OBJECT_NOTIFICATION && !machine);
        }
    }
    check(!memory, "a program holds no memory, space, thread, table, device or interrupt");
    check(byre_machine_reset(PROGRAM_SLOT_MACHINE, 0) != ERR_OK, "nor reset the machine");
}

int main(void)
{
    pager_refuses();
    proc_refuses();
    capabilities_hold();
    check(run_program("true", NULL) == 0, "and all goes on");
    return done();
}
