/* Notifications: one word of bits that can be waited for, or received where messages are.
 *
 *   F1  While threads wait on it, or its bound thread is RECEIVING, the word is 0.
 *   F2  bound and that thread's bound_notification name each other, or both are NULL.
 *   F3  While the word is not 0, its bound thread's receive_descriptor is RECEIVE_NONE: the short
 *       path of IPC does not receive then.
 */
#pragma once

#include "core/capability.h"
#include "core/list.h"

struct notification {
    struct object object;
    uint64_t bits;            /* F1 [K] */
    struct list_node waiters; /* threads WAITING here, by arrival [K] */
    struct thread *bound;     /* F2 [K] */
};

static_assert(sizeof(struct notification) <= OBJECT_BYTES_NOTIFICATION, "fits its size class");

void notification_signal(struct notification *notification, uint64_t bits);
/* Through a weak capability: nothing happens if the notification died. */
void notification_signal_weak(const struct capability *capability);
void notification_unbind(struct notification *notification);
/* Answer PEER_GONE to those who wait, WAITERS_SLICE a slice; RESTART: there are more. */
[[nodiscard]] err_t notification_drain(struct notification *notification);
