/* Ordered trees: intrusive AVL trees, for queues ordered by priority and for deadlines.
 *
 *   T1  Nodes are in ascending order of key; among equals the one inserted first comes first.
 *   T2  The heights of two siblings differ by at most one, so a tree of n nodes is O(log n) high
 *       whatever keys and addresses a user chooses.
 *   T3  A node that is in no tree has height 0.
 *
 * Insert, remove and first are O(log n). The tree never touches what holds its nodes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_node {
    struct tree_node *child[2];
    struct tree_node *parent;
    uint64_t key : 56;
    uint64_t height : 8;
};

struct tree {
    struct tree_node *root; /* NULL: empty, so zeroed memory is an empty tree */
};

#define TREE_KEY_MAX ((UINT64_C(1) << 56) - 1)

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key);
void tree_remove(struct tree *tree, struct tree_node *node);
struct tree_node *tree_first(const struct tree *tree); /* the lowest key; NULL: empty */

static inline bool tree_is_linked(const struct tree_node *node)
{
    return node->height != 0; /* T3 */
}
