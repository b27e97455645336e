/* proc: the process server. This file sets it up and turns its loop; each noun has a file.
 *
 * It never waits for a client: it calls the pager (which never calls back) and, when there is no
 * console, init; everything that waits for somebody is a continuation (wait.h).
 */
#include <byre/gen/pager_client.h>
#include <byre/program.h>
#include <byre/server.h>
#include <byre/table.h>
#include <libsys/print.h>
#include <libsys/server.h>
#include <libsys/time.h>

#include "account.h"
#include "end.h"
#include "image.h"
#include "kill.h"
#include "process.h"
#include "reply.h"
#include "request.h"
#include "slots.h"
#include "thread.h"
#include "wait.h"

/* Where each store grows (SERVER_GROW). */
enum { STORE_RANGE_SHIFT = 26 };
enum proc_store {
    STORE_PROCESSES,
    STORE_TREES,
    STORE_THREADS,
    STORE_WAITERS,
    STORE_REPLIES,
    STORE_OBJECT_CHUNKS,
};

enum {
    PAGES_PER_PROCESS = 6, /* the least that a process takes: tables, objects, a page */
    SLOTS_PER_PROCESS = 3, /* of proc's table: its table, its first thread, that one's park */
    SLOTS_FOR_OTHERS = 512,
    PROCESSES_MOST =
        (PROC_CAPTABLE_SLOTS - SERVER_SLOT_FREE - SLOTS_FOR_OTHERS) / SLOTS_PER_PROCESS,
};
_Static_assert((int)PROCESSES_MOST <= (int)PROCESS_PID_MAX, "each has a pid");

static uint64_t main_work_due_ticks; /* when the next step may be done of what was put off */

static struct store_owner owner = {.pager = SERVER_SLOT_PAGER};
static struct object_book book = {.server = "proc"};

static uint64_t store_address(enum proc_store store)
{
    return SERVER_GROW + ((uint64_t)store << STORE_RANGE_SHIFT);
}

__attribute__((noreturn)) static void main_panic(const char *what, err_t error)
{
    print("proc: cannot start: %s: error %u\n", what, (unsigned)error);
    for (;;) {
        __builtin_trap(); /* its fault goes to who watches over servers */
    }
}

static void main_check(const char *what, err_t error)
{
    if (error != ERR_OK) {
        main_panic(what, error);
    }
}

static uint32_t main_process_limit(void)
{
    uint64_t promised, limit, tables_promised, tables_limit, frames, harts;

    main_check("pager's promises",
               pager_promises(SERVER_SLOT_PAGER, &promised, &limit, &tables_promised, &tables_limit,
                              &frames, &harts));
    uint64_t processes = frames / PAGES_PER_PROCESS;
    return processes < PROCESSES_MOST ? (uint32_t)processes : PROCESSES_MOST;
}

static void main_start_tables(void)
{
    uint32_t limit = main_process_limit();

    slots_init();
    bodies_init();
    end_init();
    object_memory_init(&owner, store_address(STORE_OBJECT_CHUNKS));
    thread_table_init(&owner, store_address(STORE_THREADS), 2 * limit);
    wait_table_init(&owner, store_address(STORE_WAITERS), 2 * limit);
    if (!reply_table_init(&owner, store_address(STORE_REPLIES), 2 * limit) ||
        !process_table_init(&owner, store_address(STORE_PROCESSES), store_address(STORE_TREES),
                            limit)) {
        main_panic("no memory for the first records", PROC_ERR_NOMEM);
    }
    main_check("first account", account_open_unbounded(process_init()->tree->account));
}

static void main_publish_book(void)
{
    process_tell(&book);
    object_tell(&book);
    thread_tell(&book);
    reply_tell(&book);
    main_check("the book of objects", pager_publish(SERVER_SLOT_PAGER, (uintptr_t)&book));
}

/* The pager tells of victims through the notification that is bound to this thread. */
static void main_watch_pager(void)
{
    cap_t slot = slot_take();

    main_check("victims' signal", byre_cap_copy(0, SERVER_SLOT_NOTIFICATION, 0, slot,
                                                RIGHT_CALL | RIGHT_GRANT, PROC_SIGNAL_VICTIM));
    main_check("pager watch", pager_watch(SERVER_SLOT_PAGER, slot));
    slot_drop(slot);
    main_check("bind", byre_notification_bind(SERVER_SLOT_NOTIFICATION, SERVER_SLOT_THREAD));
}

/* Serve one message; true if message holds an answer for the caller in the current reply object.
 * *accept_slot, where a capability may have arrived, is an empty slot again afterwards. */
static bool main_serve(struct message *message, cap_t *accept_slot, unsigned *words_out)
{
    if ((message->info & IPC_INFO_NOTIFICATION) != 0) {
        kill_expect_victims();
        return false;
    }
    bool arrived = (message->info & IPC_INFO_CAP) != 0;
    if ((message->info & IPC_INFO_CALL) == 0) { /* a send: no request of this protocol is one */
        if (arrived) {
            (void)byre_cap_delete(0, *accept_slot);
        }
        return false;
    }
    struct proc_request request;
    request.label = message->label;
    request.badge = message->badge;
    request.info = message->info;
    request.cap = arrived ? *accept_slot : 0;
    request.error = ERR_OK;
    request.deferred = false;
    for (unsigned i = 0; i < MESSAGE_WORDS; i++) {
        request.w[i] = message->w[i];
        request.out[i] = 0;
    }
    *words_out = request_serve(&request);
    if (request.cap != 0) {
        (void)byre_cap_delete(0, request.cap); /* nobody took it */
    } else if (arrived) {
        *accept_slot = slot_take();
    }
    if (request.deferred) {
        return false;
    }
    message->label = request.error;
    ipc_set_words(message, request.out, *words_out);
    return true;
}

static uint64_t main_length(unsigned words)
{
    return words > MESSAGE_SHORT_WORDS ? (uint64_t)IPC_LONG : 0;
}

static bool main_work_waits(void)
{
    return end_work_waits() || kill_victim_waits();
}

/* What was put off is done in steps between messages, and as long as a step took, so long the next
 * one waits: half of the time is for everybody else. */
static void main_work_step(void)
{
    uint64_t begin = time_ticks();

    if (!end_step()) {
        kill_next_victim();
    }
    main_work_due_ticks = 2 * time_ticks() - begin;
}

/* W4: true if *message now answers one who waited for a child, through the loop's own reply object. */
static bool main_takes_due(bool answer, struct message *message)
{
    bool is_taken = false;

    object_book_touch(&book);
    if (answer) {
        (void)wait_flush();
    } else {
        wait_take_due(message);
        is_taken = true;
    }
    object_book_touch(&book);
    return is_taken;
}

__attribute__((noreturn)) static void main_loop(void)
{
    struct message message;
    cap_t accept_slot = slot_take();
    unsigned words = 0;
    bool answer = false;

    for (;;) {
        err_t error;
        bool work = main_work_waits();
        if (work && time_ticks() >= main_work_due_ticks) {
            if (answer) {
                (void)ipc_reply_full(reply_current(), &message, main_length(words));
                answer = false;
            }
            object_book_touch(&book);
            main_work_step();
            object_book_touch(&book);
            work = main_work_waits();
        }
        bool to_waiter = wait_is_due() && main_takes_due(answer, &message);
        uint64_t descriptor = ipc_with_reply(reply_current());
        descriptor |= accept_slot != 0 ? (uint64_t)IPC_ACCEPT : 0;
        descriptor |= work ? (uint64_t)IPC_DEADLINE : 0;
        if (answer || to_waiter) {
            descriptor |= answer ? main_length(words) : 0;
            error = ipc_reply_receive_full(SERVER_SLOT_ENDPOINT, &message, descriptor, accept_slot,
                                           main_work_due_ticks);
        } else {
            error = ipc_receive_full(SERVER_SLOT_ENDPOINT, &message, descriptor, accept_slot,
                                     main_work_due_ticks);
        }
        object_book_touch(&book);
        answer = error == ERR_OK && main_serve(&message, &accept_slot, &words);
        object_book_touch(&book);
    }
}

void server_main(uint64_t start, uint64_t space_id)
{
    print_to(SERVER_SLOT_MACHINE);
    owner.space_id = space_id;
    image_archive_set((const void *)SERVER_ARCHIVE, start >> PROC_START_ARCHIVE_SHIFT);
    main_start_tables();
    main_publish_book();
    main_watch_pager();
    request_init(&(struct request_facts){
        .space_id = space_id,
        .testhooks = (start & PROC_START_TESTHOOKS) != 0,
    });
    main_loop();
}
