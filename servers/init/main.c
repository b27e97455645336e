/* init: the first user program. It starts the servers, holds every endpoint, and then waits for
 * the wish for power; a thread of its own waits for a fault of the pager (fault.h).
 *
 * It is wired and takes memory only at the start, so it survives a machine without a free frame.
 * It calls the pager and proc while it starts them, and nobody afterwards.
 */
#include <string.h>

#include <byre/gen/init_dispatch.inc>
#include <byre/gen/pager_client.h>
#include <byre/gen/proc_client.h>
#include <byre/pager_boot.h>
#include <byre/server.h>
#include <byre/table.h>
#include <libsys/cpio.h>
#include <libsys/print.h>
#include <libsys/server.h>

#include "fault.h"
#include "manifest.h"
#include "object.h"
#include "pager.h"
#include "panic.h"
#include "power.h"
#include "scratch.h"
#include "server.h"
#include "space.h"
#include "supply.h"

enum { LINE_PIECE_BYTES = 56 };

static struct system the_system;

void system_give(cap_t from, cap_t table, cap_t slot, uint64_t rights, uint64_t badge)
{
    init_check("giving a capability", byre_cap_copy(0, from, table, slot, rights, badge));
}

/* ------------------------------------------------------------------------------- start-up */

static void main_map_archive(void)
{
    const struct boot_info *info = the_system.info;
    struct space_builder own;

    space_continue(&own, info->root_frame);
    space_map(&own, ARCHIVE_BASE, info->archive.first_frame, info->archive.frames, MAP_R);
}

static void main_find_member(const char *name, struct cpio_member *member_out)
{
    const struct boot_info *info = the_system.info;

    if (cpio_find((const void *)ARCHIVE_BASE, info->archive_bytes, name, member_out) !=
        CPIO_MEMBER) {
        print("init: no %s in the boot archive\n", name);
        init_panic("the boot archive is incomplete", ERR_EMPTY);
    }
}

/* Where a server's file is, as the manifest says, and how it is to be laid out. */
static void main_plan_server(struct server *server, const char *name)
{
    struct cpio_member manifest;
    struct cpio_member file;
    struct manifest_entry entry;

    main_find_member("etc/manifest", &manifest);
    if (!manifest_find((const char *)manifest.data, manifest.bytes, name, &entry)) {
        print("init: no %s in etc/manifest\n", name);
        init_panic("the manifest is incomplete", ERR_EMPTY);
    }
    main_find_member(entry.path, &file);
    uint64_t offset = (uint64_t)(uintptr_t)file.data - ARCHIVE_BASE;
    init_check("a server's file does not begin on a page",
               offset % PAGE_BYTES == 0 ? ERR_OK : ERR_ALIGN);
    init_check("a server's file is no program",
               load_plan_make(file.data, file.bytes, offset / PAGE_BYTES, &server->plan));
    server->priority = entry.priority;
}

static volatile uint32_t *main_keep_registers(bool found, uint64_t address)
{
    uint64_t frame = address / PAGE_BYTES;
    cap_t device = found ? supply_device(frame) : 0;

    return device == 0 ? NULL : scratch_keep_device(device, frame);
}

static void main_tell_stranger(const char *word)
{
    print("init: the boot argument %s means nothing here\n", word);
}

static void main_find_power(void)
{
    const struct machine *machine = &the_system.machine;
    struct power_means means = {.farewell = the_system.arguments.farewell};

    means.test_device = main_keep_registers(machine->test_found, machine->test_address);
    if (machine->watchdog_found && machine->clocks_found) {
        means.watchdog.clocks = main_keep_registers(true, machine->clocks_address);
        means.watchdog.registers = means.watchdog.clocks == NULL
                                       ? NULL
                                       : main_keep_registers(true, machine->watchdog_address);
    }
    power_init(&means);
}

/* Everything that needs OBJECT pages is made before the pager gets the rest of them. */
static void main_make_system(void)
{
    struct system *system = &the_system;

    system->init_endpoint = object_new(OBJECT_ENDPOINT);
    system->pager.endpoint = object_new(OBJECT_ENDPOINT);
    system->proc.endpoint = object_new(OBJECT_ENDPOINT);
    system->console.endpoint = object_new(OBJECT_ENDPOINT);
    main_plan_server(&system->pager, "pager");
    main_plan_server(&system->proc, "proc");
    main_plan_server(&system->console, "console");
    server_make(system, &system->proc, PROC_CAPTABLE_SLOTS, BADGE_PROC);
    server_make(system, &system->console, CONSOLE_CAPTABLE_SLOTS, BADGE_CONSOLE);
    init_check("memory for the console's objects",
               byre_memory_derive(INIT_SLOT_MEMORY, supply_object_pages(CONSOLE_OBJECT_PAGES),
                                  CONSOLE_OBJECT_PAGES, RIGHT_OBJECTS, system->console.captable,
                                  CONSOLE_SLOT_OBJECTS));
}

static void main_launch(void)
{
    const struct arguments *arguments = &the_system.arguments;
    cap_t proc = supply_slot();
    uint64_t bytes = arguments->has_run ? strlen(arguments->run) : 0;
    uint64_t w[LINE_PIECE_BYTES / 8];
    uint64_t pid;

    system_give(the_system.proc.endpoint, 0, proc, RIGHT_CALL, PROC_BADGE_INIT);
    for (uint64_t at = 0; at < bytes; at += LINE_PIECE_BYTES) {
        uint64_t left = bytes - at;
        memset(w, 0, sizeof(w));
        memcpy(w, arguments->run + at, left < sizeof(w) ? left : sizeof(w));
        init_check("the line to run",
                   proc_line(proc, at, w[0], w[1], w[2], w[3], w[4], w[5], w[6]));
    }
    init_check("the shell", proc_launch(proc, bytes, the_system.info->timebase_hz, &pid));
}

/* -------------------------------------------------------------------------------- service */

static bool init_admits(enum init_who who, const struct init_request *request)
{
    return who == INIT_WHO_CONSOLE &&
           (request->badge == BADGE_CONSOLE || request->badge == BADGE_PROC);
}

void init_on_power(struct init_request *request)
{
    request->error = INIT_ERR_UNSUPPORTED;
    if (request->in.power.how == 0) {
        (void)power_off(request->in.power.status);
    } else {
        (void)power_reboot();
    }
}

static void main_serve(struct message *message)
{
    struct init_request request = {.label = message->label, .badge = message->badge};
    memcpy(request.w, message->w, sizeof(request.w));
    (void)init_dispatch(&request);
    message->label = request.error;
    memcpy(message->w, request.out, sizeof(request.out));
}

__attribute__((noreturn)) static void main_loop(cap_t reply)
{
    struct message message;

    for (;;) {
        if (ipc_receive(the_system.init_endpoint, &message, reply) == ERR_OK) {
            main_serve(&message);
            (void)ipc_reply(reply, &message);
        }
    }
}

void server_main(uint64_t boot_info, uint64_t unused)
{
    struct system *system = &the_system;

    (void)unused;
    print_to(INIT_SLOT_MACHINE);
    system->info = (const struct boot_info *)boot_info;
    if (system->info->version != BOOT_INFO_VERSION) {
        init_panic("boot information of another version", ERR_ARGUMENT);
    }
    supply_init(system->info);
    object_init(system->info);
    scratch_init(system->info->root_frame);
    main_map_archive();
    arguments_read(system->info->arguments, &system->arguments, main_tell_stranger);
    machine_read((const void *)INIT_TREE, system->info->tree_bytes, &system->machine);
    main_find_power();
    main_make_system();
    cap_t reply = object_new(OBJECT_REPLY);
    fault_watch(system);
    pager_start(system);
    init_check("the book of objects", pager_publish(system->pager_call, object_book_address()));
    proc_start(system);
    console_start(system);
    main_launch();
    main_loop(reply);
}
