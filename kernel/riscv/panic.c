/* Panic: see panic.h. The backtrace needs no frame pointers: a word on the stack that points behind
 * a call instruction in the kernel's text is taken for a return address. Stale ones may show. */
#include "riscv/panic.h"

#include <byre/gen/kernel_tables.h>

#include "arch.h"
#include "boot.h"
#include "core/panic.h"
#include "riscv/hart.h"
#include "riscv/harts.h"
#include "riscv/sbi.h"
#include "riscv/trap.h"

enum { BACKTRACE_MAX = 24 };

struct symbol {
    uint32_t offset; /* from image_start */
    uint32_t name;   /* from kernel_symbol_names */
};

extern const struct symbol kernel_symbols[], kernel_symbols_end[];
extern const char kernel_symbol_names[];
extern char image_start[], text_start[], text_end[];

struct trap_frame trap_panic_frame;
static struct riscv_hart *trapped;   /* whose frame that is */
static struct riscv_hart *panicking; /* whose words are on the console */
static bool panic_is_on;             /* or was: nobody goes on */

/* An array of arrays: usable with paging off, where a pointer in data would be wrong. */
const char *panic_cause_text(uint64_t cause)
{
    static const char texts[][20] = CAUSE_TEXTS;
    bool known = cause < sizeof texts / sizeof texts[0] && texts[cause][0] != '\0';
    return known ? texts[cause] : "unknown cause";
}

void panic_stop(void)
{
    if (boot_facts.test_hooks) {
        sbi_reset(false, true);
    }
    __atomic_store_n(&panicking, NULL, __ATOMIC_RELEASE); /* the next, if there is one */
    for (;;) {
        __asm__ volatile("wfi");
    }
}

void panic_join(void)
{
    while (__atomic_load_n(&panic_is_on, __ATOMIC_RELAXED)) {
        __asm__ volatile("wfi");
    }
}

void arch_stop_others(void)
{
    static bool is_second;
    struct riscv_hart *before = NULL;
    while (!__atomic_compare_exchange_n(&panicking, &before, this_hart(), false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
        if (before == this_hart()) { /* a panic in its panic: once */
            if (is_second) {
                panic_stop();
            }
            is_second = true;
            return;
        }
        before = NULL;
    }
    __atomic_store_n(&panic_is_on, true, __ATOMIC_RELAXED);
    sbi_notify(harts_others());
}

void trap_from_kernel(void)
{
    trapped = this_hart();
    kernel_panic("a trap in the kernel");
}

void trap_from_kernel_again(void)
{
    arch_stop_others();
    kernel_print("\nkernel panic: another trap in the kernel, on hart %u: %s at pc %x, stval %x\n",
                 (uint64_t)this_hart()->hart.index, panic_cause_text(csr_read(scause)),
                 csr_read(sepc), csr_read(stval));
    panic_stop();
}

/* inside: an address within the function meant; a call at a function's end returns behind it. */
static void print_place(uint64_t address, uint64_t inside)
{
    uint64_t offset = inside - (uint64_t)(uintptr_t)image_start;
    const struct symbol *found = NULL;
    for (const struct symbol *at = kernel_symbols; at < kernel_symbols_end && at->offset <= offset;
         at++) {
        found = at;
    }
    kernel_print("  %x", address);
    if (found != NULL && offset < (uint64_t)(text_end - image_start)) {
        kernel_print(" %s+%u", &kernel_symbol_names[found->name],
                     address - inside + offset - found->offset);
    }
    kernel_print("\n");
}

/* In the text, and jal ra, jalr ra or c.jalr ends there. */
static bool is_return(uint64_t address)
{
    uint64_t offset = address - 4 - (uint64_t)(uintptr_t)text_start;
    if (offset >= (uint64_t)(text_end - text_start) || address % 2 != 0) {
        return false;
    }
    const uint16_t *call = (const uint16_t *)(uintptr_t)(address - 4); // NOLINT
    unsigned opcode = call[0] & 0xfff;                                 /* with rd */
    return opcode == 0x0ef || opcode == 0x0e7 || (call[1] & 0xf07f) == 0x9002;
}

static void print_backtrace(uint64_t ra, uint64_t sp)
{
    uint64_t top = this_hart()->hart.stack_top + STACK_FRAME_BYTES;
    uint64_t bottom = top - STACK_BYTES;
    unsigned count = 0;
    kernel_print("called from (innermost first; stale returns may show):\n");
    if (is_return(ra)) {
        print_place(ra, ra - 1);
    }
    if (sp < bottom || sp > top) {
        kernel_print("  the stack pointer %x is not on the stack\n", sp);
        sp = sp < bottom && bottom - sp < 4096 ? bottom : top; /* an overflow: show its end */
    }
    for (uint64_t at = (sp + 7) & ~7ull; at < top && count < BACKTRACE_MAX; at += 8) {
        uint64_t word = *(const uint64_t *)(uintptr_t)at; // NOLINT
        if (is_return(word)) {
            print_place(word, word - 1);
            count++;
        }
    }
}

static void print_registers(const struct trap_frame *frame)
{
    static const char names[32][5] = REGISTER_NAMES;
    kernel_print("%s (scause %u), stval %x, sstatus %x\n", panic_cause_text(frame->cause),
                 frame->cause, frame->value, frame->status);
    for (unsigned i = 0; i < 32; i++) {
        kernel_print("%s %x%s", names[i], frame->registers[i], i % 4 == 3 ? "\n" : " ");
    }
}

void arch_panic(void)
{
    const struct trap_frame *frame = &trap_panic_frame;
    if (trapped == this_hart()) {
        print_registers(frame);
        print_place(frame->registers[0], frame->registers[0]);
        print_backtrace(frame->registers[1], frame->registers[2]);
    } else {
        uint64_t sp;
        __asm__ volatile("mv %0, sp" : "=r"(sp));
        print_backtrace(0, sp);
    }
    panic_stop();
}
