/* Which UART init gives to the console, on trees that dtc makes of what stands here.
 * sources: servers/init/machine.c boot/format/fdt.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine.h"

enum { TREE_BYTES_MAX = 65536, SOURCE_BYTES_MAX = 4096 };

/* A soc of three UARTs and a test device, with what /chosen and /aliases hold. */
static const char source[] =
    "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; %s "
    "soc { compatible = \"simple-bus\"; #address-cells = <2>; #size-cells = <2>; ranges; "
    "first: serial@1000 { compatible = \"ns16550a\"; reg = <0 0x1000 0 0x100>; interrupts = <1>; "
    "}; "
    "second: serial@2000 { compatible = \"starfive,jh7110-uart\", \"snps,dw-apb-uart\", "
    "\"ns16550\"; "
    "reg = <0 0x2000 0 0x100>; interrupts = <2>; reg-shift = <2>; reg-io-width = <4>; }; "
    "third: serial@3000 { compatible = \"sifive,fu540-c000-uart\", \"sifive,uart0\"; "
    "reg = <0 0x3000 0 0x100>; interrupts = <3>; }; "
    "fourth: serial@4000 { compatible = \"ns16550a\"; status = \"disabled\"; "
    "reg = <0 0x4000 0 0x100>; interrupts = <4>; }; "
    "fifth: serial@5000 { compatible = \"nobody,uart\"; reg = <0 0x5000 0 0x100>; interrupts = "
    "<5>; }; "
    "test@100000 { compatible = \"sifive,test1\"; reg = <0 0x100000 0 0x1000>; }; }; };";

static void read_tree(const char *choice, struct machine *machine_out)
{
    static uint8_t blob[TREE_BYTES_MAX];
    char text[SOURCE_BYTES_MAX];
    char path[] = "/tmp/byre-source-XXXXXX";
    char command[128];
    int length = snprintf(text, sizeof text, source, choice);
    int file = mkstemp(path);

    assert_true(length > 0 && (size_t)length < sizeof text && file >= 0);
    FILE *stream = fdopen(file, "w");
    assert_true(fputs(text, stream) >= 0 && fclose(stream) == 0);
    (void)snprintf(command, sizeof command, "dtc -q -I dts -O dtb %s", path);
    FILE *output = popen(command, "r"); // NOLINT
    size_t bytes = fread(blob, 1, sizeof blob, output);
    assert_int_equal(pclose(output), 0);
    (void)remove(path);
    assert_true(bytes > 0);
    machine_read(blob, bytes, machine_out);
    assert_true(machine_out->test_found);
    assert_int_equal(machine_out->test_address, 0x100000);
}

static uint64_t console_address(const char *choice, enum uart_kind kind)
{
    struct machine machine;
    read_tree(choice, &machine);
    assert_int_equal(machine.uart.found ? machine.uart.kind : UART_NONE, kind);
    return machine.uart.address;
}

static void without_a_choice_the_first_uart_is_it(void **state)
{
    (void)state;
    assert_int_equal(console_address("", UART_16550), 0x1000);
    assert_int_equal(console_address("chosen { };", UART_16550), 0x1000);
    assert_int_equal(console_address("chosen { stdout-path = \"/nowhere\"; };", UART_16550),
                     0x1000);
    assert_int_equal(console_address("chosen { stdout-path = \"/soc/serial@200\"; };", UART_16550),
                     0x1000);
}

static void the_choice_may_be_a_path_or_an_alias_with_a_speed(void **state)
{
    struct machine machine;
    (void)state;
    assert_int_equal(console_address("chosen { stdout-path = &third; };", UART_SIFIVE), 0x3000);
    assert_int_equal(console_address("chosen { stdout-path = \"/soc/serial@2000:115200n8\"; };",
                                     UART_DESIGNWARE),
                     0x2000);
    read_tree("aliases { serial0 = &second; }; chosen { stdout-path = \"serial0:115200n8\"; };",
              &machine);
    assert_int_equal(machine.uart.address, 0x2000);
    assert_int_equal(machine.uart.interrupt, 2);
    assert_int_equal(machine.uart.reg_shift, 2);
    assert_int_equal(machine.uart.reg_io_width, 4);
}

static void a_chosen_console_that_cannot_be_used_leaves_none(void **state)
{
    (void)state;
    (void)console_address("chosen { stdout-path = &fourth; };", UART_NONE);
    (void)console_address("chosen { stdout-path = &fifth; };", UART_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_choice_the_first_uart_is_it),
        cmocka_unit_test(the_choice_may_be_a_path_or_an_alias_with_a_speed),
        cmocka_unit_test(a_chosen_console_that_cannot_be_used_leaves_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
