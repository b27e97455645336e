/* The ends of a wait: deadlines, destruction, suspension, refusal, wherever the thread is.
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

static void destroying_the_endpoint_answers_all(void **state)
{
    (void)state;
    pair_call(client, 0, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
    assert_int_equal(client->state, THREAD_READY);
    assert_int_equal(pair_call(client, 0, 0, 0), ERR_CAP_DEAD);
}

static void destroying_the_endpoint_wakes_the_receiver(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    assert_int_equal(world_error(server), ERR_PEER_GONE);
    assert_false(reply_is_awaited(reply));
}

static void many_waiters_are_woken_in_slices(void **state)
{
    struct thread *callers[40];

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        callers[i] = world_thread(5, 0);
        world_give(callers[i], SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        pair_call(callers[i], 0, 0, 0);
    }
    world_run(init);
    init->registers[REGISTER_A0] = 0;
    init->registers[REGISTER_A1] = endpoint_slot;
    init->registers[REGISTER_A7] = SYS_CAP_DESTROY;
    init->registers[REGISTER_PC] = 0x1004;
    fake.pending_one_in = 1;
    trap_system_call(&hart0);
    assert_int_equal(init->registers[REGISTER_PC], 0x1000);
    world_check();
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(callers[i]->state, i < WAITERS_SLICE ? THREAD_READY : THREAD_CALLING);
    }
    assert_int_equal(pair_call(client, 0, 0, 0), ERR_CAP_DEAD); /* nobody joins a dying queue */
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(world_error(callers[i]), ERR_PEER_GONE);
    }
}

static void deleting_the_reply_answers_its_caller(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    pair_call(client, 0, 0, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 0, SLOT_REPLY), ERR_OK);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
    assert_null(reply->caller);
}

static void destroying_the_reply_wakes_its_receiver(void **state)
{
    uint64_t page_frame = FAKE_RAM >> PAGE_SHIFT;

    (void)state;
    page_frame += ((uint64_t)reply - (uint64_t)arch_window((paddr_t){FAKE_RAM})) >> PAGE_SHIFT;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page_frame, 0), ERR_OK);
    assert_int_equal(server->state, THREAD_READY);
    assert_int_equal(world_error(server), ERR_PEER_GONE);
}

static void one_reply_object_serves_one_receiver(void **state)
{
    struct thread *other = world_thread(20, 0);

    (void)state;
    world_give(other, SLOT_ENDPOINT, endpoint_slot, RIGHTS_ALL, 0);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    *captable_slot(other->captable, SLOT_REPLY) = *captable_slot(server->captable, SLOT_REPLY);
    assert_int_equal(pair_receive(other, RECEIVE_FLAGS, 0, 0), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, RECEIVE_FLAGS),
                     ERR_BUSY);
    pair_call(client, 0, 0, 0);
    assert_int_equal(pair_receive(other, RECEIVE_FLAGS, 0, 0), ERR_BUSY);
    *captable_slot(other->captable, SLOT_REPLY) = (struct capability){0};
}

static void a_suspended_caller_leaves_every_place(void **state)
{
    uint64_t slot = world_slot();

    (void)state;
    capability_make(captable_slot(init->captable, slot), &client->object, RIGHTS_ALL, 0);
    for (unsigned round = 0; round < 2; round++) {
        pair_call(client, IPC_DEADLINE, 0, fake.time_ticks + 100);
        if (round == 1) {
            pair_receive(server, RECEIVE_FLAGS, 0, 0);
        }
        world_run(init);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, slot), ERR_OK);
        assert_int_equal(client->state, THREAD_STOPPED);
        assert_int_equal(world_error(client), ERR_PEER_GONE);
        assert_null(reply->caller);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, slot), ERR_OK);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, slot), ERR_STATE);
    }
    assert_int_equal(pair_answer(server, 0), ERR_CALLER_GONE);
}

static void a_destroyed_caller_leaves_every_place(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        struct thread *victim = world_thread(10, 0);
        uint64_t slot = world_slot();

        capability_make(captable_slot(init->captable, slot), &victim->object, RIGHTS_ALL, 0);
        world_give(victim, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 0);
        pair_call(victim, IPC_DEADLINE, 0, fake.time_ticks + 100);
        if (round == 1) {
            pair_receive(server, RECEIVE_FLAGS, 0, 0);
            assert_ptr_equal(reply->caller, victim);
        }
        world_run(init);
        assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, slot), ERR_OK);
        assert_null(reply->caller);
    }
    pair_receive(server, RECEIVE_FLAGS, 0, 0); /* usable at once */
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_receiver_without_reply_refuses_calls(void **state)
{
    (void)state;
    pair_call(client, 0, 0, 0);
    pair_receive(server, 0, 0, 0);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_int_equal(pair_call(client, 0, 0, 0), ERR_PEER_GONE);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, SLOT_ENDPOINT, 3, 1, 2, 3, 4, 0), ERR_OK);
    pair_expect(server, 3, 1, false, 42, 0);
    world_run(client);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, SLOT_ENDPOINT, 3, 1, 2, 3, 4, 0), ERR_WOULD_BLOCK);
}

static void many_callers_are_refused_in_slices(void **state)
{
    struct thread *callers[40];

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        callers[i] = world_thread(5, 0);
        world_give(callers[i], SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        pair_call(callers[i], 0, 0, 0);
    }
    pair_receive(server, 0, 0, 0);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(world_error(callers[i]), ERR_PEER_GONE);
    }
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_deadline_fires_in_the_queue_and_behind_the_reply(void **state)
{
    (void)state;
    assert_int_equal(pair_call(client, IPC_DEADLINE, 0, fake.time_ticks), ERR_TIMEOUT);
    assert_int_equal(pair_call(client, IPC_DEADLINE, 0, 0), ERR_TIMEOUT);
    pair_call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    assert_int_equal(client->state, THREAD_CALLING);
    fake.time_ticks += 50;
    core_timer(&hart0);
    world_check();
    assert_int_equal(client->state, THREAD_READY);
    assert_int_equal(world_error(client), ERR_TIMEOUT);

    pair_call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(client->state, THREAD_REPLYING);
    fake.time_ticks += 49;
    core_timer(&hart0);
    assert_int_equal(client->state, THREAD_REPLYING);
    fake.time_ticks += 1;
    core_timer(&hart0);
    world_check();
    assert_int_equal(world_error(client), ERR_TIMEOUT);
    assert_null(reply->caller);
    assert_int_equal(pair_answer(server, 0), ERR_CALLER_GONE);
    assert_int_equal(pair_receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, 0), ERR_WOULD_BLOCK);
}

static void a_receive_ends_at_its_deadline(void **state)
{
    (void)state;
    assert_int_equal(pair_receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, 5), ERR_TIMEOUT);
    pair_receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, fake.time_ticks + 5);
    fake.time_ticks += 5;
    core_timer(&hart0);
    world_check();
    assert_int_equal(world_error(server), ERR_TIMEOUT);
    assert_false(reply_is_awaited(reply));
    pair_receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, (uint64_t)FOREVER);
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_late_answer_does_not_stop_the_server(void **state)
{
    (void)state;
    pair_call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    fake.time_ticks += 50;
    core_timer(&hart0);
    pair_call(client, 0, 0, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, RECEIVE_FLAGS),
                     ERR_OK);
    pair_expect(server, 7, 1, false, 42, IPC_INFO_CALL);
}

/* What a server goes on to receive with does not travel with its answer; without that, it may. */
static void an_answer_does_not_take_away_what_is_received_with(void **state)
{
    const uint64_t descriptor = RECEIVE_FLAGS | IPC_CAP | (uint64_t)SLOT_REPLY << 32, accept = 20;

    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    pair_call(client, IPC_ACCEPT, accept, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 9, 0, 0, 0, 0, descriptor),
                     ERR_ARGUMENT);
    assert_ptr_equal(reply->caller, client);
    assert_int_equal(pair_answer(server, IPC_CAP | (uint64_t)SLOT_REPLY << 32), ERR_OK);
    assert_ptr_equal(captable_slot(client->captable, accept)->object, reply);
    assert_true(capability_is_empty(captable_slot(server->captable, SLOT_REPLY)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(destroying_the_endpoint_answers_all),
        TEST(destroying_the_endpoint_wakes_the_receiver),
        TEST(many_waiters_are_woken_in_slices),
        TEST(deleting_the_reply_answers_its_caller),
        TEST(destroying_the_reply_wakes_its_receiver),
        TEST(one_reply_object_serves_one_receiver),
        TEST(a_suspended_caller_leaves_every_place),
        TEST(a_destroyed_caller_leaves_every_place),
        TEST(a_receiver_without_reply_refuses_calls),
        TEST(many_callers_are_refused_in_slices),
        TEST(a_deadline_fires_in_the_queue_and_behind_the_reply),
        TEST(a_receive_ends_at_its_deadline),
        TEST(a_late_answer_does_not_stop_the_server),
        TEST(an_answer_does_not_take_away_what_is_received_with),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
