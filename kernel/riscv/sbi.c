/* Firmware calls: see sbi.h. */
#include "riscv/sbi.h"

#include "riscv/hart.h"

enum {
    EXTENSION_BASE = 0x10,
    EXTENSION_TIME = 0x54494d45,
    EXTENSION_RESET = 0x53525354,
    EXTENSION_CONSOLE = 0x4442434e,
    LEGACY_PUT = 1,
    LEGACY_SHUTDOWN = 8,
    BASE_PROBE = 3,
    CONSOLE_WRITE_BYTE = 2,
    RESET_SHUTDOWN = 0,
    RESET_COLD_REBOOT = 1,
};

static bool has_console;
static bool has_reset;

static uint64_t sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    if (this_hart() != NULL) {
        hart_count_one(&this_hart()->hart, COUNTER_SBI_CALLS);
    }
    return a0 == 0 ? a1 : 0;
}

void sbi_start(void)
{
    has_console = sbi_call(EXTENSION_BASE, BASE_PROBE, EXTENSION_CONSOLE, 0) != 0;
    has_reset = sbi_call(EXTENSION_BASE, BASE_PROBE, EXTENSION_RESET, 0) != 0;
}

void sbi_put(char c)
{
    if (has_console) {
        (void)sbi_call(EXTENSION_CONSOLE, CONSOLE_WRITE_BYTE, (uint8_t)c, 0);
    } else {
        (void)sbi_call(LEGACY_PUT, 0, (uint8_t)c, 0);
    }
}

void sbi_timer_set(uint64_t deadline_ticks)
{
    (void)sbi_call(EXTENSION_TIME, 0, deadline_ticks, 0); /* every firmware for S-mode has it */
}

void sbi_reset(bool reboot, bool because_of_failure)
{
    if (has_reset) {
        (void)sbi_call(EXTENSION_RESET, 0, reboot ? RESET_COLD_REBOOT : RESET_SHUTDOWN,
                       because_of_failure);
    }
    if (!reboot) {
        (void)sbi_call(LEGACY_SHUTDOWN, 0, 0, 0);
    }
}
