/* The probe: a program of its own in the kernel's place, which prints what firmware and hart really
 * do, for the first day on a board. It tries what Byre never leaves to chance (entries without the
 * accessed and dirty bits, registers that may not be there), and shows the machine as Byre's boot
 * reads it. It changes nothing that lasts, and ends in firmware's power off.
 */
#include <stddef.h>

#include "machine.h"

enum {
    PAGE_BYTES = 4096,
    ENTRIES = 512,
    GIB_SHIFT = 30,
    IDENTITY_GIB = 255, /* root entries that map memory to itself; the last is for the probes */
    LOOPS = 1000,
    CODE_RUNS = 100,
    TREE_BYTES_MAX = 16 << 20,
};

enum sbi {
    SBI_BASE = 0x10,
    SBI_TIME = 0x54494d45,
    SBI_RESET = 0x53525354,
    SBI_CONSOLE = 0x4442434e,
    SBI_LEGACY_PUT = 1,
    SBI_LEGACY_OFF = 8,
    BASE_SPECIFICATION = 0,
    BASE_IMPLEMENTATION = 1,
    BASE_VERSION = 2,
    BASE_PROBE = 3,
    BASE_VENDOR = 4,
    BASE_ARCHITECTURE = 5,
    BASE_MACHINE = 6,
    CONSOLE_WRITE_BYTE = 2,
};

enum entry_bit { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128, FRAME_SHIFT = 10 };

#define SATP_MODE(mode)  ((uint64_t)(mode) << 60)
#define SATP_ASIDS       (0xffffull << 44)
#define SIP_TIMER        (1ul << 5)
#define PROBE_ADDRESS    ((uint64_t)IDENTITY_GIB << GIB_SHIFT)
#define STRING_BYTES_MAX 24

uint64_t probe_run(uint64_t (*attempt)(uint64_t), uint64_t argument, uint64_t *result_out);
void probe_main(uint64_t hart, uint64_t tree, uint64_t image);
_Noreturn void probe_failed(uint64_t cause, uint64_t pc, uint64_t value);

static bool has_console;
static struct machine machine;
static uint64_t root[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t middle[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint64_t leaf[ENTRIES] __attribute__((aligned(PAGE_BYTES)));
static uint32_t page[PAGE_BYTES / sizeof(uint32_t)] __attribute__((aligned(PAGE_BYTES)));

/* ------------------------------------------------------------------------------ firmware */
static uint64_t sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second,
                         uint64_t *value_out)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    *value_out = a1;
    return a0;
}

static uint64_t sbi_base(uint64_t function, uint64_t argument)
{
    uint64_t value;
    return sbi_call(SBI_BASE, function, argument, 0, &value) == 0 ? value : 0;
}

static void put(char c)
{
    uint64_t ignored;
    if (has_console) {
        (void)sbi_call(SBI_CONSOLE, CONSOLE_WRITE_BYTE, (uint8_t)c, 0, &ignored);
    } else {
        (void)sbi_call(SBI_LEGACY_PUT, 0, (uint8_t)c, 0, &ignored);
    }
}

/* -------------------------------------------------------------------------------- output */
static void print(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            put('\r');
        }
        put(*text);
    }
}

static void print_digits(uint64_t number, uint64_t base)
{
    char digits[STRING_BYTES_MAX];
    unsigned count = 0;
    do {
        uint64_t digit = number % base;
        digits[count++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
        number /= base;
    } while (number != 0);
    while (count > 0) {
        put(digits[--count]);
    }
}

static void print_hex(uint64_t number)
{
    print("0x");
    print_digits(number, 16);
}

static void tell(const char *what)
{
    unsigned column = 2;
    print("  ");
    print(what);
    for (const char *at = what; *at != '\0'; at++) {
        column++;
    }
    while (column++ < 36) {
        put(' ');
    }
}

static void tell_text(const char *what, const char *text)
{
    tell(what);
    print(text);
    print("\n");
}

static void tell_hex(const char *what, uint64_t number)
{
    tell(what);
    print_hex(number);
    print("\n");
}

static void tell_number(const char *what, uint64_t number, const char *unit)
{
    tell(what);
    print_digits(number, 10);
    print(unit);
    print("\n");
}

/* What came of an attempt: its result, or the trap. */
static void tell_attempt(const char *what, uint64_t (*attempt)(uint64_t), uint64_t argument)
{
    uint64_t result = 0;
    uint64_t trap = probe_run(attempt, argument, &result);
    tell(what);
    if (trap == 0) {
        print_hex(result);
    } else {
        print("traps, scause ");
        print_digits(trap - 1, 10);
    }
    print("\n");
}

_Noreturn void probe_failed(uint64_t cause, uint64_t pc, uint64_t value)
{
    print("\nprobe: a trap that was not asked for\n");
    tell_hex("scause", cause);
    tell_hex("sepc", pc);
    tell_hex("stval", value);
    for (;;) {
        __asm__ volatile("wfi");
    }
}

/* ------------------------------------------------------------------------------ registers */
#define ATTEMPT_CSR(name, number)                            \
    static uint64_t read_##name(uint64_t unused)             \
    {                                                        \
        uint64_t value;                                      \
        (void)unused;                                        \
        __asm__ volatile("csrr %0, " #number : "=r"(value)); \
        return value;                                        \
    }

ATTEMPT_CSR(time, 0xc01)
ATTEMPT_CSR(cycle, 0xc00)
ATTEMPT_CSR(instret, 0xc02)
ATTEMPT_CSR(scounteren, 0x106)
ATTEMPT_CSR(senvcfg, 0x10a)
ATTEMPT_CSR(stimecmp, 0x14d)
ATTEMPT_CSR(sstatus, 0x100)

static uint64_t time_now(void)
{
    return read_time(0);
}

/* Memory at its own address, by leaves of a GiB (in Sv48 the first entry maps 512 of them). */
static void build_tables(void)
{
    for (uint64_t i = 0; i < IDENTITY_GIB; i++) {
        root[i] = i << (GIB_SHIFT - 12) << FRAME_SHIFT | V | R | W | X | A | D;
    }
    root[IDENTITY_GIB] = (uint64_t)(uintptr_t)middle / PAGE_BYTES << FRAME_SHIFT | V;
    middle[0] = (uint64_t)(uintptr_t)leaf / PAGE_BYTES << FRAME_SHIFT | V;
}

static uint64_t try_satp(uint64_t value)
{
    uint64_t got;
    uint64_t frame = (uint64_t)(uintptr_t)root / PAGE_BYTES;
    __asm__ volatile("sfence.vma\n csrw satp, %1\n csrr %0, satp\n csrw satp, zero\n sfence.vma"
                     : "=r"(got)
                     : "r"(value | frame)
                     : "memory");
    return got;
}

static void show_registers(void)
{
    print("registers\n");
    tell_attempt("time", read_time, 0);
    uint64_t start = time_now();
    for (unsigned i = 0; i < LOOPS; i++) {
        (void)time_now();
    }
    tell_number("1,000 reads of time take", time_now() - start, " ticks");
    tell_attempt("cycle", read_cycle, 0);
    tell_attempt("instret", read_instret, 0);
    tell_attempt("sstatus", read_sstatus, 0);
    tell_attempt("scounteren", read_scounteren, 0);
    tell_attempt("senvcfg", read_senvcfg, 0);
    tell_attempt("stimecmp", read_stimecmp, 0);
    tell_text("Sv39", try_satp(SATP_MODE(8)) >> 60 == 8 ? "yes" : "NO");
    tell_text("Sv48", try_satp(SATP_MODE(9)) >> 60 == 9 ? "yes" : "no");
    unsigned bits = 0;
    for (uint64_t asids = (try_satp(SATP_MODE(8) | SATP_ASIDS) & SATP_ASIDS) >> 44; asids != 0;
         asids >>= 1) {
        bits++;
    }
    tell_number("ASID bits", bits, "");
}

/* --------------------------------------------------------------------------------- memory */
static uint64_t try_load(uint64_t address)
{
    uint64_t value;
    __asm__ volatile("ld %0, 0(%1)" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static uint64_t try_store(uint64_t address)
{
    __asm__ volatile("sd zero, 0(%0)" : : "r"(address) : "memory");
    return 0;
}

static uint64_t try_call(uint64_t address)
{
    register uint64_t a0 __asm__("a0") = 0;
    __asm__ volatile("jalr %1" : "+r"(a0) : "r"(address) : "ra", "memory");
    return a0;
}

/* An access through a fresh entry: does the hart fault, and what is in the entry afterwards? */
static void try_entry(const char *what, uint64_t (*attempt)(uint64_t), uint64_t bits)
{
    uint64_t ignored;
    leaf[0] = (uint64_t)(uintptr_t)page / PAGE_BYTES << FRAME_SHIFT | bits | V;
    __asm__ volatile("fence rw, rw\n sfence.vma\n csrw satp, %0\n sfence.vma"
                     :
                     : "r"(SATP_MODE(8) | (uint64_t)(uintptr_t)root / PAGE_BYTES)
                     : "memory");
    uint64_t trap = probe_run(attempt, PROBE_ADDRESS, &ignored);
    __asm__ volatile("csrw satp, zero\n sfence.vma" : : : "memory");
    tell(what);
    print(trap == 0 ? "done by the hart, entry is now " : "page fault, entry is still ");
    print((leaf[0] & A) != 0 ? "A" : "-");
    print((leaf[0] & D) != 0 ? "D" : "-");
    print("\n");
}

static void show_entries(void)
{
    print("page table entries without A or D (Byre presets both)\n");
    page[0] = 0x00008067; /* ret */
    __asm__ volatile("fence.i" : : : "memory");
    try_entry("load, A clear", try_load, R);
    try_entry("fetch, A clear", try_call, R | X);
    try_entry("store, A and D clear", try_store, R | W);
    try_entry("store, D clear", try_store, R | W | A);
}

static uint64_t ticks_of_loads(uint64_t address)
{
    uint64_t start = time_now();
    for (unsigned i = 0; i < LOOPS; i++) {
        (void)try_load(address);
    }
    return time_now() - start;
}

static void show_memory(void)
{
    uint64_t at = (uint64_t)(uintptr_t)page;
    uint64_t ignored;
    print("memory\n");
    tell_number("1,000 aligned loads take", ticks_of_loads(at), " ticks");
    if (probe_run(try_load, at + 1, &ignored) == 0 && probe_run(try_store, at + 1, &ignored) == 0) {
        tell_number("1,000 misaligned loads take", ticks_of_loads(at + 1), " ticks");
    } else {
        tell_text("misaligned accesses", "trap");
    }
    unsigned stale = 0;
    for (unsigned i = 0; i < CODE_RUNS; i++) {
        page[0] = 0x00000513u | i << 20; /* li a0, i */
        page[1] = 0x00008067;            /* ret */
        __asm__ volatile("fence rw, rw" : : : "memory");
        stale += try_call(at) != i;
    }
    tell_number("stale code without fence.i", stale, " of 100");
}

static void show_timer(uint64_t timebase_hz)
{
    uint64_t ignored;
    uint64_t pending = 0;
    uint64_t start = time_now();
    uint64_t wait = timebase_hz / 100;
    print("timer\n");
    (void)sbi_call(SBI_TIME, 0, start + wait, 0, &ignored);
    while ((pending & SIP_TIMER) == 0 && time_now() - start < timebase_hz) {
        __asm__ volatile("csrr %0, sip" : "=r"(pending));
    }
    tell_number("10 ms by the tree's timebase are", wait, " ticks");
    tell_number("its interrupt was pending after", time_now() - start, " ticks");
    (void)sbi_call(SBI_TIME, 0, UINT64_MAX, 0, &ignored);
}

/* -------------------------------------------------------------------------------- the tree */
static void show_ranges(const char *what, const struct ranges *ranges)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        tell(what);
        print_hex(ranges->list[i].start);
        print(" to ");
        print_hex(ranges->list[i].end);
        print("\n");
    }
}

static bool show_machine(uint64_t tree)
{
    struct fdt fdt;
    print("the machine as Byre's boot reads it\n");
    if (tree == 0 || tree % 8 != 0 ||
        !fdt_open(&fdt, (const void *)(uintptr_t)tree, TREE_BYTES_MAX)) { // NOLINT
        tell_text("device tree", "NONE that can be read");
        return false;
    }
    bool good = machine_read(&machine, &fdt);
    tell_text("model", machine.model);
    tell_number("timebase", machine.timebase_hz, " Hz");
    for (unsigned i = 0; i < machine.hart_count; i++) {
        tell("hart, PLIC context");
        print_digits(machine.harts[i].id, 10);
        print(", ");
        print_digits(machine.harts[i].plic_context, 10);
        print("\n");
    }
    show_ranges("memory", &machine.memory);
    show_ranges("firmware's", &machine.firmware);
    show_ranges("nobody's registers", &machine.barred);
    if (!good || machine.complaint != NULL) {
        tell_text("complaint", machine.complaint);
    }
    return good;
}

static void show_extension(const char *name, uint64_t number)
{
    if (sbi_base(BASE_PROBE, number) != 0) {
        put(' ');
        print(name);
    }
}

static void show_firmware(void)
{
    print("firmware\n");
    tell_hex("SBI version", sbi_base(BASE_SPECIFICATION, 0));
    tell_hex("implementation (1: OpenSBI)", sbi_base(BASE_IMPLEMENTATION, 0));
    tell_hex("its version", sbi_base(BASE_VERSION, 0));
    tell_hex("mvendorid", sbi_base(BASE_VENDOR, 0));
    tell_hex("marchid", sbi_base(BASE_ARCHITECTURE, 0));
    tell_hex("mimpid", sbi_base(BASE_MACHINE, 0));
    tell("extensions");
    show_extension("TIME", SBI_TIME);
    show_extension("IPI", 0x735049);
    show_extension("RFNC", 0x52464e43);
    show_extension("HSM", 0x48534d);
    show_extension("SRST", SBI_RESET);
    show_extension("DBCN", SBI_CONSOLE);
    print("\n");
}

void probe_main(uint64_t hart, uint64_t tree, uint64_t image)
{
    uint64_t ignored;
    has_console = sbi_base(BASE_PROBE, SBI_CONSOLE) != 0;
    print("\nprobe: what is below Byre\n");
    tell_number("hart", hart, "");
    tell_hex("loaded at", image);
    tell_hex("device tree at", tree);
    show_firmware();
    bool good = show_machine(tree);
    build_tables();
    show_registers();
    show_entries();
    show_memory();
    show_timer(good ? machine.timebase_hz : 1000000);
    print(good ? "probe: done\n" : "probe: Byre would not boot here\n");
    if (sbi_base(BASE_PROBE, SBI_RESET) != 0) {
        (void)sbi_call(SBI_RESET, 0, 0, 0, &ignored);
    }
    (void)sbi_call(SBI_LEGACY_OFF, 0, 0, 0, &ignored);
}
