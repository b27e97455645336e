/* The UART drivers against models of the parts that are stricter than QEMU's: wrong width, a read
 * of an empty FIFO, a byte too many and a format written while busy all count as mistakes.
 * sources: servers/console/uart_16550.c servers/console/uart_sifive.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "uart.h"
#include "uart_io.h"

enum { FIFO_BYTES = 16, WIRE_BYTES = 256, TICKS_A_BYTE = 8, SIFIVE_FIFO_BYTES = 8 };

/* What both have: FIFOs, a wire, and time, which passes with each access. */
static struct part {
    uint32_t (*read)(unsigned reg);
    void (*write)(unsigned reg, uint32_t value);
    unsigned shift;
    uint8_t to_send[FIFO_BYTES + 1]; /* [0] is in the shift register */
    unsigned sending;
    uint8_t received[FIFO_BYTES];
    unsigned waiting;
    char wire[WIRE_BYTES];
    unsigned on_wire;
    unsigned ticks;
    unsigned mistakes;
    /* 16550 */
    uint8_t interrupt_enable, line_control, divisor_low, divisor_high;
    bool busy_detect; /* pending */
    bool room_pending;
    /* SiFive */
    uint32_t control[2], enable;
} part;

static void part_tick(void)
{
    if (part.sending > 0 && ++part.ticks % TICKS_A_BYTE == 0) {
        assert_true(part.on_wire < WIRE_BYTES - 1);
        part.wire[part.on_wire++] = (char)part.to_send[0];
        memmove(part.to_send, part.to_send + 1, --part.sending);
        part.room_pending |= part.sending == 0;
    }
}

static uint32_t part_take(void)
{
    uint32_t byte = part.received[0];
    memmove(part.received, part.received + 1, --part.waiting);
    return byte;
}

static void part_put(uint32_t byte, unsigned room)
{
    if (part.sending == room) {
        part.mistakes++;
        return;
    }
    part.to_send[part.sending++] = (uint8_t)byte;
}

static unsigned part_register(uintptr_t address, unsigned width_bytes)
{
    uintptr_t offset = address - SERVER_DEVICE;
    part_tick();
    part.mistakes += width_bytes != 4 || offset % (1u << part.shift) != 0;
    return (unsigned)(offset >> part.shift);
}

uint32_t uart_io_read(uintptr_t address, unsigned width_bytes)
{
    return part.read(part_register(address, width_bytes));
}

void uart_io_write(uintptr_t address, unsigned width_bytes, uint32_t value)
{
    part.write(part_register(address, width_bytes), value);
}

static void part_is_sending(const char *text)
{
    part.sending = (unsigned)strlen(text);
    memcpy(part.to_send, text, part.sending);
}

static void part_receives(const char *text)
{
    part.waiting = (unsigned)strlen(text);
    memcpy(part.received, text, part.waiting);
}

/* -------------------------------------------------------------------- DesignWare's 16550 */
enum { LCR_DLAB = 0x80 };

static uint32_t designware_identity(void)
{
    if ((part.interrupt_enable & 1) != 0 && part.waiting > 0) {
        return 0xc4;
    }
    if ((part.interrupt_enable & 2) != 0 && part.room_pending) {
        part.room_pending = false;
        return 0xc2;
    }
    return part.busy_detect ? 0xc7 : 0xc1;
}

static uint32_t designware_read(unsigned reg)
{
    bool divisor = (part.line_control & LCR_DLAB) != 0;
    switch (reg) {
    case 0:
        if (divisor) {
            return part.divisor_low;
        }
        part.mistakes += part.waiting == 0; /* a bus error */
        return part.waiting == 0 ? 0 : part_take();
    case 1:
        return divisor ? part.divisor_high : part.interrupt_enable;
    case 2:
        return designware_identity();
    case 3:
        return part.line_control;
    case 5:
        return (part.waiting > 0) | (part.sending <= 1 ? 0x20u : 0) |
               (part.sending == 0 ? 0x40u : 0);
    case 31:
        part.busy_detect = false;
        return part.sending > 0;
    default:
        return 0;
    }
}

static void designware_write(unsigned reg, uint32_t value)
{
    bool divisor = (part.line_control & LCR_DLAB) != 0;
    if (reg == 0 && divisor) {
        part.divisor_low = (uint8_t)value;
    } else if (reg == 0) {
        part_put(value, FIFO_BYTES + 1);
    } else if (reg == 1 && divisor) {
        part.divisor_high = (uint8_t)value;
    } else if (reg == 1) {
        part.interrupt_enable = (uint8_t)value;
    } else if (reg == 2) {
        part.sending = (value & 4) != 0 ? 0 : part.sending;
        part.waiting = (value & 2) != 0 ? 0 : part.waiting;
    } else if (reg == 3 && part.sending > 0) {
        part.busy_detect = true; /* and the value is lost */
        part.mistakes++;
    } else if (reg == 3) {
        part.line_control = (uint8_t)value;
    }
}

static const struct console_start designware_start = {
    .uart = UART_DESIGNWARE, .reg_shift = 2, .reg_io_width = 4};

static void designware(uint8_t line_control)
{
    part = (struct part){.read = designware_read,
                         .write = designware_write,
                         .shift = 2,
                         .line_control = line_control,
                         .divisor_low = 13};
}

static void send_all(const struct uart_driver *driver, const char *text)
{
    for (; *text != '\0'; text++) {
        while (!driver->send((uint8_t)*text)) {
        }
    }
    while (!driver->is_silent()) {
    }
}

static void the_firmware_s_last_words_and_its_speed_survive(void **state)
{
    (void)state;
    designware(LCR_DLAB | 3);
    part_is_sending("last words");
    uart_16550.open(&designware_start);
    assert_int_equal(part.line_control, 3);
    assert_int_equal(part.divisor_low, 13);
    assert_int_equal(part.divisor_high, 0);
    assert_int_equal(part.interrupt_enable, 1);
    send_all(&uart_16550, ", and Byre's first, which are longer than a FIFO");
    assert_string_equal(part.wire, "last words, and Byre's first, which are longer than a FIFO");
    assert_int_equal(part.mistakes, 0);
}

static void a_format_that_is_right_is_not_written(void **state)
{
    (void)state;
    designware(3);
    part_is_sending("still busy");
    uart_16550.open(&designware_start);
    assert_int_equal(part.sending + part.on_wire, 10);
    assert_true(part.sending > 0); /* it did not wait */
    assert_false(part.busy_detect);
    assert_int_equal(part.mistakes, 0);
}

static void a_busy_detect_is_acknowledged(void **state)
{
    uint8_t byte;
    (void)state;
    designware(3);
    uart_16550.open(&designware_start);
    part.busy_detect = true;
    part_receives("a");
    assert_true(uart_16550.receive(&byte));
    assert_true(part.busy_detect);
    assert_false(uart_16550.receive(&byte));
    assert_false(part.busy_detect);
    assert_int_equal(part.mistakes, 0);
}

static void an_empty_fifo_is_not_read(void **state)
{
    uint8_t byte;
    (void)state;
    designware(3);
    uart_16550.open(&designware_start);
    part_receives("xy");
    assert_true(uart_16550.receive(&byte));
    assert_int_equal(byte, 'x');
    assert_true(uart_16550.receive(&byte));
    assert_int_equal(byte, 'y');
    assert_false(uart_16550.receive(&byte));
    assert_int_equal(part.mistakes, 0);
}

static void a_full_fifo_is_waited_for_by_interrupt(void **state)
{
    unsigned sent = 0;
    (void)state;
    designware(3);
    uart_16550.open(&designware_start);
    while (sent < 100 && uart_16550.send('x')) {
        sent++;
    }
    assert_true(sent >= FIFO_BYTES && sent < 100);
    uart_16550.want_room(true);
    assert_int_equal(part.interrupt_enable, 3);
    while (part.sending > 0) {
        part_tick();
    }
    assert_int_equal(designware_identity() & 15, 2);
    assert_true(uart_16550.send('y'));
    uart_16550.want_room(false);
    assert_int_equal(part.interrupt_enable, 1);
    assert_int_equal(part.mistakes, 0);
}

/* A part that never comes to rest must not keep the console from starting. */
static uint32_t stuck_read(unsigned reg)
{
    part.sending = 1;
    part.on_wire = 0;
    return reg == 5 ? 0 : designware_read(reg);
}

static void a_part_that_stays_busy_is_given_up(void **state)
{
    (void)state;
    designware(LCR_DLAB | 3);
    part.read = stuck_read;
    uart_16550.open(&designware_start);
    assert_int_equal(part.line_control, LCR_DLAB | 3);
}

/* -------------------------------------------------------------------------------- SiFive */
#define SIFIVE_FLAG (1u << 31)

static uint32_t sifive_pending(void)
{
    unsigned send_level = part.control[0] >> 16 & 7;
    unsigned receive_level = part.control[1] >> 16 & 7;
    return (part.sending < send_level) | (part.waiting > receive_level ? 2u : 0);
}

static uint32_t sifive_read(unsigned reg)
{
    switch (reg) {
    case 0:
        return part.sending == SIFIVE_FIFO_BYTES ? SIFIVE_FLAG : 0;
    case 1:
        return part.waiting == 0 ? SIFIVE_FLAG : part_take();
    case 2:
    case 3:
        return part.control[reg - 2];
    case 4:
        return part.enable;
    case 5:
        return sifive_pending();
    default:
        return 0;
    }
}

static void sifive_write(unsigned reg, uint32_t value)
{
    if (reg == 0) {
        part_put(value, SIFIVE_FIFO_BYTES);
    } else if (reg == 2 || reg == 3) {
        part.control[reg - 2] = value;
    } else if (reg == 4) {
        part.enable = value;
    } else {
        part.mistakes++; /* the divisor is firmware's */
    }
}

static const struct console_start sifive_start = {.uart = UART_SIFIVE};

static void sifive(void)
{
    part = (struct part){
        .read = sifive_read, .write = sifive_write, .shift = 2, .control = {0x50003, 0x70000}};
    uart_sifive.open(&sifive_start);
}

static void sifive_sends_in_order_and_keeps_the_stop_bits(void **state)
{
    (void)state;
    sifive();
    assert_int_equal(part.control[0], 0x10003);
    assert_int_equal(part.control[1], 0x00001);
    send_all(&uart_sifive, "longer than eight bytes");
    assert_string_equal(part.wire, "longer than eight bytes");
    assert_int_equal(part.mistakes, 0);
}

static void sifive_interrupts_for_data_and_for_room_that_is_wanted(void **state)
{
    uint8_t byte;
    (void)state;
    sifive();
    assert_int_equal(part.enable & sifive_pending(), 0);
    part_receives("z");
    assert_int_equal(part.enable & sifive_pending(), 2);
    assert_true(uart_sifive.receive(&byte));
    assert_int_equal(byte, 'z');
    assert_false(uart_sifive.receive(&byte));
    while (uart_sifive.send('x')) {
    }
    uart_sifive.want_room(true);
    assert_int_equal(part.enable & sifive_pending(), 0);
    while (part.sending > 0) {
        part_tick();
    }
    assert_int_equal(part.enable & sifive_pending(), 1);
    uart_sifive.want_room(false);
    assert_int_equal(part.enable & sifive_pending(), 0);
    assert_int_equal(part.mistakes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_firmware_s_last_words_and_its_speed_survive),
        cmocka_unit_test(a_format_that_is_right_is_not_written),
        cmocka_unit_test(a_busy_detect_is_acknowledged),
        cmocka_unit_test(an_empty_fifo_is_not_read),
        cmocka_unit_test(a_full_fifo_is_waited_for_by_interrupt),
        cmocka_unit_test(a_part_that_stays_busy_is_given_up),
        cmocka_unit_test(sifive_sends_in_order_and_keeps_the_stop_bits),
        cmocka_unit_test(sifive_interrupts_for_data_and_for_room_that_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
