/* Endpoints: their two queues. */
#include "core/endpoint.h"

#include "arch.h"
#include "core/ipc.h"

/* A thread's place among the callers: the highest priority first. */
void endpoint_queue_caller(struct endpoint *endpoint, struct thread *caller)
{
    caller->state = THREAD_CALLING;
    caller->waits_on.endpoint = endpoint;
    tree_insert(&endpoint->callers, &caller->order,
                (uint64_t)(THREAD_PRIORITIES - 1 - caller->priority));
}

struct thread *endpoint_first_caller(const struct endpoint *endpoint)
{
    struct tree_node *node = tree_first(&endpoint->callers);

    return node == NULL ? NULL : container_of(node, struct thread, order);
}

struct thread *endpoint_first_receiver(const struct endpoint *endpoint)
{
    if (list_is_empty(&endpoint->receivers)) {
        return NULL;
    }
    return container_of(endpoint->receivers.next, struct thread, queue);
}

err_t endpoint_drain(struct endpoint *endpoint)
{
    for (unsigned woken = 1;; woken++) {
        struct thread *thread = endpoint_first_caller(endpoint);

        if (thread == NULL) {
            thread = endpoint_first_receiver(endpoint);
        }
        if (thread == NULL) {
            return ERR_OK;
        }
        ipc_abandon(thread, ERR_PEER_GONE);
        REFUSE_IF(woken % WAITERS_SLICE == 0 && arch_interrupt_pending(), ERR_RESTART);
    }
}
