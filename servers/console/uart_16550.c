/* A 16550 UART (PC16550D), also the DesignWare one (DW_apb_uart databook), whose registers are
 * wider and farther apart. Speed stays as the firmware set it. Contract: uart.h.
 *
 * What the DesignWare part does otherwise, and QEMU's does not show:
 *   - a write to LCR while the part is busy is lost, and raises the interrupt "busy detect", which
 *     stays until USR is read;
 *   - reading an empty receive FIFO may be answered by a bus error.
 */
#include "uart.h"
#include "uart_io.h"

enum uart_register {
    UART_DATA = 0,               /* RBR, THR */
    UART_INTERRUPT_ENABLE = 1,   /* IER */
    UART_INTERRUPT_IDENTITY = 2, /* IIR, read */
    UART_FIFO_CONTROL = 2,       /* FCR, write */
    UART_LINE_CONTROL = 3,       /* LCR */
    UART_MODEM_CONTROL = 4,      /* MCR */
    UART_LINE_STATUS = 5,        /* LSR */
    UART_STATUS = 31,            /* USR, DesignWare's */
};

enum {
    IER_RECEIVED = 1 << 0,
    IER_ROOM = 1 << 1,
    IIR_CAUSE = 15,
    IIR_BUSY_DETECT = 7,
    FCR_ENABLE = 1 << 0,
    LCR_8N1 = 3,
    MCR_DTR = 1 << 0,
    MCR_RTS = 1 << 1,
    MCR_OUT2 = 1 << 3, /* on PCs this gates the interrupt */
    LSR_DATA = 1 << 0,
    LSR_ROOM = 1 << 5,   /* the transmit FIFO is empty */
    LSR_SILENT = 1 << 6, /* and the shift register too */
    USR_BUSY = 1 << 0,
    FIFO_BYTES = 16,
    /* A FIFO of 256 bytes at 9,600 baud is out after 0.3 s; a read takes 0.1 us or more. */
    IDLE_READS_MAX = 3000000,
    LCR_TRIES = 8,
};

static struct {
    uintptr_t base;
    unsigned shift;
    unsigned width;
    bool is_designware;
    uint8_t interrupts; /* IER */
    unsigned room;      /* bytes that fit before the status must be read again */
} uart;

static uint32_t uart_read(enum uart_register reg)
{
    return uart_io_read(uart.base + ((uintptr_t)reg << uart.shift), uart.width);
}

static void uart_write(enum uart_register reg, uint8_t value)
{
    uart_io_write(uart.base + ((uintptr_t)reg << uart.shift), uart.width, value);
}

/* Until the firmware's last bytes are out; bounded, for a part that never is. */
static void uart_wait_idle(void)
{
    for (unsigned reads = 0; reads < IDLE_READS_MAX; reads++) {
        if ((uart_read(UART_LINE_STATUS) & LSR_SILENT) != 0 &&
            (!uart.is_designware || (uart_read(UART_STATUS) & USR_BUSY) == 0)) {
            return;
        }
    }
}

/* Firmware may have left the divisor's registers in the place of data and interrupt enable. */
static void uart_set_format(void)
{
    for (unsigned tries = 0; tries < LCR_TRIES; tries++) {
        if ((uart_read(UART_LINE_CONTROL) & UINT8_MAX) == LCR_8N1) {
            return;
        }
        uart_wait_idle();
        uart_write(UART_LINE_CONTROL, LCR_8N1);
    }
}

static void uart_16550_open(const struct console_start *start)
{
    uart.base = SERVER_DEVICE + start->reg_offset;
    uart.shift = start->reg_shift;
    uart.width = start->reg_io_width;
    uart.is_designware = start->uart == UART_DESIGNWARE;
    uart.room = 0;
    uart_set_format();
    uart_write(UART_FIFO_CONTROL, FCR_ENABLE);
    uart_write(UART_MODEM_CONTROL, MCR_DTR | MCR_RTS | MCR_OUT2);
    uart.interrupts = IER_RECEIVED;
    uart_write(UART_INTERRUPT_ENABLE, uart.interrupts);
}

/* The status comes first: an empty FIFO must not be read. Without data a busy detect may be what
 * interrupts, of the firmware's making or ours. */
static bool uart_16550_receive(uint8_t *byte_out)
{
    if ((uart_read(UART_LINE_STATUS) & LSR_DATA) == 0) {
        if (uart.is_designware &&
            (uart_read(UART_INTERRUPT_IDENTITY) & IIR_CAUSE) == IIR_BUSY_DETECT) {
            (void)uart_read(UART_STATUS);
        }
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

static void uart_want(uint8_t interrupt, bool wanted)
{
    uart.interrupts =
        (uint8_t)(wanted ? uart.interrupts | interrupt : uart.interrupts & ~interrupt);
    uart_write(UART_INTERRUPT_ENABLE, uart.interrupts);
}

static void uart_16550_want_room(bool wanted)
{
    uart_want(IER_ROOM, wanted);
}

static void uart_16550_want_bytes(bool wanted)
{
    uart_want(IER_RECEIVED, wanted);
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
    .want_bytes = uart_16550_want_bytes,
    .is_silent = uart_16550_is_silent,
};
