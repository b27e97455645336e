/* Signals and faults; contract in kill.h. */
#include "kill.h"

#include <byre/gen/init_client.h>
#include <byre/gen/names.h>
#include <byre/gen/pager_client.h>
#include <byre/gen/proc.h>
#include <byre/server.h>
#include <libsys/print.h>

#include "end.h"
#include "news.h"
#include "signals.h"

enum { STATUS_SERVER_FAULT = 70 }; /* as init's panics */

static uint64_t console_space;
static bool victim_waits; /* the pager may have one */

void kill_know_console(uint64_t space_id)
{
    console_space = space_id;
}

static err_t kill_tree(struct process *sender, uint64_t leader, uint64_t signal)
{
    struct process *process = process_by_pid(leader);

    if (process == NULL || process->tree->leader != process->pid) {
        return PROC_ERR_SRCH;
    }
    if (process->tree == process_init()->tree) {
        return PROC_ERR_PERM;
    }
    if (signal_is_fatal(signal)) {
        end_tree(process->tree, status_of_signal(signal));
        if (sender != NULL && end_is_doomed(sender)) {
            end_process(sender, sender->status);
        }
    }
    return ERR_OK;
}

err_t kill_request(struct process *sender, uint64_t pid, uint64_t signal)
{
    if (!signal_exists(signal)) {
        return PROC_ERR_INVAL;
    }
    if ((int64_t)pid < 0) {
        return kill_tree(sender, -pid, signal);
    }
    struct process *process = process_by_pid(pid);
    if (process == NULL) {
        return PROC_ERR_SRCH;
    }
    if (process == process_init() || (process->tree == process_init()->tree && process != sender)) {
        return PROC_ERR_PERM; /* K2 */
    }
    if (process->state == PROCESS_ALIVE && signal_is_fatal(signal)) {
        end_process(process, status_of_signal(signal));
    }
    return ERR_OK;
}

static uint64_t victim_signal(uint64_t reason)
{
    switch (reason) {
    case PAGER_REASON_ILLEGAL:
        return SIGNAL_ILLEGAL;
    case PAGER_REASON_BREAKPOINT:
        return SIGNAL_TRAP;
    case PAGER_REASON_MISALIGNED:
    case PAGER_REASON_ACCESS:
        return SIGNAL_BUS;
    case PAGER_REASON_NO_MEMORY:
        return SIGNAL_KILL;
    default:
        return SIGNAL_SEGMENT;
    }
}

static const char *victim_access(uint64_t kind)
{
    switch (kind) {
    case FAULT_PAGE_READ:
        return "load from";
    case FAULT_PAGE_WRITE:
        return "store to";
    case FAULT_PAGE_EXECUTE:
        return "fetch from";
    default:
        return "access to";
    }
}

static void kill_console(uint64_t kind, uint64_t address, uint64_t pc, uint64_t reason)
{
    print("\nproc: system panic: the console faulted: %s 0x%lx at pc 0x%lx: %s\n",
          victim_access(kind), address, pc, pager_reason_text(reason));
    (void)init_power(SERVER_SLOT_INIT, 0, STATUS_SERVER_FAULT);
}

static void kill_victim(uint64_t space_id, uint64_t kind, uint64_t address, uint64_t pc,
                        uint64_t reason)
{
    struct process *process = process_by_space(space_id);

    if (space_id == console_space) {
        kill_console(kind, address, pc, reason);
    }
    if (process == NULL) {
        return; /* it has ended, or changed its program, since */
    }
    if (kind == FAULT_ILLEGAL || kind == FAULT_BREAKPOINT) {
        news_message("%s[%u]: %s at pc 0x%lx", process->name, process->pid,
                     pager_reason_text(reason), pc);
    } else {
        news_message("%s[%u]: %s 0x%016lx at pc 0x%lx: %s", process->name, process->pid,
                     victim_access(kind), address, pc, pager_reason_text(reason));
    }
    end_process(process, status_of_signal(victim_signal(reason)));
}

void kill_expect_victims(void)
{
    victim_waits = true;
}

bool kill_victim_waits(void)
{
    return victim_waits;
}

void kill_next_victim(void)
{
    uint64_t space_id, kind, address, pc, reason, sp;

    if (pager_victim(SERVER_SLOT_PAGER, &space_id, &kind, &address, &pc, &reason, &sp) == ERR_OK) {
        kill_victim(space_id, kind, address, pc, reason);
    } else {
        victim_waits = false;
    }
}
