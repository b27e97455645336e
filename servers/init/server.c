/* Starting servers; contract in server.h. */
#include "server.h"

#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/pager_boot.h>
#include <byre/server.h>
#include <byre/table.h>

#include "fault.h"
#include "object.h"
#include "panic.h"
#include "supply.h"

enum { ACCOUNT_SYSTEM = 0 };

static void server_make_space(struct system *system, struct server *server)
{
    server->space = supply_slot();
    init_check("a server's space",
               pager_space_create(system->pager_call, ACCOUNT_SYSTEM, 0, 0, 0, &server->space_id));
    init_check("its capability",
               pager_space_bind(system->pager_call, server->space_id, server->space));
    init_check("a server's image",
               load_plan_apply(system->pager_call, server->space_id, &server->plan, REGION_WIRED));
    init_check("a server's stack",
               pager_region_add(system->pager_call, server->space_id,
                                SERVER_STACK_TOP - SERVER_STACK_PAGES * PAGE_BYTES,
                                SERVER_STACK_PAGES, MAP_R | MAP_W | (uint64_t)REGION_WIRED,
                                LOAD_ZEROES, 0, 0));
}

void server_make(struct system *system, struct server *server, uint64_t captable_slots,
                 uint64_t init_badge)
{
    server->thread = object_new(OBJECT_THREAD);
    server->captable = object_new_captable(captable_slots);
    server->notification = object_new(OBJECT_NOTIFICATION);
    cap_t table = server->captable;
    system_give(server->captable, table, SERVER_SLOT_CAPTABLE, RIGHTS_ALL, 0);
    system_give(server->thread, table, SERVER_SLOT_THREAD, RIGHT_MANAGE, 0);
    system_give(INIT_SLOT_MACHINE, table, SERVER_SLOT_MACHINE, RIGHT_CALL | RIGHT_GRANT, 0);
    system_give(server->notification, table, SERVER_SLOT_NOTIFICATION, RIGHTS_ALL, 0);
    system_give(system->init_endpoint, table, SERVER_SLOT_INIT, RIGHT_CALL, init_badge);
    object_new_reply(table, SERVER_SLOT_REPLY);
}

static void server_run(struct server *server, cap_t fault_endpoint, uint64_t fault_badge,
                       uint64_t a0)
{
    init_check("a server's thread",
               byre_thread_configure(server->thread, server->space, server->captable,
                                     fault_endpoint, fault_badge, server->priority, 0));
    init_check("a server's start", byre_thread_start(server->thread, server->plan.entry,
                                                     SERVER_STACK_TOP, 0, a0, server->space_id));
}

void proc_start(struct system *system)
{
    struct server *proc = &system->proc;
    cap_t table = proc->captable;
    uint64_t bytes = system->info->archive_bytes;

    server_make_space(system, proc);
    init_check("proc's view of the archive",
               pager_region_add(system->pager_call, proc->space_id, SERVER_ARCHIVE,
                                (bytes + PAGE_BYTES - 1) / PAGE_BYTES,
                                MAP_R | (uint64_t)REGION_WIRED, LOAD_ARCHIVE, 0, bytes));
    system_give(proc->endpoint, table, SERVER_SLOT_ENDPOINT,
                RIGHT_RECEIVE | RIGHT_CALL | RIGHT_MANAGE | RIGHT_GRANT, 0);
    system_give(system->pager.endpoint, table, SERVER_SLOT_PAGER, RIGHT_CALL,
                PAGER_BADGE_TRUSTED | proc->space_id);
    system_give(system->pager.endpoint, table, PROC_SLOT_PAGER_BASE,
                RIGHT_CALL | RIGHT_MANAGE | RIGHT_BIND | RIGHT_GRANT, 0);
    system_give(system->console.endpoint, table, PROC_SLOT_CONSOLE_BASE,
                RIGHT_CALL | RIGHT_MANAGE | RIGHT_GRANT, 0);
    uint64_t flags = (system->arguments.testhooks ? PROC_START_TESTHOOKS : 0) |
                     (system->arguments.quiet ? PROC_START_QUIET : 0);
    server_run(proc, system->fault_endpoint, FAULT_OF_PROC,
               flags | bytes << PROC_START_ARCHIVE_SHIFT);
}

/* The UART's registers and its interrupt. False: the console does without, on the early log. */
static bool console_give_uart(struct system *system)
{
    const struct machine_uart *uart = &system->machine.uart;
    uint64_t first = uart->address / PAGE_BYTES;
    cap_t device = supply_device(first);

    if (!uart->found || device == 0) {
        return false;
    }
    init_check("console's registers", pager_device_map(system->pager_call, system->console.space_id,
                                                       SERVER_DEVICE, first, 1, device));
    cap_t interrupt = object_new(OBJECT_INTERRUPT);
    cap_t signal = supply_slot();
    system_give(system->console.notification, 0, signal, RIGHT_CALL, CONSOLE_SIGNAL_INTERRUPT);
    init_check("console's interrupt", byre_interrupt_bind(interrupt, INIT_SLOT_INTERRUPT_CONTROL,
                                                          uart->interrupt, signal));
    system_give(interrupt, system->console.captable, CONSOLE_SLOT_INTERRUPT, RIGHT_CALL, 0);
    return true;
}

void console_start(struct system *system)
{
    struct server *console = &system->console;
    cap_t table = console->captable;
    const struct machine_uart *uart = &system->machine.uart;

    server_make_space(system, console);
    system_give(console->endpoint, table, SERVER_SLOT_ENDPOINT, RIGHT_RECEIVE, 0);
    system_give(system->pager.endpoint, table, SERVER_SLOT_PAGER, RIGHT_CALL,
                console->space_id | PAGER_BADGE_TRUSTED);
    system_give(system->proc.endpoint, table, CONSOLE_SLOT_PROC, RIGHT_CALL, PROC_BADGE_CONSOLE);
    struct console_start start = {
        .framed = system->arguments.has_run,
        .timebase_hz = (uint32_t)system->info->timebase_hz,
    };
    if (console_give_uart(system)) {
        start.uart = uart->kind;
        start.reg_shift = uart->reg_shift & 15u;
        start.reg_io_width = uart->reg_io_width & 15u;
        start.reg_offset = uart->address & (PAGE_BYTES - 1);
    }
    uint64_t word;
    memcpy(&word, &start, sizeof(word));
    server_run(console, system->pager.endpoint, console->space_id, word);
}
