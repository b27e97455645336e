/* Two threads that talk: a server (priority 20) with an endpoint and a reply object, and a client
 * (priority 10) whose faults go to the same endpoint. Slots are those of their own tables. */
#ifndef TESTS_HOST_KERNEL_PAIR_H
#define TESTS_HOST_KERNEL_PAIR_H

#include "kernel/world.h"

enum { SLOT_ENDPOINT = 10, SLOT_REPLY = 11, SLOT_NOTE = 12, SLOT_MEMORY = 13, FOREVER = -1 };

#define RECEIVE_FLAGS ((uint64_t)SLOT_REPLY << 8)

extern uint64_t endpoint_slot; /* in init's table */
extern uint64_t reply_slot;
extern struct endpoint *endpoint;
extern struct reply *reply;
extern struct thread *server;
extern struct thread *client;

int pair_start(void **state);
err_t pair_receive(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline);
err_t pair_call(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline);
err_t pair_answer(struct thread *thread, uint64_t descriptor);
/* What is in a receiver's registers: words that count up from `first`, eight of them or four. */
void pair_expect(const struct thread *thread, uint64_t label, uint64_t first, bool is_long,
                 uint64_t badge, uint64_t info);

#endif
