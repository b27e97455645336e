/* The servers' formatter says what printf says, and never writes beyond its buffer.
 * sources: libsys/core/format.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <libsys/print.h>

#define SAME_AS_PRINTF(...)                                             \
    do {                                                                \
        char expected[128];                                             \
        char actual[128];                                               \
        int length = snprintf(expected, sizeof(expected), __VA_ARGS__); \
        size_t ours = format_text(actual, sizeof(actual), __VA_ARGS__); \
        assert_string_equal(actual, expected);                          \
        assert_int_equal(ours, length);                                 \
    } while (0)

static void conversions_match_printf(void **state)
{
    (void)state;
    SAME_AS_PRINTF("%d %i %u %x %X", -5, 3, 7u, 255u, 0xabcdu);
    SAME_AS_PRINTF("%08lx|%-8d|%8d|%c%%", 0x1234ul, 5, -6, 'x');
    SAME_AS_PRINTF("%s|%-6s|%6s|%.2s|%.*s", "a", "b", "c", "defg", 3, "hijkl");
    SAME_AS_PRINTF("%zu %lld %llx", (size_t)9, -1ll, ~0ull);
    SAME_AS_PRINTF("%hhu %hu", (unsigned char)200, (unsigned short)60000);
    SAME_AS_PRINTF("%05d|%*d|%*d", -5, 7, 3, -7, 3);
    SAME_AS_PRINTF("%ld", INT64_MIN);
    SAME_AS_PRINTF("%lu", UINT64_MAX);
    SAME_AS_PRINTF("%p", (void *)0x1234);
}

static void output_is_cut_at_the_buffer(void **state)
{
    (void)state;
    char buffer[8];
    memset(buffer, '#', sizeof(buffer));
    assert_int_equal(format_text(buffer, 4, "%s", "abcdef"), 6);
    assert_string_equal(buffer, "abc");
    assert_int_equal(buffer[4], '#');
    assert_int_equal(format_text(NULL, 0, "%d", 12345), 5);
}

static void missing_string_is_named(void **state)
{
    (void)state;
    char buffer[16];
    const char *volatile none = NULL;
    format_text(buffer, sizeof(buffer), "%s", none);
    assert_string_equal(buffer, "(null)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conversions_match_printf),
        cmocka_unit_test(output_is_cut_at_the_buffer),
        cmocka_unit_test(missing_string_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
