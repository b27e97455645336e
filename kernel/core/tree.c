/* Ordered trees: AVL rotations. */
#include "core/tree.h"

static unsigned height(const struct tree_node *node)
{
    return node == NULL ? 0 : (unsigned)node->height;
}

static void measure(struct tree_node *node)
{
    unsigned left = height(node->child[0]);
    unsigned right = height(node->child[1]);

    node->height = ((left > right ? left : right) + 1) & 0xff;
}

/* Put `new` where `old` hangs; `new` may be NULL. */
static void replace(struct tree *tree, struct tree_node *old, struct tree_node *new)
{
    struct tree_node *parent = old->parent;

    if (parent == NULL) {
        tree->root = new;
    } else {
        parent->child[parent->child[1] == old] = new;
    }
    if (new != NULL) {
        new->parent = parent;
    }
}

/* The child on `side` takes the place of `node`, which becomes its child on the other side. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *up = node->child[side];
    struct tree_node *moved = up->child[!side];

    replace(tree, node, up);
    node->child[side] = moved;
    if (moved != NULL) {
        moved->parent = node;
    }
    up->child[!side] = node;
    node->parent = up;
    measure(node);
    measure(up);
    return up;
}

/* Restore T2 from `node` up to the root. */
static void rebalance(struct tree *tree, struct tree_node *node)
{
    while (node != NULL) {
        unsigned left = height(node->child[0]);
        unsigned right = height(node->child[1]);

        if (left > right + 1 || right > left + 1) {
            unsigned side = right > left;
            struct tree_node *tall = node->child[side];

            if (height(tall->child[!side]) > height(tall->child[side])) {
                rotate(tree, tall, !side);
            }
            node = rotate(tree, node, side);
        } else {
            measure(node);
        }
        node = node->parent;
    }
}

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key)
{
    struct tree_node *parent = NULL;
    struct tree_node **link = &tree->root;

    node->key = key > TREE_KEY_MAX ? TREE_KEY_MAX : key & TREE_KEY_MAX;
    while (*link != NULL) {
        parent = *link;
        link = &parent->child[node->key >= parent->key]; /* T1: behind its equals */
    }
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->parent = parent;
    node->height = 1;
    *link = node;
    rebalance(tree, parent);
}

static struct tree_node *lowest(struct tree_node *node)
{
    while (node->child[0] != NULL) {
        node = node->child[0];
    }
    return node;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *lowest_changed = node->parent;

    if (node->child[0] != NULL && node->child[1] != NULL) {
        struct tree_node *heir = lowest(node->child[1]);

        lowest_changed = heir->parent == node ? heir : heir->parent;
        replace(tree, heir, heir->child[1]);
        replace(tree, node, heir);
        for (unsigned side = 0; side < 2; side++) {
            heir->child[side] = node->child[side];
            if (heir->child[side] != NULL) {
                heir->child[side]->parent = heir;
            }
        }
    } else {
        replace(tree, node, node->child[node->child[0] == NULL]);
    }
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->parent = NULL;
    node->height = 0; /* T3 */
    rebalance(tree, lowest_changed);
}

struct tree_node *tree_first(const struct tree *tree)
{
    return tree->root == NULL ? NULL : lowest(tree->root);
}
