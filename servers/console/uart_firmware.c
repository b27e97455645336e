/* No UART of ours: output through the firmware's console, byte by byte; no input. Contract:
 * uart.h. */
#include "uart.h"

#include <libsys/ipc.h>

static void uart_firmware_open(const struct console_start *start)
{
    (void)start;
}

static bool uart_firmware_receive(uint8_t *byte_out)
{
    (void)byte_out;
    return false;
}

static bool uart_firmware_send(uint8_t byte)
{
    (void)byre_machine_log(SERVER_SLOT_MACHINE, 1, byte, 0, 0, 0);
    return true;
}

static void uart_firmware_want_room(bool wanted)
{
    (void)wanted;
}

static void uart_firmware_want_bytes(bool wanted)
{
    (void)wanted;
}

static bool uart_firmware_is_silent(void)
{
    return true;
}

const struct uart_driver uart_firmware = {
    .open = uart_firmware_open,
    .receive = uart_firmware_receive,
    .send = uart_firmware_send,
    .want_room = uart_firmware_want_room,
    .want_bytes = uart_firmware_want_bytes,
    .is_silent = uart_firmware_is_silent,
};
