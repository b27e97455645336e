/* Two threads that talk; see pair.h. */
#include "kernel/pair.h"

uint64_t endpoint_slot;
uint64_t reply_slot;
struct endpoint *endpoint;
struct reply *reply;
struct thread *server;
struct thread *client;

int pair_start(void **state)
{
    world_start(state);
    endpoint_slot = world_object(OBJECT_ENDPOINT, 0);
    reply_slot = world_object(OBJECT_REPLY, 0);
    endpoint = (struct endpoint *)world_pointer(endpoint_slot);
    reply = (struct reply *)world_pointer(reply_slot);
    server = world_thread(20, 0);
    client = world_thread(10, endpoint_slot);
    world_give(server, SLOT_ENDPOINT, endpoint_slot, RIGHTS_ALL, 0);
    world_give(server, SLOT_REPLY, reply_slot, RIGHTS_ALL, 0);
    world_give(server, SLOT_MEMORY, INIT_SLOT_MEMORY, RIGHTS_ALL, 0);
    world_give(client, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL | RIGHT_GRANT, 42);
    return 0;
}

err_t pair_receive(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, descriptor, 0, 0, 0, 0, accept,
                       deadline);
}

err_t pair_call(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_CALL, SLOT_ENDPOINT, 7, 1, 2, 3, 4, descriptor, 5, 6, 7, 8, accept,
                       deadline);
}

err_t pair_answer(struct thread *thread, uint64_t descriptor)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_REPLY, SLOT_REPLY, 9, 11, 12, 13, 14, descriptor, 15, 16, 17, 18);
}

void pair_expect(const struct thread *thread, uint64_t label, uint64_t first, bool is_long,
                 uint64_t badge, uint64_t info)
{
    static const unsigned words[] = {REGISTER_A2, REGISTER_A3, REGISTER_A4, REGISTER_A5,
                                     REGISTER_T0, REGISTER_T1, REGISTER_T2, REGISTER_T3};

    assert_int_equal(world_error(thread), ERR_OK);
    assert_int_equal(thread->registers[REGISTER_A1], label);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(thread->registers[words[i]], i < 4 || is_long ? first + i : 0);
    }
    assert_int_equal(thread->registers[REGISTER_A6], badge);
    assert_int_equal(thread->registers[REGISTER_A7], info);
    assert_int_equal(thread->registers[REGISTER_T4], 0);
    assert_int_equal(thread->registers[REGISTER_T5], 0);
    assert_int_equal(thread->registers[REGISTER_T6], 0);
}
