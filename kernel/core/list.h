/* Lists: intrusive, doubly linked, circular around a head. All operations are O(1).
 *
 *   L1  A node that is in no list points at nothing (next == NULL).
 *   L2  A head points at itself when its list is empty; zeroed memory is not a head: list_init.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
    struct list_node *previous;
};

#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

static inline void list_init(struct list_node *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool list_is_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_push_front(struct list_node *head, struct list_node *node)
{
    node->next = head->next;
    node->previous = head;
    head->next->previous = node;
    head->next = node;
}

/* Behind the last, which is as good a place to begin at as the head. */
static inline void list_push_back(struct list_node *head, struct list_node *node)
{
    list_push_front(head->previous, node);
}

static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = NULL; /* L1 */
    node->previous = NULL;
}
