/* Ordered trees: intrusive heaps without a memory of their own, for queues ordered by priority and
 * for deadlines.
 *
 *   T1  A node comes before its children: its key is lower, or equal and it was inserted earlier.
 *       So the root comes before all others.
 *   T2  Insertions are numbered. The path from the root to a node takes, at depth d, the side that
 *       bit d of the node's number names. Numbers differ, so no path is longer than 64, whatever
 *       keys and orders a user chooses; those of n nodes inserted one after another are log2 n
 *       long.
 *   T3  A node that is in no tree has number 0.
 *
 * Insert and remove take a few steps a level, first none. A tree never touches what holds its
 * nodes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_node {
    struct tree_node *child[2];
    struct tree_node *parent;
    uint64_t key;
    uint64_t number; /* T2, T3 */
};

struct tree {
    struct tree_node *root; /* NULL: empty, so zeroed memory is an empty tree */
    uint64_t insertions;
};

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key);
void tree_remove(struct tree *tree, struct tree_node *node);

/* NULL: empty. */
static inline struct tree_node *tree_first(const struct tree *tree)
{
    return tree->root;
}

static inline bool tree_is_linked(const struct tree_node *node)
{
    return node->number != 0; /* T3 */
}
