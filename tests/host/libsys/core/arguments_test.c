/* The argument block holds what execve was given, by offsets, inside its bytes.
 * sources: libsys/core/arguments.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libsys/arguments.h>

static const char *string_at(const struct argument_block *block, uint64_t offset)
{
    return (const char *)block + offset;
}

/* A buffer of exactly the bytes that arguments_bytes tells, so that the sanitiser sees more. */
static struct argument_block *build(const char *const argv[], const char *const envp[])
{
    size_t bytes = arguments_bytes(argv, envp);
    assert_int_not_equal(bytes, 0);
    struct argument_block *block = malloc(bytes);
    assert_non_null(block);
    arguments_build(block, argv, envp, 10000000);
    return block;
}

static void strings_arrive_in_order(void **state)
{
    (void)state;
    const char *argv[] = {"echo", "", "a b", NULL};
    const char *envp[] = {"HOME=/", "PATH=bin", NULL};
    struct argument_block *block = build(argv, envp);
    assert_int_equal(block->version, ARGUMENTS_VERSION);
    assert_int_equal(block->bytes, arguments_bytes(argv, envp));
    assert_int_equal(block->timebase_hz, 10000000);
    assert_int_equal(block->files[0], FILE_INPUT);
    assert_int_equal(block->files[1], FILE_OUTPUT);
    assert_int_equal(block->files[2], FILE_ERROR);
    assert_int_equal(block->argument_count, 3);
    assert_int_equal(block->environment_count, 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(string_at(block, block->words[i]), argv[i]);
    }
    assert_int_equal(block->words[3], 0);
    assert_string_equal(string_at(block, block->words[4]), "HOME=/");
    assert_string_equal(string_at(block, block->words[5]), "PATH=bin");
    assert_int_equal(block->words[6], 0);
    free(block);
}

static void nothing_is_a_block_too(void **state)
{
    (void)state;
    struct argument_block *block = build(NULL, NULL);
    assert_int_equal(block->argument_count, 0);
    assert_int_equal(block->words[0], 0);
    assert_int_equal(block->words[1], 0);
    free(block);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    size_t bytes = ARGUMENTS_BYTES_MAX;
    char *big = malloc(bytes);
    memset(big, 'x', bytes);
    big[bytes - 1] = 0;
    const char *argv[] = {big, NULL};
    assert_int_equal(arguments_bytes(argv, NULL), 0);
    /* Just fitting: head, two words for argv, one for envp, the string. */
    big[bytes - 1 - sizeof(struct argument_block) - 3 * 8] = 0;
    assert_int_equal(arguments_bytes(argv, NULL), bytes);
    big[bytes - 1 - sizeof(struct argument_block) - 3 * 8] = 'x';
    assert_int_equal(arguments_bytes(argv, NULL), 0);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_arrive_in_order),
        cmocka_unit_test(nothing_is_a_block_too),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
