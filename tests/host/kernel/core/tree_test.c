/* Ordered trees: order, height and first-come among equals, over random insertions and removals.
 * sources: kernel/core/tree.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/tree.h"

enum { NODES = 300, STEPS = 60000 };

static struct tree_node nodes[NODES];
static uint64_t arrivals[NODES];
static uint64_t random_state = 0x2545f4914f6cdd1du;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* T1 and T2 below a node; how many nodes there are, and the longest path. */
static unsigned check_below(const struct tree_node *node, unsigned depth, unsigned *height)
{
    unsigned count = 1;

    *height = depth + 1 > *height ? depth + 1 : *height;
    for (unsigned side = 0; side < 2; side++) {
        const struct tree_node *child = node->child[side];

        if (child != NULL) {
            assert_ptr_equal(child->parent, node);
            assert_true(
                child->key > node->key ||
                (child->key == node->key && arrivals[child - nodes] > arrivals[node - nodes]));
            assert_int_equal(child->number >> depth & 1, side);
            assert_int_equal((child->number ^ node->number) & ((UINT64_C(1) << depth) - 1), 0);
            count += check_below(child, depth + 1, height);
        }
    }
    return count;
}

static unsigned check(const struct tree *tree, unsigned *height_out)
{
    *height_out = 0;
    if (tree->root == NULL) {
        return 0;
    }
    assert_null(tree->root->parent);
    return check_below(tree->root, 0, height_out);
}

static void tree_stays_ordered_and_low(void **state)
{
    struct tree tree = {0};
    unsigned count = 0;
    unsigned height;

    (void)state;
    printf("# seed %#lx\n", random_state);
    for (uint64_t step = 0; step < STEPS; step++) {
        struct tree_node *node = &nodes[next_random() % NODES];

        if (tree_is_linked(node)) {
            tree_remove(&tree, node);
            count--;
        } else {
            arrivals[node - nodes] = step;
            tree_insert(&tree, node, next_random() % 64);
            count++;
        }
        if (step % 16 == 0) {
            assert_int_equal(check(&tree, &height), count);
            assert_true(height <= 17); /* the bits of STEPS, and the root */
        }
    }
    for (const struct tree_node *last = NULL; tree.root != NULL; count--) {
        struct tree_node *first = tree_first(&tree);

        assert_true(last == NULL || first->key > last->key ||
                    (first->key == last->key && arrivals[first - nodes] > arrivals[last - nodes]));
        tree_remove(&tree, first);
        assert_false(tree_is_linked(first));
        last = first;
    }
    assert_int_equal(count, 0);
}

static void ascending_keys_do_not_degenerate(void **state)
{
    struct tree tree = {0};
    unsigned height;

    (void)state;
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i] = (struct tree_node){0};
        arrivals[i] = i;
        tree_insert(&tree, &nodes[i], i);
    }
    assert_int_equal(check(&tree, &height), NODES);
    assert_true(height <= 10); /* log2 300 and the root */
}

/* Whoever keeps only nodes whose numbers end alike gets the longest paths that there can be. */
static void chosen_survivors_stay_within_the_bits_of_the_numbers(void **state)
{
    enum { SURVIVORS = 63 };
    struct tree tree = {0};
    unsigned height;

    (void)state;
    for (unsigned bit = 0; bit < SURVIVORS; bit++) {
        nodes[bit] = (struct tree_node){0};
        arrivals[bit] = bit;
        tree.insertions = (UINT64_C(1) << bit) - 1;
        tree_insert(&tree, &nodes[bit], bit);
    }
    assert_int_equal(check(&tree, &height), SURVIVORS);
    assert_int_equal(height, SURVIVORS);
    for (unsigned bit = 0; bit < SURVIVORS; bit++) {
        assert_ptr_equal(tree_first(&tree), &nodes[bit]);
        tree_remove(&tree, &nodes[bit]);
    }
    assert_null(tree_first(&tree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_stays_ordered_and_low),
        cmocka_unit_test(ascending_keys_do_not_degenerate),
        cmocka_unit_test(chosen_survivors_stay_within_the_bits_of_the_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
