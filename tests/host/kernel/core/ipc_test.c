/* Messages: who runs, what arrives, in which order, and what travels with it. Nothing but the
 * message reaches anybody.
 * sources: kernel/core/capability.c kernel/core/captable.c kernel/core/deadline.c
 * sources: kernel/core/endpoint.c kernel/core/event.c kernel/core/fault.c
 * sources: kernel/core/interrupt.c kernel/core/ipc.c kernel/core/ipc_fast.c kernel/core/ipc_fault.c
 * sources: kernel/core/machine.c kernel/core/memory.c kernel/core/message.c
 * sources: kernel/core/notification.c kernel/core/object.c kernel/core/panic.c
 * sources: kernel/core/reply.c kernel/core/schedule.c kernel/core/schedule_fast.c kernel/core/balance.c
 * sources: kernel/core/scrub.c kernel/core/space.c
 * sources: kernel/core/lock.c kernel/core/start.c kernel/core/syscall.c kernel/core/table.c
 * sources: kernel/core/table_range.c kernel/core/thread.c kernel/core/timer.c
 * sources: kernel/core/tree.c tests/host/kernel/fake_arch.c tests/host/kernel/world.c
 * sources: tests/host/kernel/world_check.c tests/host/kernel/pair.c */
#include "kernel/pair.h"

static void a_call_to_a_waiting_receiver_runs_it_at_once(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->state, THREAD_RECEIVING);
    world_run(client);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_INFO, 0), ERR_CAP_RANGE); /* rubbish everywhere */
    pair_call(client, 0, 0, 0);
    assert_int_equal(client->state, THREAD_REPLYING);
    assert_ptr_equal(reply->caller, client);
    pair_expect(server, 7, 1, false, 42, IPC_INFO_CALL);
    assert_int_equal(pair_answer(server, IPC_LONG), ERR_OK);
    pair_expect(client, 9, 11, true, 0, 0);
}

static void a_direct_switch_happens_when_nothing_beats_the_receiver(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, INIT_SLOT_THREAD), ERR_OK);
    assert_ptr_equal(hart0.current, client);
    pair_call(client, IPC_LONG, 0, 0);
    assert_ptr_equal(hart0.current, server);
    pair_expect(server, 7, 1, true, 42, IPC_INFO_CALL);
    SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 9, 11, 12, 13, 14, RECEIVE_FLAGS, 0, 0, 0, 0, 0,
                0);
    assert_ptr_equal(hart0.current, client);
    pair_expect(client, 9, 11, false, 0, 0);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_ptr_equal(reply->receiver, server);
}

static void queued_callers_come_by_priority_then_arrival(void **state)
{
    struct thread *high = world_thread(15, 0);
    struct thread *second = world_thread(10, 0);

    (void)state;
    world_give(high, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 1);
    world_give(second, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 2);
    pair_call(client, 0, 0, 0);
    pair_call(second, 0, 0, 0);
    pair_call(high, 0, 0, 0);
    assert_int_equal(client->state, THREAD_CALLING);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 1);
    pair_answer(server, 0);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 42);
    pair_answer(server, 0);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 2);
}

static void a_change_of_priority_moves_a_queued_caller(void **state)
{
    struct thread *second = world_thread(10, 0);
    uint64_t slot = world_slot();

    (void)state;
    world_give(second, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 2);
    pair_call(client, 0, 0, 0);
    pair_call(second, 0, 0, 0);
    capability_make(captable_slot(init->captable, slot), &second->object, RIGHTS_ALL, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SET_PRIORITY, slot, 12, 0), ERR_OK);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 2);
}

static void a_capability_travels_to_an_empty_slot_only(void **state)
{
    uint64_t cap = (uint64_t)SLOT_ENDPOINT << 32 | IPC_CAP;

    (void)state;
    pair_receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0);
    pair_call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP);
    assert_int_equal(captable_slot(server->captable, 30)->badge, 42);
    pair_answer(server, 0);

    world_run(server);
    assert_int_equal(pair_receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0), ERR_SLOT_FULL);
    assert_int_equal(pair_receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 64, 0), ERR_CAP_RANGE);
    pair_receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 31, 0);
    *captable_slot(server->captable, 31) = *captable_slot(server->captable, 30);
    pair_call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
    pair_answer(server, 0);

    pair_receive(server, RECEIVE_FLAGS, 0, 0); /* names no slot */
    pair_call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
}

static void a_capability_that_went_away_is_lost(void **state)
{
    (void)state;
    *captable_slot(client->captable, 20) = *captable_slot(client->captable, SLOT_ENDPOINT);
    pair_call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0);
    assert_int_equal(client->state, THREAD_CALLING);
    *captable_slot(client->captable, 20) = (struct capability){0};
    pair_receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
    assert_true(capability_is_empty(captable_slot(server->captable, 30)));
}

static void bad_capabilities_are_refused_before_anything_is_sent(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(pair_call(client, (uint64_t)64 << 32 | IPC_CAP, 0, 0), ERR_CAP_RANGE);
    assert_int_equal(pair_call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0), ERR_CAP_EMPTY);
    *captable_slot(client->captable, 20) = *captable_slot(client->captable, SLOT_ENDPOINT);
    captable_slot(client->captable, 20)->rights = 0;
    assert_int_equal(pair_call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0), ERR_RIGHTS);
    assert_int_equal(pair_call(client, IPC_MAP, 0, 0), ERR_ARGUMENT);
    assert_int_equal(pair_call(client, 1u << 7, 0, 0), ERR_ARGUMENT);
    assert_int_equal(pair_call(client, IPC_ACCEPT, SLOT_ENDPOINT, 0), ERR_SLOT_FULL);
    assert_int_equal(SYSTEM_CALL(SYS_CALL, SLOT_ENDPOINT, UINT64_C(1) << 32, 0, 0, 0, 0, 0),
                     ERR_ARGUMENT);
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_reply_capability_moves_and_answers_elsewhere(void **state)
{
    struct thread *other = world_thread(19, 0);

    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    pair_call(client, 0, 0, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, SLOT_REPLY, 0, 33, RIGHTS_ALL, 0), ERR_CAP_TYPE);
    world_give(other, SLOT_ENDPOINT, endpoint_slot, RIGHTS_ALL, 0);
    world_run(other);
    SYSTEM_CALL(SYS_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, IPC_ACCEPT, 0, 0, 0, 0, SLOT_REPLY, 0);
    world_run(server);
    assert_int_equal(
        SYSTEM_CALL(SYS_SEND, SLOT_ENDPOINT, 0, 0, 0, 0, 0, (uint64_t)SLOT_REPLY << 32 | IPC_CAP),
        ERR_OK);
    assert_true(capability_is_empty(captable_slot(server->captable, SLOT_REPLY)));
    assert_int_equal(client->state, THREAD_REPLYING);
    assert_int_equal(pair_answer(other, 0), ERR_OK);
    pair_expect(client, 9, 11, false, 0, 0);
}

/* The server has put `client` off, and another caller has gone: it answers the first, and
 * receives. */
static void an_answer_put_off_takes_its_reply_object_back(void **state)
{
    enum { SLOT_OTHER = 14 };
    uint64_t other_slot = world_object(OBJECT_REPLY, 0),
             note = world_object(OBJECT_NOTIFICATION, 0);
    const struct reply *other = (const struct reply *)world_pointer(other_slot);

    (void)state;
    world_give(server, SLOT_OTHER, other_slot, RIGHTS_ALL, 0);
    world_give(server, SLOT_NOTE, note, RIGHTS_ALL, 0);
    for (int is_signalled = 1; is_signalled >= 0; is_signalled--) {
        world_run(init);
        struct thread *second = world_thread(10, 0);
        uint64_t second_slot = world_slot();

        world_give(second, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 2);
        capability_make(captable_slot(init->captable, second_slot), &second->object, RIGHTS_ALL, 0);
        pair_receive(server, RECEIVE_FLAGS, 0, 0);
        pair_call(client, 0, 0, 0);
        pair_receive(server, (uint64_t)SLOT_OTHER << 8, 0, 0);
        assert_ptr_equal(other->receiver, server);
        pair_call(second, 0, 0, 0);
        assert_ptr_equal(other->caller, second);
        world_run(init);
        assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, second_slot), ERR_OK);
        if (!is_signalled) { /* so that nobody beats the client */
            assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, INIT_SLOT_THREAD), ERR_OK);
        }
        world_run(server);
        if (is_signalled) {
            capability_make(captable_slot(server->captable, 15), &server->object, RIGHTS_ALL, 0);
            assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, SLOT_NOTE, 15), ERR_OK);
            assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, SLOT_NOTE), ERR_OK);
        }
        SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 9, 11, 12, 13, 14, RECEIVE_FLAGS, 0, 0, 0, 0,
                    0, 0);
        pair_expect(client, 9, 11, false, 0, 0);
        assert_ptr_equal(reply->receiver, server);
        assert_ptr_equal(server->receive_reply, reply);
        assert_null(other->receiver);
        if (is_signalled) {
            assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_NOTIFICATION);
        } else {
            assert_ptr_equal(hart0.current, client);
            assert_int_equal(server->state, THREAD_RECEIVING);
            pair_call(client, 0, 0, 0);
            assert_ptr_equal(reply->caller, client);
            assert_int_equal(pair_answer(server, 0), ERR_OK);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_to_a_waiting_receiver_runs_it_at_once),
        TEST(a_direct_switch_happens_when_nothing_beats_the_receiver),
        TEST(queued_callers_come_by_priority_then_arrival),
        TEST(a_change_of_priority_moves_a_queued_caller),
        TEST(a_capability_travels_to_an_empty_slot_only),
        TEST(a_capability_that_went_away_is_lost),
        TEST(bad_capabilities_are_refused_before_anything_is_sent),
        TEST(a_reply_capability_moves_and_answers_elsewhere),
        TEST(an_answer_put_off_takes_its_reply_object_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
