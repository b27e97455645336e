/* The line discipline: what is typed, what is echoed, what is read.
 * sources: servers/console/terminal.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "terminal.h"

static struct terminal terminal;
static char echoed[8192];
static size_t echoed_bytes;

static void echo(const char *text, size_t bytes)
{
    if (echoed_bytes + bytes < sizeof(echoed)) {
        memcpy(echoed + echoed_bytes, text, bytes);
        echoed_bytes += bytes;
        echoed[echoed_bytes] = '\0';
    }
}

static int begin(void **state)
{
    (void)state;
    echoed_bytes = 0;
    echoed[0] = '\0';
    terminal_init(&terminal, TERMINAL_ATTRIBUTES, echo);
    return 0;
}

static enum terminal_event type(const char *text)
{
    enum terminal_event event = TERMINAL_NOTHING;

    for (; *text != '\0'; text++) {
        event = terminal_type(&terminal, (uint8_t)*text);
    }
    return event;
}

static void assert_reads(const char *expected)
{
    char buffer[TERMINAL_INPUT_BYTES];

    assert_true(terminal_is_readable(&terminal));
    size_t bytes = terminal_read(&terminal, buffer, sizeof(buffer));
    assert_int_equal(bytes, strlen(expected));
    assert_memory_equal(buffer, expected, bytes);
}

static void a_line_is_readable_when_it_ends(void **state)
{
    (void)state;
    assert_int_equal(type("ab"), TERMINAL_NOTHING);
    assert_false(terminal_is_readable(&terminal));
    assert_int_equal(type("c\r"), TERMINAL_READABLE);
    assert_string_equal(echoed, "abc\n");
    assert_reads("abc\n");
    assert_false(terminal_is_readable(&terminal));
}

static void backspace_and_control_u_edit(void **state)
{
    (void)state;
    type("abX\177\bb2\025");
    assert_int_equal(terminal.edit_bytes, 0);
    type("\b\bok\n");
    assert_reads("ok\n");
    assert_non_null(strstr(echoed, "X\b \b\b \bb2\b \b\b \b\b \bok\n"));
}

static void a_control_character_is_shown_and_erased_as_two(void **state)
{
    (void)state;
    type("\001\177");
    assert_string_equal(echoed, "^A\b \b\b \b");
}

static void backspace_takes_a_whole_character(void **state)
{
    (void)state;
    type("a\303\274\342\202\254\360\237\220\247\177\177"); /* two, three and four bytes */
    type("\177b\n");
    assert_reads("ab\n");
    type("\200\200\177\177\177c\n"); /* no character at all */
    assert_reads("c\n");
    assert_non_null(strstr(echoed, "\360\237\220\247\b \b\b \b\b \bb\n"));
}

static void arrow_and_function_keys_do_nothing(void **state)
{
    (void)state;
    type("l\033[A\033[Ds\033OP\033[15;2~\033[1;5C\033x\n");
    assert_reads("ls\n");
    assert_string_equal(echoed, "ls\n");
    type("x\033\025\033[\177\033\n"); /* what edits, edits */
    assert_reads("\n");
}

static void control_d_ends_input_once(void **state)
{
    (void)state;
    assert_int_equal(type("\004"), TERMINAL_READABLE);
    assert_reads("");
    assert_false(terminal_is_readable(&terminal));
    type("abc\004");
    assert_reads("abc");
    assert_false(terminal_is_readable(&terminal));
}

static void an_end_for_good_stays(void **state)
{
    char buffer[4];

    (void)state;
    terminal.attributes |= TERMINAL_ENDS;
    type("a\n\004");
    assert_reads("a\n");
    assert_reads("");
    terminal_unread(&terminal, buffer, terminal_read(&terminal, buffer, sizeof(buffer)));
    assert_reads("");
    assert_true(terminal_is_readable(&terminal));
}

static void an_end_of_input_keeps_its_place(void **state)
{
    (void)state;
    type("a\n\004b\n");
    assert_reads("a\n");
    assert_reads("");
    assert_reads("b\n");
}

static void control_c_drops_the_line_and_says_so(void **state)
{
    (void)state;
    assert_int_equal(type("half\003"), TERMINAL_INTERRUPT);
    type("next\n");
    assert_reads("next\n");
    terminal.attributes &= ~(uint64_t)TERMINAL_SIGNALS;
    assert_int_equal(type("\003"), TERMINAL_NOTHING);
}

static void a_read_gives_one_line_at_most_and_less_if_asked(void **state)
{
    char buffer[3];

    (void)state;
    type("abcd\nef\n");
    assert_int_equal(terminal_read(&terminal, buffer, 3), 3);
    assert_memory_equal(buffer, "abc", 3);
    assert_reads("d\n");
    assert_reads("ef\n");
}

static void what_was_put_back_is_read_again(void **state)
{
    char buffer[16];

    (void)state;
    type("one\ntwo\n\004");
    size_t bytes = terminal_read(&terminal, buffer, sizeof(buffer));
    terminal_unread(&terminal, buffer, bytes);
    assert_reads("one\n");
    assert_reads("two\n");
    terminal_unread(&terminal, buffer, terminal_read(&terminal, buffer, sizeof(buffer)));
    assert_reads("");
}

static void a_line_that_is_too_long_keeps_what_fits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * TERMINAL_LINE_BYTES; i++) {
        type("x");
    }
    assert_non_null(strchr(echoed, '\a'));
    type("\n");
    char buffer[TERMINAL_INPUT_BYTES];
    assert_int_equal(terminal_read(&terminal, buffer, sizeof(buffer)), TERMINAL_LINE_BYTES);
    assert_int_equal(buffer[TERMINAL_LINE_BYTES - 1], '\n');
}

static void typing_ahead_without_end_loses_nothing_typed_before(void **state)
{
    char buffer[TERMINAL_INPUT_BYTES];
    unsigned lines = 0;

    (void)state;
    for (unsigned i = 0; i < TERMINAL_INPUT_BYTES; i++) {
        type("abcdefg\n");
    }
    while (terminal_is_readable(&terminal)) {
        assert_int_equal(terminal_read(&terminal, buffer, sizeof(buffer)), 8);
        lines++;
    }
    assert_int_equal(lines, TERMINAL_INPUT_BYTES / 8);
    /* The line that found no room is still there, and can be finished now. */
    type("\n");
    assert_true(terminal_is_readable(&terminal));
}

static void raw_mode_gives_every_byte_at_once(void **state)
{
    (void)state;
    terminal.attributes = 0;
    assert_int_equal(type("a"), TERMINAL_READABLE);
    type("\004\b");
    assert_reads("a\004\b");
    assert_string_equal(echoed, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_readable_when_it_ends, begin),
        cmocka_unit_test_setup(backspace_and_control_u_edit, begin),
        cmocka_unit_test_setup(a_control_character_is_shown_and_erased_as_two, begin),
        cmocka_unit_test_setup(backspace_takes_a_whole_character, begin),
        cmocka_unit_test_setup(arrow_and_function_keys_do_nothing, begin),
        cmocka_unit_test_setup(control_d_ends_input_once, begin),
        cmocka_unit_test_setup(an_end_for_good_stays, begin),
        cmocka_unit_test_setup(an_end_of_input_keeps_its_place, begin),
        cmocka_unit_test_setup(control_c_drops_the_line_and_says_so, begin),
        cmocka_unit_test_setup(a_read_gives_one_line_at_most_and_less_if_asked, begin),
        cmocka_unit_test_setup(what_was_put_back_is_read_again, begin),
        cmocka_unit_test_setup(a_line_that_is_too_long_keeps_what_fits, begin),
        cmocka_unit_test_setup(typing_ahead_without_end_loses_nothing_typed_before, begin),
        cmocka_unit_test_setup(raw_mode_gives_every_byte_at_once, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
