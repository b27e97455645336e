/* Device registers, one access each, of exactly the width asked for: a 32-bit register is neither
 * read by bytes nor twice. The drivers' only way to their device; a unit test has a model behind
 * it.
 */
#ifndef CONSOLE_UART_IO_H
#define CONSOLE_UART_IO_H

#include <stdint.h>

uint32_t uart_io_read(uintptr_t address, unsigned width_bytes);
void uart_io_write(uintptr_t address, unsigned width_bytes, uint32_t value);

#endif
