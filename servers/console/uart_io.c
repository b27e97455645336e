/* Device registers; contract in uart_io.h. */
#include "uart_io.h"

uint32_t uart_io_read(uintptr_t address, unsigned width_bytes)
{
    switch (width_bytes) {
    case 4:
        return *(volatile uint32_t *)address;
    case 2:
        return *(volatile uint16_t *)address;
    default:
        return *(volatile uint8_t *)address;
    }
}

void uart_io_write(uintptr_t address, unsigned width_bytes, uint32_t value)
{
    switch (width_bytes) {
    case 4:
        *(volatile uint32_t *)address = value;
        break;
    case 2:
        *(volatile uint16_t *)address = (uint16_t)value;
        break;
    default:
        *(volatile uint8_t *)address = (uint8_t)value;
        break;
    }
}
