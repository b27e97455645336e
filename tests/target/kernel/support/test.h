/* TAP from the kernel's console.
 *
 * A test is a function; what it expects and does not find is a diagnostic line and fails the test.
 * Before a test the world is noted (world.h), after it everything the test made is taken apart and
 * the books are recounted (audit.h): a difference fails the test as well.
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct test {
    const char *property;
    void (*run)(void);
};
#define TEST(function, sentence) \
    {                            \
        sentence, function       \
    }

/* Each test image defines these two. */
extern const struct test tests[];
extern const unsigned test_count;
#define TESTS(...)                             \
    const struct test tests[] = {__VA_ARGS__}; \
    const unsigned test_count = sizeof(tests) / sizeof(tests[0])

__attribute__((format(printf, 1, 2))) void say(const char *format, ...);
/* Print a diagnostic and fail the running test. */
__attribute__((format(printf, 1, 2))) void fail(const char *format, ...);
void expect_at(bool holds, const char *what, const char *file, int line);
void expect_equal_at(uint64_t got, uint64_t wanted, const char *what, const char *file, int line);
unsigned failures(void);

#define EXPECT(condition) expect_at(condition, #condition, __FILE__, __LINE__)
#define EXPECT_EQUAL(got, wanted) \
    expect_equal_at((uint64_t)(got), (uint64_t)(wanted), #got, __FILE__, __LINE__)
/* The error of a call. */
#define EXPECT_ERROR(call, error) \
    expect_equal_at((uint64_t)(call), (uint64_t)(error), #call, __FILE__, __LINE__)
#define EXPECT_OK(call) EXPECT_ERROR(call, ERR_OK)
/* Without this the rest of the test makes no sense: it returns. */
#define REQUIRE(condition)                                    \
    do {                                                      \
        if (!(condition)) {                                   \
            expect_at(false, #condition, __FILE__, __LINE__); \
            return;                                           \
        }                                                     \
    } while (0)

_Noreturn void finish(void); /* power off with the result as exit status */
void test_main(void);

uint64_t random_next(void); /* seeded; the seed is printed */
extern uint64_t random_seed;

#endif
