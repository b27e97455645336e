/* The UART of SiFive's FU540 and FU740 (FU540-C000 manual, chapter 13). Speed and format stay as
 * the firmware set them. Contract: uart.h.
 *
 * The part does not tell when its shift register is empty, only the FIFO: the last byte may still
 * be on its way when it is called silent, for the time of one character.
 */
#include "uart.h"
#include "uart_io.h"

enum uart_register {
    UART_SEND = 0x00,             /* txdata */
    UART_RECEIVE = 0x04,          /* rxdata */
    UART_SEND_CONTROL = 0x08,     /* txctrl */
    UART_RECEIVE_CONTROL = 0x0c,  /* rxctrl */
    UART_INTERRUPT_ENABLE = 0x10, /* ie */
    UART_INTERRUPT_PENDING = 0x14 /* ip */
};

enum {
    DATA_MASK = 0xff,
    CONTROL_ENABLE = 1 << 0,
    CONTROL_LEVEL_SHIFT = 16, /* send: room when fewer bytes than this; receive: data when more */
    SEND_LEVEL = 1,
    RECEIVE_LEVEL = 0,
    INTERRUPT_ROOM = 1 << 0,
    INTERRUPT_RECEIVED = 1 << 1,
    WIDTH_BYTES = 4,
};

#define DATA_FULL_OR_EMPTY (1u << 31) /* txdata: no room; rxdata: nothing there */

static uintptr_t uart_base;

static uint32_t uart_read(enum uart_register reg)
{
    return uart_io_read(uart_base + reg, WIDTH_BYTES);
}

static void uart_write(enum uart_register reg, uint32_t value)
{
    uart_io_write(uart_base + reg, WIDTH_BYTES, value);
}

static void uart_sifive_open(const struct console_start *start)
{
    uart_base = SERVER_DEVICE + start->reg_offset;
    uart_write(UART_INTERRUPT_ENABLE, 0);
    /* Only the levels change: the number of stop bits is firmware's. */
    uint32_t level = 7u << CONTROL_LEVEL_SHIFT;
    uart_write(UART_SEND_CONTROL, (uart_read(UART_SEND_CONTROL) & ~level) | CONTROL_ENABLE |
                                      SEND_LEVEL << CONTROL_LEVEL_SHIFT);
    uart_write(UART_RECEIVE_CONTROL, (uart_read(UART_RECEIVE_CONTROL) & ~level) | CONTROL_ENABLE |
                                         RECEIVE_LEVEL << CONTROL_LEVEL_SHIFT);
    uart_write(UART_INTERRUPT_ENABLE, INTERRUPT_RECEIVED);
}

/* One read answers both questions: reading takes the byte out. */
static bool uart_sifive_receive(uint8_t *byte_out)
{
    uint32_t data = uart_read(UART_RECEIVE);

    if ((data & DATA_FULL_OR_EMPTY) != 0) {
        return false;
    }
    *byte_out = data & DATA_MASK;
    return true;
}

static bool uart_sifive_send(uint8_t byte)
{
    if ((uart_read(UART_SEND) & DATA_FULL_OR_EMPTY) != 0) {
        return false;
    }
    uart_write(UART_SEND, byte);
    return true;
}

static void uart_want(uint32_t interrupt, bool wanted)
{
    uint32_t enabled = uart_read(UART_INTERRUPT_ENABLE) & (INTERRUPT_RECEIVED | INTERRUPT_ROOM);

    uart_write(UART_INTERRUPT_ENABLE, wanted ? enabled | interrupt : enabled & ~interrupt);
}

static void uart_sifive_want_room(bool wanted)
{
    uart_want(INTERRUPT_ROOM, wanted);
}

static void uart_sifive_want_bytes(bool wanted)
{
    uart_want(INTERRUPT_RECEIVED, wanted);
}

static bool uart_sifive_is_silent(void)
{
    return (uart_read(UART_INTERRUPT_PENDING) & INTERRUPT_ROOM) != 0;
}

const struct uart_driver uart_sifive = {
    .open = uart_sifive_open,
    .receive = uart_sifive_receive,
    .send = uart_sifive_send,
    .want_room = uart_sifive_want_room,
    .want_bytes = uart_sifive_want_bytes,
    .is_silent = uart_sifive_is_silent,
};
