/* The contract of a UART driver. The console has one, chosen by what init found in the device tree.
 *
 *   U1  Bytes go out in the order of uart_send, and come in in the order of arrival.
 *   U2  Nothing here waits. uart_send answers false when the device has no room now; after
 *       uart_want_room(true) an interrupt tells when it has.
 *   U3  Registers are touched by this driver alone, in user mode, in its own page.
 */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include <stdbool.h>
#include <stdint.h>

#include <byre/server.h>

struct uart_driver {
    void (*open)(const struct console_start *start);
    bool (*receive)(uint8_t *byte_out); /* false: nothing there */
    bool (*send)(uint8_t byte);
    void (*want_room)(bool wanted);
    void (*want_bytes)(bool wanted); /* false: they stay where they are, without an interrupt */
    bool (*is_silent)(void);         /* the last bit is out */
};

extern const struct uart_driver uart_16550; /* and DesignWare's */
extern const struct uart_driver uart_sifive;
/* Without a device: output through the firmware's console, no input. */
extern const struct uart_driver uart_firmware;

#endif
