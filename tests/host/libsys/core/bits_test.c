/* Sets of numbers: the lowest and the next member, against a plain array.
 * sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <libsys/bits.h>

static void the_lowest_bit_is_found_at_every_place(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 64; place++) {
        assert_int_equal(bits_lowest(1ul << place), place);
        assert_int_equal(bits_lowest(~0ul << place), place);
    }
}

static void the_next_member_is_what_an_array_says(void **state)
{
    static struct bits bits;
    static bool plain[BITS_MAX];
    uint64_t random = 7;

    (void)state;
    printf("seed 7\n");
    for (unsigned step = 0; step < 20000; step++) {
        random = random * 6364136223846793005ul + 1442695040888963407ul;
        uint32_t number = (uint32_t)(random >> 33) % BITS_MAX;
        if ((random & 1ul << 20) != 0) {
            bits_add(&bits, number);
            plain[number] = true;
        } else {
            bits_remove(&bits, number);
            plain[number] = false;
        }
        assert_int_equal(bits_has(&bits, number), plain[number]);
        uint32_t from = (uint32_t)(random >> 17) % BITS_MAX;
        uint32_t expected = from;
        while (expected < BITS_MAX && !plain[expected]) {
            expected++;
        }
        assert_int_equal(bits_next(&bits, from), expected);
    }
    assert_int_equal(bits_next(&bits, BITS_MAX), BITS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_bit_is_found_at_every_place),
        cmocka_unit_test(the_next_member_is_what_an_array_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
