/* Ordered trees: see tree.h. */
#include "core/tree.h"

static bool comes_before(const struct tree_node *a, const struct tree_node *b) /* T1 */
{
    return a->key != b->key ? a->key < b->key : a->number < b->number;
}

static struct tree_node **link_to(struct tree *tree, const struct tree_node *node)
{
    struct tree_node *parent = node->parent;

    return parent == NULL ? &tree->root : &parent->child[parent->child[1] == node];
}

/* `new` hangs where `old` does, with its children; `old` is in no place. */
static void take_place(struct tree *tree, const struct tree_node *old, struct tree_node *new)
{
    *link_to(tree, old) = new;
    new->parent = old->parent;
    for (unsigned side = 0; side < 2; side++) {
        new->child[side] = old->child[side];
        if (new->child[side] != NULL) {
            new->child[side]->parent = new;
        }
    }
}

void tree_insert(struct tree *tree, struct tree_node *node, uint64_t key)
{
    struct tree_node *parent = NULL;
    struct tree_node **link = &tree->root;

    node->key = key;
    node->number = ++tree->insertions;
    for (unsigned depth = 0; *link != NULL; depth++) {
        struct tree_node *here = *link;

        if (comes_before(node, here)) { /* `here` goes further down, its own way */
            take_place(tree, here, node);
            parent = node;
            node = here;
        } else {
            parent = here;
        }
        link = &parent->child[node->number >> depth & 1];
    }
    *link = node;
    node->parent = parent;
    node->child[0] = NULL;
    node->child[1] = NULL;
}

/* The one that may take its parent's place; NULL: there are none. */
static struct tree_node *first_child(const struct tree_node *node)
{
    struct tree_node *left = node->child[0];
    struct tree_node *right = node->child[1];

    return left == NULL || (right != NULL && comes_before(right, left)) ? right : left;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *rising = node;

    while (first_child(rising) != NULL) {
        rising = first_child(rising);
    }
    *link_to(tree, rising) = NULL;
    while (rising != node) {
        struct tree_node *parent = rising->parent;

        take_place(tree, parent, rising);
        rising = parent;
    }
    node->number = 0; /* T3 */
}
