/* The shell's lines: words, quotes, joints, and what is refused.
 * sources: programs/sh/line.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <programs/sh/line.h>

/* A line as text again: words in <>, joints as they are written. */
static void describe(const char *text, char *shown, size_t bytes)
{
    static const char *const joints[] = {"", ";", "&", "&&", "||"};
    struct line line;
    const char *wrong = line_parse(text, &line);

    shown[0] = '\0';
    if (wrong != NULL) {
        (void)snprintf(shown, bytes, "!%s", wrong);
        return;
    }
    for (size_t i = 0; i < line.count; i++) {
        assert_true(line_expand(&line.commands[i], 7));
        for (size_t w = 0; w < line.commands[i].count; w++) {
            (void)snprintf(shown + strlen(shown), bytes - strlen(shown), "<%s>",
                           line.commands[i].words[w]);
        }
        assert_null(line.commands[i].words[line.commands[i].count]);
        (void)snprintf(shown + strlen(shown), bytes - strlen(shown), "%s",
                       joints[line.commands[i].joint]);
    }
    line_free(&line);
}

static void assert_line(const char *text, const char *expected)
{
    char shown[1024];

    describe(text, shown, sizeof(shown));
    assert_string_equal(shown, expected);
}

static void words_are_separated_by_blanks(void **state)
{
    (void)state;
    assert_line("  echo  a\tb ", "<echo><a><b>");
    assert_line("", "");
    assert_line("   ", "");
    assert_line("# only a comment", "");
    assert_line("echo a#b # c", "<echo><a#b>");
}

static void quotes_keep_what_is_in_them(void **state)
{
    (void)state;
    assert_line("echo 'a b' \"c  d\" e\\ f", "<echo><a b><c  d><e f>");
    assert_line("echo 'a'\"b\"c", "<echo><abc>");
    assert_line("echo '' \"\"", "<echo><><>");
    assert_line("echo \"\\\"\\\\x\" '\\'", "<echo><\"\\x><\\>");
    assert_line("echo ';&|#'", "<echo><;&|#>");
}

static void the_last_status_stands_where_it_is_asked(void **state)
{
    (void)state;
    assert_line("echo $? \"[$?]\" '$?' a$?b", "<echo><7><[7]><$?><a7b>");
}

static void joints_say_what_comes_next(void **state)
{
    (void)state;
    assert_line("a;b", "<a>;<b>");
    assert_line("a && b || c; d &", "<a>&&<b>||<c>;<d>&");
    assert_line("a&b", "<a>&<b>");
    assert_line("a;", "<a>;");
    assert_line("a\nb\n", "<a>;<b>;");
    assert_line("\n\na", "<a>");
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_line("'a", "!a ' is not closed");
    assert_line("\"a", "!a \" is not closed");
    assert_line("a &&", "!a command is missing at the end");
    assert_line("a ||", "!a command is missing at the end");
    assert_line("; a", "!a command is missing");
    assert_line("a ;; b", "!a command is missing");
    assert_line("&& a", "!a command is missing");
    assert_line("a | b", "!there are no pipes yet");
    assert_line("a > b", "!there are no redirections and groups yet");
    assert_line("(a)", "!there are no redirections and groups yet");
    assert_line("a '>' \"(\"", "<a><>><(>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_separated_by_blanks),
        cmocka_unit_test(quotes_keep_what_is_in_them),
        cmocka_unit_test(the_last_status_stands_where_it_is_asked),
        cmocka_unit_test(joints_say_what_comes_next),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
