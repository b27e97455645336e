/* Firmware calls: see sbi.h. */
#include "riscv/sbi.h"

#include "core/panic.h"
#include "riscv/hart.h"

enum {
    EXTENSION_BASE = 0x10,
    EXTENSION_TIME = 0x54494d45,
    EXTENSION_RESET = 0x53525354,
    EXTENSION_CONSOLE = 0x4442434e,
    EXTENSION_HARTS = 0x48534d,
    EXTENSION_NOTICE = 0x735049,
    EXTENSION_FENCE = 0x52464e43,
    LEGACY_PUT = 1,
    LEGACY_SHUTDOWN = 8,
    BASE_PROBE = 3,
    ERROR_AVAILABLE_ALREADY = -6,
    CONSOLE_WRITE_BYTE = 2,
    RESET_SHUTDOWN = 0,
    RESET_COLD_REBOOT = 1,
};

static bool has_console;
static bool has_harts;

struct request {
    uint64_t extension;
    uint64_t function;
    uint64_t arguments[5];
};

/* Negative: the error; else the value. */
static int64_t ask(const struct request request)
{
    register uint64_t a0 __asm__("a0") = request.arguments[0];
    register uint64_t a1 __asm__("a1") = request.arguments[1];
    register uint64_t a2 __asm__("a2") = request.arguments[2];
    register uint64_t a3 __asm__("a3") = request.arguments[3];
    register uint64_t a4 __asm__("a4") = request.arguments[4];
    register uint64_t a6 __asm__("a6") = request.function;
    register uint64_t a7 __asm__("a7") = request.extension;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7)
                     : "memory");
    if (this_hart() != NULL) {
        hart_count_one(&this_hart()->hart, COUNTER_SBI_CALLS);
    }
    return (int64_t)(a0 != 0 ? a0 : a1);
}

static bool has_extension(uint64_t extension)
{
    return ask((struct request){EXTENSION_BASE, BASE_PROBE, {extension}}) > 0;
}

void sbi_start(void)
{
    has_console = has_extension(EXTENSION_CONSOLE);
    has_harts = has_extension(EXTENSION_HARTS) && has_extension(EXTENSION_NOTICE) &&
                has_extension(EXTENSION_FENCE);
}

bool sbi_hart_start(uint64_t hart_id, uint64_t entry)
{
    int64_t error = has_harts ? ask((struct request){EXTENSION_HARTS, 0, {hart_id, entry}}) : -1;
    return error >= 0 || error == ERROR_AVAILABLE_ALREADY;
}

/* What is asked for other harts begins with which: 64 numbers at most, from the first one on. */
static bool ask_for(uint64_t harts_mask, struct request request)
{
    bool done = true;
    uint64_t *ids = &request.arguments[0];
    uint64_t *first_id = &request.arguments[1];
    for (unsigned i = 0; i < hart_count; i++) {
        uint64_t id = riscv_hart_of(harts[i])->hart_id;
        if ((harts_mask >> i & 1) == 0) {
            continue;
        }
        if (*ids != 0 && id - *first_id >= 64) {
            done = ask(request) >= 0 && done;
            *ids = 0;
        }
        *first_id = *ids == 0 ? id : *first_id;
        *ids |= UINT64_C(1) << (id - *first_id);
    }
    return (*ids == 0 || ask(request) >= 0) && done;
}

void sbi_notify(uint64_t harts_mask)
{
    hart_count_one(&this_hart()->hart, COUNTER_NOTICES);
    (void)ask_for(harts_mask, (struct request){EXTENSION_NOTICE, 0, {0}});
}

void sbi_fence(uint64_t harts_mask, enum sbi_fence which, uint64_t start, uint64_t bytes,
               uint64_t asid)
{
    if (harts_mask != 0) {
        hart_count_one(&this_hart()->hart, COUNTER_FENCES_REMOTE);
        struct request request = {EXTENSION_FENCE, which, {0, 0, start, bytes, asid}};
        KASSERT(ask_for(harts_mask, request)); /* the laws rest on it: no hart goes on without */
    }
}

void sbi_put(char c)
{
    if (has_console) {
        (void)ask((struct request){EXTENSION_CONSOLE, CONSOLE_WRITE_BYTE, {(uint8_t)c}});
    } else {
        (void)ask((struct request){LEGACY_PUT, 0, {(uint8_t)c}});
    }
}

void sbi_timer_set(uint64_t deadline_ticks)
{
    (void)ask((struct request){
        EXTENSION_TIME, 0, {deadline_ticks}}); /* every firmware for S-mode has it */
}

void sbi_reset(bool reboot, bool because_of_failure)
{
    uint64_t kind = reboot ? RESET_COLD_REBOOT : RESET_SHUTDOWN;
    (void)ask((struct request){EXTENSION_RESET, 0, {kind, because_of_failure}});
    if (!reboot) {
        (void)ask((struct request){LEGACY_SHUTDOWN, 0, {0}});
    }
}
