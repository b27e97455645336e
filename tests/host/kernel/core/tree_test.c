/* Ordered trees: order, balance and first-come among equals, over random insertions and removals.
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

static unsigned checked_height(const struct tree_node *node)
{
    unsigned left;
    unsigned right;

    if (node == NULL) {
        return 0;
    }
    left = checked_height(node->child[0]);
    right = checked_height(node->child[1]);
    assert_true(left <= right + 1 && right <= left + 1);
    assert_int_equal(node->height, (left > right ? left : right) + 1);
    return node->height;
}

/* In order: keys ascend, and equals come as they arrived. The number of nodes. */
static unsigned check_order(const struct tree_node *node, const struct tree_node **last)
{
    unsigned count = 1;

    if (node == NULL) {
        return 0;
    }
    count += check_order(node->child[0], last);
    if (*last != NULL) {
        assert_true((*last)->key <= node->key);
        assert_true((*last)->key != node->key || arrivals[*last - nodes] < arrivals[node - nodes]);
    }
    *last = node;
    return count + check_order(node->child[1], last);
}

static void tree_stays_ordered_and_balanced(void **state)
{
    struct tree tree = {0};
    const struct tree_node *last;
    unsigned count = 0;

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
            checked_height(tree.root);
            last = NULL;
            assert_int_equal(check_order(tree.root, &last), count);
        }
    }
}

static void ascending_keys_do_not_degenerate(void **state)
{
    struct tree tree = {0};

    (void)state;
    for (unsigned i = 0; i < NODES; i++) {
        nodes[i] = (struct tree_node){0};
        tree_insert(&tree, &nodes[i], i);
    }
    assert_true(checked_height(tree.root) <= 12); /* 1.44 log2 300 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_stays_ordered_and_balanced),
        cmocka_unit_test(ascending_keys_do_not_degenerate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
