/* What init reads before anything runs: boot arguments and the manifest.
 * sources: servers/init/arguments.c servers/init/manifest.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arguments.h"
#include "manifest.h"

static char strangers[256];

static void note_stranger(const char *word)
{
    size_t used = strlen(strangers);

    (void)snprintf(strangers + used, sizeof(strangers) - used, "%s|", word);
}

static void a_line_to_run_keeps_its_spaces_and_quotes(void **state)
{
    struct arguments arguments;

    (void)state;
    arguments_read("quiet run='echo ''a  b''; ps' testhooks", &arguments, note_stranger);
    assert_true(arguments.has_run);
    assert_string_equal(arguments.run, "echo 'a  b'; ps");
    assert_true(arguments.quiet);
    assert_true(arguments.testhooks);
    assert_false(arguments.overcommit);
}

static void a_farewell_is_kept_if_it_fits(void **state)
{
    struct arguments arguments;

    (void)state;
    arguments_read("farewell=0123456789abcdef run=ps", &arguments, note_stranger);
    assert_string_equal(arguments.farewell, "0123456789abcdef");
    arguments_read("farewell=0123456789abcdef0123456789abcdef", &arguments, note_stranger);
    assert_int_equal(strlen(arguments.farewell), FAREWELL_BYTES - 1);
    arguments_read("farewell=0123456789abcdef0123456789abcdef0", &arguments, note_stranger);
    assert_string_equal(arguments.farewell, "");
}

static void words_that_nobody_takes_are_named(void **state)
{
    struct arguments arguments;

    (void)state;
    strangers[0] = '\0';
    arguments_read(" console=ttyS0  quietly overcommit preempt=x preempt=1,2,3 asid_bits= 'a b' ",
                   &arguments, note_stranger);
    assert_false(arguments.has_run);
    assert_false(arguments.quiet);
    assert_true(arguments.overcommit);
    assert_string_equal(strangers, "console=ttyS0|quietly|preempt=x|preempt=1,2,3|asid_bits=|a b|");
    strangers[0] = '\0';
    arguments_read("quiet overcommit testhooks preempt=7 preempt=7,90 asid_bits=0 run=ps",
                   &arguments, note_stranger);
    assert_string_equal(strangers, "");
    arguments_read("", &arguments, note_stranger);
    assert_false(arguments.overcommit);
}

static void an_empty_line_is_a_line(void **state)
{
    struct arguments arguments;

    (void)state;
    arguments_read("run=''", &arguments, note_stranger);
    assert_true(arguments.has_run);
    assert_string_equal(arguments.run, " ");
    arguments_read("run='  '", &arguments, note_stranger);
    assert_string_equal(arguments.run, "  ");
}

static void an_open_quote_and_a_long_word_end_with_the_text(void **state)
{
    char text[3 * BOOT_ARGS_BYTES];
    struct arguments arguments;

    (void)state;
    arguments_read("run='echo", &arguments, note_stranger);
    assert_string_equal(arguments.run, "echo");
    memset(text, 'x', sizeof(text));
    memcpy(text, "run=", 4);
    text[sizeof(text) - 1] = '\0';
    arguments_read(text, &arguments, note_stranger);
    assert_true(arguments.has_run);
    assert_true(strlen(arguments.run) < BOOT_ARGS_BYTES);
}

static void the_manifest_names_path_and_priority(void **state)
{
    static const char text[] = "# servers\n\npager  servers/pager\t28\nproc servers/proc 26 # x";
    struct manifest_entry entry;

    (void)state;
    assert_true(manifest_find(text, sizeof(text) - 1, "proc", &entry));
    assert_string_equal(entry.path, "servers/proc");
    assert_int_equal(entry.priority, 26);
    assert_true(manifest_find(text, sizeof(text) - 1, "pager", &entry));
    assert_int_equal(entry.priority, 28);
    assert_false(manifest_find(text, sizeof(text) - 1, "console", &entry));
    assert_false(manifest_find(text, 20, "proc", &entry));
    assert_false(manifest_find("", 0, "proc", &entry));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_to_run_keeps_its_spaces_and_quotes),
        cmocka_unit_test(a_farewell_is_kept_if_it_fits),
        cmocka_unit_test(words_that_nobody_takes_are_named),
        cmocka_unit_test(an_empty_line_is_a_line),
        cmocka_unit_test(an_open_quote_and_a_long_word_end_with_the_text),
        cmocka_unit_test(the_manifest_names_path_and_priority),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
