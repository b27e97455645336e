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

void endpoint_remove_receiver(struct endpoint *endpoint, struct thread *receiver)
{
    if (endpoint->receiver == receiver) {
        endpoint_take_receiver(endpoint, receiver);
        return;
    }
    receiver->previous_receiver->next_receiver = receiver->next_receiver;
    if (receiver->next_receiver != NULL) {
        receiver->next_receiver->previous_receiver = receiver->previous_receiver;
    }
}

err_t endpoint_drain(struct endpoint *endpoint)
{
    for (unsigned woken = 1;; woken++) {
        struct thread *thread = endpoint_first_caller(endpoint);

        if (thread == NULL) {
            thread = endpoint->receiver;
        }
        if (thread == NULL) {
            return ERR_OK;
        }
        ipc_abandon(thread, ERR_PEER_GONE);
        REFUSE_IF(woken % WAITERS_SLICE == 0 && arch_interrupt_pending(), ERR_RESTART);
    }
}
