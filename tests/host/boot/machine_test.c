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

static void plan_of(const struct machine *machine)
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
                plan_of(&machine);
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
        cmocka_unit_test(damaged_trees_do_no_harm),
        cmocka_unit_test(plan_puts_things_apart),
        cmocka_unit_test(plan_refuses_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
