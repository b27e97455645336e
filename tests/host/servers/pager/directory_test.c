/* Directories: indices come and go in any order, each in use at most once, none lost.
 * sources: tests/host/servers/pager/support.c servers/pager/frame.c servers/pager/promise.c servers/pager/pool.c servers/pager/hook.c servers/pager/directory.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "directory.h"
#include "support.h"

static void an_index_is_in_use_at_most_once_and_all_can_be(void **state)
{
    (void)state;
    struct directory_indices *indices = &pager_state.object_indices;
    bool *used = calloc(indices->length, sizeof(*used));
    uint32_t *taken = calloc(indices->length, sizeof(*taken));
    uint32_t count = 0;
    uint32_t index;
    srand(7);
    for (unsigned step = 0; step < 100000; step++) {
        bool take = (unsigned)rand() % 100 < (step / 10000 % 2 == 0 ? 70u : 30u);
        if (take && count < indices->length) {
            assert_true(directory_peek(indices, &index));
            directory_take(indices, index);
            assert_true(index < indices->length && !used[index]);
            used[index] = true;
            taken[count++] = index;
        } else if (count > 0) {
            uint32_t at = (uint32_t)rand() % count;
            used[taken[at]] = false;
            directory_give(indices, taken[at]);
            taken[at] = taken[--count];
        }
    }
    while (directory_peek(indices, &index)) {
        directory_take(indices, index);
        assert_false(used[index]);
        used[index] = true;
        count++;
    }
    assert_int_equal(count, indices->length);
    free(used);
    free(taken);
}

static void lengths_follow_memory(void **state)
{
    (void)state;
    struct directory_lengths small = directory_lengths_for(16384, 1u << 20);
    struct directory_lengths large = directory_lengths_for(1u << 20, 1u << 20);
    assert_int_equal(large.spaces, 64 * small.spaces);
    assert_int_equal(large.objects, 64 * small.objects);
    assert_int_equal(large.chains, 64 * small.chains);
    assert_true(directory_lengths_for(1u << 20, 1000).spaces <= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_index_is_in_use_at_most_once_and_all_can_be,
                                        support_set_up, support_tear_down),
        cmocka_unit_test(lengths_follow_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
