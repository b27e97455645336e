/* console: what a user reads and types. This file turns its loop; the driver of the UART is chosen
 * by what init found, each other noun has a file.
 *
 * It never waits for a client: callers that must wait are continuations with their reply object. It
 * calls the pager, proc (for ^C and news) and init (power off); none of them calls it.
 */
#include <string.h>

#include <byre/gen/pager_client.h>
#include <byre/gen/proc_client.h>
#include <byre/server.h>
#include <libsys/print.h>
#include <libsys/server.h>
#include <libsys/time.h>

#include "input.h"
#include "news.h"
#include "output.h"
#include "reply.h"
#include "request.h"

enum { STORE_RANGE_SHIFT = 28, MS_PER_S = 1000, FRAME_BEGIN = 0x02 };
enum console_store { STORE_SESSIONS, STORE_JOBS, STORE_REPLIES };

static struct store_owner owner = {.pager = SERVER_SLOT_PAGER};
static struct object_book book = {.server = "console"};
static const struct uart_driver *uart;
static uint64_t patience_ticks;
static bool input_is_held; /* the device keeps what comes */

static uint64_t store_address(enum console_store store)
{
    return SERVER_GROW + ((uint64_t)store << STORE_RANGE_SHIFT);
}

static void main_publish_book(void)
{
    reply_tell(&book);
    if (pager_publish(SERVER_SLOT_PAGER, (uintptr_t)&book) != ERR_OK) {
        print("console: its book of objects cannot be published\n");
    }
}

static void main_watch_proc(void)
{
    enum { WATCH_SLOT = SERVER_SLOT_FREE - 1 };

    if (byre_cap_copy(0, SERVER_SLOT_NOTIFICATION, 0, WATCH_SLOT, RIGHT_CALL | RIGHT_GRANT,
                      CONSOLE_SIGNAL_PROC) != ERR_OK ||
        proc_watch(CONSOLE_SLOT_PROC, owner.space_id, WATCH_SLOT) != ERR_OK) {
        print("console: proc cannot be watched\n");
    }
    (void)byre_cap_delete(0, WATCH_SLOT);
    if (byre_notification_bind(SERVER_SLOT_NOTIFICATION, SERVER_SLOT_THREAD) != ERR_OK) {
        print("console: no interrupts\n");
    }
}

/* What has no room waits in the device, and with it who sends it. */
static void main_receive(void)
{
    uint8_t byte;

    while (input_has_room() && uart->receive(&byte)) {
        input_type(byte);
    }
    if (input_is_held == input_has_room()) {
        input_is_held = !input_is_held;
        uart->want_bytes(!input_is_held);
    }
}

static void main_interrupt(void)
{
    main_receive();
    output_run();
    (void)byre_interrupt_ack(CONSOLE_SLOT_INTERRUPT);
}

static void main_signals(uint64_t bits)
{
    if ((bits & CONSOLE_SIGNAL_INTERRUPT) != 0) {
        main_interrupt();
    }
    if ((bits & CONSOLE_SIGNAL_PROC) != 0) {
        news_signalled();
    }
    news_run();
}

/* True: message holds the answer to the caller in the current reply object. */
static bool main_serve(struct message *message, unsigned *words_out)
{
    if ((message->info & IPC_INFO_NOTIFICATION) != 0) {
        main_signals(message->w[0]);
        return false;
    }
    if ((message->info & IPC_INFO_CALL) == 0) {
        return false;
    }
    struct console_request request = {.label = message->label, .badge = message->badge};
    memcpy(request.w, message->w, sizeof(request.w));
    *words_out = request_serve(&request);
    if (input_is_held) {
        main_receive();
    }
    news_run();
    if (request.deferred) {
        return false;
    }
    message->label = request.error;
    memcpy(message->w, request.out, sizeof(request.out));
    return true;
}

__attribute__((noreturn)) static void main_loop(void)
{
    struct message message;
    unsigned words = 0;
    bool answer = false;

    for (;;) {
        uint64_t descriptor = ipc_with_reply(reply_current());
        uint64_t deadline = 0;
        err_t error;
        if (output_patience()) {
            descriptor |= IPC_DEADLINE;
            deadline = time_ticks() + patience_ticks;
        }
        if (answer) {
            descriptor |= words > MESSAGE_SHORT_WORDS ? (uint64_t)IPC_LONG : 0;
            error = ipc_reply_receive_full(SERVER_SLOT_ENDPOINT, &message, descriptor, 0, deadline);
        } else {
            error = ipc_receive_full(SERVER_SLOT_ENDPOINT, &message, descriptor, 0, deadline);
        }
        answer = false;
        object_book_touch(&book);
        if (error == ERR_TIMEOUT) {
            output_expire();
            news_run();
        } else if (error == ERR_OK || error == ERR_CALLER_GONE) {
            answer = main_serve(&message, &words);
        }
        object_book_touch(&book);
    }
}

static const struct uart_driver *main_driver(uint8_t kind)
{
    switch (kind) {
    case UART_16550:
    case UART_DESIGNWARE:
        return &uart_16550;
    case UART_SIFIVE:
        return &uart_sifive;
    default:
        return &uart_firmware;
    }
}

void server_main(uint64_t word, uint64_t space_id)
{
    struct console_start start;

    memcpy(&start, &word, sizeof(start));
    print_to(SERVER_SLOT_MACHINE);
    owner.space_id = space_id;
    patience_ticks = (uint64_t)start.timebase_hz * OUTPUT_PATIENCE_MS / MS_PER_S;
    uart = main_driver(start.uart);
    uart->open(&start);
    session_init(&owner, store_address(STORE_SESSIONS), store_address(STORE_JOBS));
    if (!reply_init(&owner, store_address(STORE_REPLIES))) {
        print("console: no memory to start\n");
        return;
    }
    request_init(&owner);
    output_init(uart, start.framed);
    input_init(start.framed);
    news_init(start.framed, start.timebase_hz);
    main_publish_book();
    main_watch_proc();
    if (start.framed) {
        output_mark(FRAME_BEGIN);
    }
    main_loop();
}
