/* A 16550 UART (PC16550D; also the DesignWare one, whose registers are wider and farther apart).
 * Speed and format stay as the firmware set them. Contract: uart.h. */
#include "uart.h"

enum uart_register {
    UART_DATA = 0,             /* RBR, THR */
    UART_INTERRUPT_ENABLE = 1, /* IER */
    UART_FIFO_CONTROL = 2,     /* FCR */
    UART_MODEM_CONTROL = 4,    /* MCR */
    UART_LINE_STATUS = 5,      /* LSR */
};

enum {
    IER_RECEIVED = 1 << 0,
    IER_ROOM = 1 << 1,
    FCR_ENABLE = 1 << 0,
    MCR_DTR = 1 << 0,
    MCR_RTS = 1 << 1,
    MCR_OUT2 = 1 << 3, /* on PCs this gates the interrupt */
    LSR_DATA = 1 << 0,
    LSR_ROOM = 1 << 5,   /* the transmit FIFO is empty */
    LSR_SILENT = 1 << 6, /* and the shift register too */
    FIFO_BYTES = 16,
};

static struct {
    uintptr_t base;
    unsigned shift;
    unsigned width;
    unsigned room; /* bytes that fit before the status must be read again */
} uart;

static uint32_t uart_read(enum uart_register reg)
{
    uintptr_t address = uart.base + ((uintptr_t)reg << uart.shift);

    switch (uart.width) {
    case 4:
        return *(volatile uint32_t *)address;
    case 2:
        return *(volatile uint16_t *)address;
    default:
        return *(volatile uint8_t *)address;
    }
}

static void uart_write(enum uart_register reg, uint8_t value)
{
    uintptr_t address = uart.base + ((uintptr_t)reg << uart.shift);

    switch (uart.width) {
    case 4:
        *(volatile uint32_t *)address = value;
        break;
    case 2:
        *(volatile uint16_t *)address = value;
        break;
    default:
        *(volatile uint8_t *)address = value;
        break;
    }
}

static void uart_16550_open(const struct console_start *start)
{
    uart.base = SERVER_DEVICE + start->reg_offset;
    uart.shift = start->reg_shift;
    uart.width = start->reg_io_width;
    uart_write(UART_FIFO_CONTROL, FCR_ENABLE);
    uart_write(UART_MODEM_CONTROL, MCR_DTR | MCR_RTS | MCR_OUT2);
    uart_write(UART_INTERRUPT_ENABLE, IER_RECEIVED);
}

/* The DesignWare part faults on a read of an empty FIFO, so the status comes first. */
static bool uart_16550_receive(uint8_t *byte_out)
{
    if ((uart_read(UART_LINE_STATUS) & LSR_DATA) == 0) {
        return false;
    }
    *byte_out = (uint8_t)uart_read(UART_DATA);
    return true;
}

static bool uart_16550_send(uint8_t byte)
{
    if (uart.room == 0) {
        if ((uart_read(UART_LINE_STATUS) & LSR_ROOM) == 0) {
            return false;
        }
        uart.room = FIFO_BYTES;
    }
    uart.room--;
    uart_write(UART_DATA, byte);
    return true;
}

static void uart_16550_want_room(bool wanted)
{
    uart_write(UART_INTERRUPT_ENABLE, wanted ? IER_RECEIVED | IER_ROOM : IER_RECEIVED);
}

static bool uart_16550_is_silent(void)
{
    return (uart_read(UART_LINE_STATUS) & LSR_SILENT) != 0;
}

const struct uart_driver uart_16550 = {
    .open = uart_16550_open,
    .receive = uart_16550_receive,
    .send = uart_16550_send,
    .want_room = uart_16550_want_room,
    .is_silent = uart_16550_is_silent,
};
