/* The device-tree reader and what boot/ takes from a tree, on trees that QEMU writes for real
 * machines, and on a hundred thousand damaged ones.
 * sources: boot/format/fdt.c boot/machine.c boot/ranges.c boot/plan.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/dice.h"
#include "machine.h"
#include "plan.h"

enum { BLOB_MAX = 2 << 20, MUTANTS = 50000 };

struct blob {
    uint8_t *bytes;
    size_t count;
};

/* The tree of a QEMU machine. */
static struct blob tree_of(const char *options)
{
    char path[] = "/tmp/byre-tree-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    char command[512];
    int length = snprintf(command, sizeof command,
                          "timeout 20 qemu-system-riscv64 -display none %s -machine dumpdtb=%s"
                          " >/dev/null 2>&1",
                          options, path);
    assert_true(length > 0 && (size_t)length < sizeof command);
    assert_int_equal(system(command), 0); // NOLINT
    FILE *dump = fopen(path, "rb");       /* QEMU made a new file of that name */
    assert_non_null(dump);
    struct blob blob = {malloc(BLOB_MAX), 0};
    blob.count = fread(blob.bytes, 1, BLOB_MAX, dump);
    (void)fclose(dump);
    (void)close(file);
    (void)unlink(path);
    struct fdt tree; /* without the slack at its end, so that damage hits */
    assert_true(fdt_open(&tree, blob.bytes, blob.count));
    blob.count = tree.used_bytes;
    for (unsigned i = 0; i < 4; i++) {
        blob.bytes[4 + i] = (uint8_t)(blob.count >> (24 - 8 * i));
    }
    return blob;
}

/* The tree that dtc makes of a source; %s in it: `part`. */
static struct blob tree_from(const char *source, const char *part)
{
    char path[] = "/tmp/byre-source-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *stream = fdopen(file, "w");
    assert_true(fprintf(stream, source, part) > 0 && fclose(stream) == 0); // NOLINT
    char command[128];
    (void)snprintf(command, sizeof command, "dtc -q -I dts -O dtb %s", path);
    FILE *output = popen(command, "r"); // NOLINT
    struct blob blob = {malloc(BLOB_MAX), 0};
    blob.count = fread(blob.bytes, 1, BLOB_MAX, output);
    assert_int_equal(pclose(output), 0);
    (void)unlink(path);
    return blob;
}

static bool read_machine(const uint8_t *bytes, size_t count, struct machine *machine)
{
    struct fdt tree;
    memset(machine, 0, sizeof *machine);
    return fdt_open(&tree, bytes, count) && machine_read(machine, &tree);
}

static void virt_is_understood(void **state)
{
    (void)state;
    struct blob blob = tree_of("-M virt -smp 3 -m 192M");
    struct machine machine;
    assert_true(read_machine(blob.bytes, blob.count, &machine));
    assert_string_equal(machine.model, "riscv-virtio,qemu");
    assert_int_equal(machine.timebase_hz, 10000000);
    assert_int_equal(machine.memory.count, 1);
    assert_int_equal(machine.memory.list[0].start, 0x80000000);
    assert_int_equal(machine.memory.list[0].end, 0x80000000 + (192ul << 20));
    assert_int_equal(machine.hart_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        unsigned index = machine_hart_index(&machine, i);
        assert_true(index < 3);
        assert_int_equal(machine.harts[index].plic_context, 2 * i + 1);
        assert_true(machine.harts[index].has_sstc);
    }
    assert_true(ranges_contain(&machine.barred, 0x2000000, 0x2010000));  /* CLINT */
    assert_true(ranges_contain(&machine.barred, 0xc000000, 0xc200000));  /* PLIC */
    assert_false(ranges_touch(&machine.barred, 0x10000000, 0x10000100)); /* UART */
    free(blob.bytes);
}

static void hart_without_mmu_is_left_alone(void **state)
{
    (void)state;
    struct blob blob = tree_of("-M sifive_u -smp 5 -m 256M");
    struct machine machine;
    assert_true(read_machine(blob.bytes, blob.count, &machine));
    assert_int_equal(machine.hart_count, 4);
    assert_int_equal(machine_hart_index(&machine, 0), 4);
    for (unsigned i = 1; i < 5; i++) {
        assert_int_equal(machine.harts[machine_hart_index(&machine, i)].plic_context, 2 * i);
    }
    free(blob.bytes);
}

#define CPU(id, rest)                                                                           \
    "cpu@" #id " { reg = <" #id ">; " rest " c" #id ": interrupt-controller { phandle = <1" #id \
    ">; #interrupt-cells = <1>; interrupt-controller; }; }; "
#define PLIC(reg)                                                                                  \
    "plic@0 { compatible = \"riscv,plic0\"; reg = " reg "; riscv,ndev = <53>; #interrupt-cells = " \
    "<1>; interrupt-controller; interrupts-extended = <&{/cpus/cpu@1/interrupt-controller} 11>, "  \
    "<&{/cpus/cpu@1/interrupt-controller} 9>; }; "

static const char small[] =
    "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; memory@80000000 { reg = <0 0x80000000 "
    "0 0x8000000>; }; cpus { #address-cells = <1>; #size-cells = <0>; timebase-frequency = "
    "<4000000>; %s }; };";

/* What each cpu node says, and whether it is a hart for us. */
static void harts_are_told_by_what_they_can_do(void **state)
{
    static const struct {
        const char *cpu;
        bool is_usable;
        bool has_sstc;
    } cases[] = {
        {CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa = \"rv64imafdc\";"), true, false},
        {CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa = \"rv64gc_zba_sstc\";"), true, true},
        {CPU(1, "mmu-type = \"riscv,sv48\"; riscv,isa-base = \"rv64i\"; riscv,isa-extensions = "
                "\"i\", \"m\", \"a\", \"f\", \"d\", \"c\", \"zicsr\", \"sstc\";"),
         true, true},
        {CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa-extensions = \"i\", \"m\", \"a\", \"f\", "
                "\"d\", \"c\";"),
         true, false},
        {CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa-extensions = \"i\", \"m\", \"a\", \"c\", "
                "\"zfd\";"),
         false, false},
        /* A vendor's monitor hart, called fine but for what it can do. */
        {CPU(1, "status = \"okay\"; mmu-type = \"riscv,sv39\"; compatible = \"sifive,u74-mc\", "
                "\"riscv\"; riscv,isa = \"rv64imacu\";"),
         false, false},
        {CPU(1, "mmu-type = \"riscv,none\"; riscv,isa = \"rv64imafdc\";"), false, false},
        {CPU(1, "riscv,isa = \"rv64imafdc\";"), false, false},
        {CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa = \"rv32imafdc\";"), false, false},
        {CPU(1, "mmu-type = \"riscv,sv39\";"), false, false},
        {CPU(1, "status = \"disabled\"; mmu-type = \"riscv,sv39\"; riscv,isa = \"rv64gc\";"), false,
         false},
        {CPU(1, "compatible = \"sifive,s7\", \"riscv\"; mmu-type = \"riscv,sv39\"; riscv,isa = "
                "\"rv64gc\";"),
         false, false},
        {CPU(1, "compatible = \"sifive,e51\"; mmu-type = \"riscv,sv39\"; riscv,isa = "
                "\"rv64gc\";"),
         false, false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct blob blob = tree_from(small, cases[i].cpu);
        struct machine machine;
        bool is_read = read_machine(blob.bytes, blob.count, &machine);
        if (is_read != cases[i].is_usable) {
            fail_msg("case %u: %s", i, cases[i].cpu);
        }
        if (is_read) {
            assert_int_equal(machine.hart_count, 1);
            assert_int_equal(machine.harts[0].id, 1);
            assert_int_equal(machine.harts[0].interrupt_phandle, 11);
            assert_int_equal(machine.harts[0].has_sstc, cases[i].has_sstc);
        }
        free(blob.bytes);
    }
}

/* Buses above a device may each move its addresses. */
static void addresses_go_through_the_buses(void **state)
{
    static const struct {
        const char *bus;
        uint64_t plic; /* 0: out of reach of the harts */
    } cases[] = {
        {"soc { #address-cells = <1>; #size-cells = <1>; ranges; " PLIC(
             "<0xc000000 0x4000000>") "};",
         0xc000000},
        {"soc { #address-cells = <1>; #size-cells = <1>; " PLIC("<0xc000000 0x4000000>") "};",
         0xc000000},
        {"soc { #address-cells = <2>; #size-cells = <2>; ranges = <0 0 0x10 0 0 0x20000000>; " PLIC(
             "<0 0xc000000 0 0x4000000>") "};",
         0x100c000000},
        {"soc { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0 0x20000000 0x1000>, "
         "<0xc000000 0 0x40000000 0x4000000>; " PLIC("<0xd000000 0x1000000>") "};",
         0x41000000},
        {"soc { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x10 0x0 0x20000000>; inner "
         "{ "
         "#address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x1000000 0x10000000>; " PLIC(
             "<0xc000000 0x4000000>") "}; };",
         0x100d000000},
        {"soc { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0 0x0 0xc000000>; " PLIC(
             "<0xc000000 0x4000000>") "};",
         0},
        {"soc { #address-cells = <3>; #size-cells = <2>; ranges = <0 0 0 0 0 0 0x20000000>; " PLIC(
             "<0 0 0xc000000 0 0x4000000>") "};",
         0},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char part[2048];
        (void)snprintf(part, sizeof part, "%s}; %s dummy {",
                       CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa = \"rv64gc\";"), cases[i].bus);
        struct blob blob = tree_from(small, part);
        struct machine machine;
        assert_true(read_machine(blob.bytes, blob.count, &machine));
        assert_int_equal(machine.plic_start, cases[i].plic);
        assert_int_equal(machine.plic_sources, cases[i].plic == 0 ? 0 : 53);
        assert_int_equal(machine.barred.count, cases[i].plic != 0);
        if (cases[i].plic != 0) {
            assert_int_equal(machine.barred.list[0].start, cases[i].plic);
            assert_int_equal(machine.harts[0].plic_context, 1);
        }
        free(blob.bytes);
    }
}

static struct plan plan_of(const struct machine *machine)
{
    struct plan plan;
    struct plan_request request = {
        .image = {0x80200000, 0x80240000},
        .archive = {0x84000000, 0x84123456},
        .tree = {0x87e00000, 0x87e01234},
        .chunk_record_bytes = 16,
        .init_pages = 40,
    };
    if (plan_make(&plan, machine, &request)) {
        assert_true(plan.metadata_end <= plan.kernel.end);
        assert_true(ranges_contain(&plan.chunks, plan.table_chunk, plan.table_chunk + (2 << 20)));
        assert_true(plan.table_chunk != plan.object_chunk);
        assert_false(ranges_touch(&plan.devices, 0x80200000, 0x80240000));
    } else {
        assert_non_null(plan.complaint);
    }
    return plan;
}

/* Law 4: a capability for registers must not reach memory by another address. */
static void memory_that_shows_twice_is_no_device(void **state)
{
    (void)state;
    for (unsigned is_jh7110 = 0; is_jh7110 < 2; is_jh7110++) {
        char part[1024];
        (void)snprintf(part, sizeof part, "%s}; }; / { compatible = \"%s\"; dummy {",
                       CPU(1, "mmu-type = \"riscv,sv39\"; riscv,isa = \"rv64gc\";"),
                       is_jh7110 ? "starfive,visionfive-2-v1.3b\", \"starfive,jh7110" : "other");
        struct blob blob = tree_from(small, part);
        struct machine machine;
        assert_true(read_machine(blob.bytes, blob.count, &machine));
        struct plan plan = plan_of(&machine);
        assert_null(plan.complaint);
        assert_int_equal(ranges_touch(&plan.devices, 0x240000000, 0x440000000), !is_jh7110);
        assert_true(ranges_contain(&plan.devices, 0x13020000, 0x13030000));
        assert_true(ranges_contain(&plan.devices, 0x940000000, 0x950000000)); /* its PCIe */
        free(blob.bytes);
    }
}

static void damaged_trees_do_no_harm(void **state)
{
    (void)state;
    struct dice dice = dice_make("damaged trees");
    const char *machines[] = {"-M virt -smp 2 -m 128M", "-M sifive_u -smp 3 -m 128M"};
    unsigned accepted = 0;
    for (unsigned m = 0; m < 2; m++) {
        struct blob blob = tree_of(machines[m]);
        for (unsigned i = 0; i < MUTANTS; i++) {
            size_t count = dice_roll(&dice, 16) == 0 ? dice_roll(&dice, blob.count) : blob.count;
            uint8_t *copy = dice_copy(blob.bytes, count);
            struct machine machine;
            if (count > 0) {
                dice_mutate(&dice, copy, count);
            }
            if (read_machine(copy, count, &machine)) {
                accepted++;
                (void)plan_of(&machine);
            }
            free(copy);
        }
        free(blob.bytes);
    }
    printf("# %u of %u damaged trees still describe a machine\n", accepted, 2u * MUTANTS);
    assert_true(accepted > 0 && accepted < 2u * MUTANTS);
}

static void machine_of_one_piece(struct machine *machine, uint64_t start, uint64_t bytes)
{
    memset(machine, 0, sizeof *machine);
    ranges_add(&machine->memory, start, start + bytes);
    ranges_add(&machine->firmware, start, start + 0x80000);
    ranges_add(&machine->barred, 0xc000000, 0x10000000);
}

static void plan_puts_things_apart(void **state)
{
    (void)state;
    struct machine machine;
    struct plan plan;
    for (uint64_t mib = 64; mib <= 8192; mib *= 2) {
        machine_of_one_piece(&machine, 0x80000000, mib << 20);
        uint64_t archive = 0x80200000 + (mib << 19);
        uint64_t tree = 0x80000000 + (mib << 20) - (2 << 20);
        struct plan_request request = {
            .image = {0x80200000, 0x8021f000},
            .archive = {archive, archive + 0x300000},
            .tree = {tree, tree + 0x2000},
            .chunk_record_bytes = 16,
            .init_pages = 64,
        };
        assert_true(plan_make(&plan, &machine, &request));
        assert_int_equal(plan.kernel.start, 0x80200000);
        assert_int_equal(plan_chunk_kind(&plan, 0x80000000), 0); /* FIRMWARE */
        assert_int_equal(plan_chunk_kind(&plan, 0x80200000), 1); /* KERNEL */
        struct ranges taken = {0};
        ranges_add(&taken, request.archive.start, request.archive.end + 0xfff);
        ranges_add(&taken, request.tree.start, request.tree.end);
        assert_false(ranges_touch(&taken, plan.table_chunk, plan.table_chunk + (2 << 20)));
        assert_false(ranges_touch(&taken, plan.object_chunk, plan.object_chunk + (2 << 20)));
        assert_false(ranges_touch(&taken, plan.init_start, plan.init_start + (64 << 12)));
        assert_true(plan.init_start + (64 << 12) <= plan.object_chunk);
        assert_true(ranges_contain(&plan.devices, 0x10000000, 0x10001000));
        assert_false(ranges_touch(&plan.devices, 0xc000000, 0x10000000));
        assert_false(ranges_touch(&plan.devices, 0x80000000, 0x80000000 + (mib << 20)));
    }
}

static void plan_refuses_overlaps(void **state)
{
    (void)state;
    struct machine machine;
    struct plan plan;
    machine_of_one_piece(&machine, 0x80000000, 128 << 20);
    struct plan_request good = {
        .image = {0x80200000, 0x80210000},
        .archive = {0x84000000, 0x84100000},
        .tree = {0x87e00000, 0x87e02000},
        .chunk_record_bytes = 16,
        .init_pages = 64,
    };
    assert_true(plan_make(&plan, &machine, &good));
    struct plan_request bad = good;
    bad.archive = (struct range){0x80208000, 0x80300000};
    assert_false(plan_make(&plan, &machine, &bad));
    bad = good;
    bad.image = (struct range){0x80201000, 0x80210000};
    assert_false(plan_make(&plan, &machine, &bad));
    bad = good;
    bad.image = (struct range){0x70000000, 0x70010000};
    assert_false(plan_make(&plan, &machine, &bad));
    bad = good;
    bad.init_pages = 1 << 20;
    assert_false(plan_make(&plan, &machine, &bad));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(virt_is_understood),
        cmocka_unit_test(hart_without_mmu_is_left_alone),
        cmocka_unit_test(harts_are_told_by_what_they_can_do),
        cmocka_unit_test(addresses_go_through_the_buses),
        cmocka_unit_test(memory_that_shows_twice_is_no_device),
        cmocka_unit_test(damaged_trees_do_no_harm),
        cmocka_unit_test(plan_puts_things_apart),
        cmocka_unit_test(plan_refuses_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
