/* The IPC state machine: where each thread is after every event that can meet it while it calls,
 * receives or waits for an answer, and that nothing but the message reaches anybody.
 * sources: kernel/core/capability.c kernel/core/captable.c kernel/core/deadline.c
 * sources: kernel/core/endpoint.c kernel/core/event.c kernel/core/fault.c kernel/core/interrupt.c
 * sources: kernel/core/ipc.c kernel/core/ipc_fast.c kernel/core/machine.c kernel/core/memory.c kernel/core/message.c
 * sources: kernel/core/notification.c kernel/core/object.c kernel/core/panic.c
 * sources: kernel/core/reply.c kernel/core/schedule.c kernel/core/scrub.c kernel/core/space.c
 * sources: kernel/core/start.c kernel/core/syscall.c kernel/core/table.c
 * sources: kernel/core/table_range.c kernel/core/thread.c kernel/core/timer.c kernel/core/tree.c
 * sources: tests/host/kernel/fake_arch.c tests/host/kernel/world.c
 * sources: tests/host/kernel/world_check.c */
#include "core/schedule.h"
#include "kernel/world.h"

enum { SLOT_ENDPOINT = 10, SLOT_REPLY = 11, SLOT_NOTE = 12, SLOT_MEMORY = 13, FOREVER = -1 };

static uint64_t endpoint_slot;
static uint64_t reply_slot;
static struct endpoint *endpoint;
static struct reply *reply;
static struct thread *server; /* receives with a reply object in SLOT_REPLY */
static struct thread *client;

static int pair(void **state)
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

#define RECEIVE_FLAGS ((uint64_t)SLOT_REPLY << 8)

static err_t receive(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, descriptor, 0, 0, 0, 0, accept,
                       deadline);
}

static err_t call(struct thread *thread, uint64_t descriptor, uint64_t accept, uint64_t deadline)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_CALL, SLOT_ENDPOINT, 7, 1, 2, 3, 4, descriptor, 5, 6, 7, 8, accept,
                       deadline);
}

static err_t answer(struct thread *thread, uint64_t descriptor)
{
    world_run(thread);
    return SYSTEM_CALL(SYS_REPLY, SLOT_REPLY, 9, 11, 12, 13, 14, descriptor, 15, 16, 17, 18);
}

static void expect_message(const struct thread *thread, uint64_t label, uint64_t first,
                           bool is_long, uint64_t badge, uint64_t info)
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

static void a_call_to_a_waiting_receiver_runs_it_at_once(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->state, THREAD_RECEIVING);
    world_run(client);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_INFO, 0), ERR_CAP_RANGE); /* rubbish everywhere */
    call(client, 0, 0, 0);
    assert_int_equal(client->state, THREAD_REPLYING);
    assert_ptr_equal(reply->caller, client);
    expect_message(server, 7, 1, false, 42, IPC_INFO_CALL);
    assert_int_equal(answer(server, IPC_LONG), ERR_OK);
    expect_message(client, 9, 11, true, 0, 0);
}

static void a_direct_switch_happens_when_nothing_beats_the_receiver(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, INIT_SLOT_THREAD), ERR_OK);
    assert_ptr_equal(hart0.current, client);
    call(client, IPC_LONG, 0, 0);
    assert_ptr_equal(hart0.current, server);
    expect_message(server, 7, 1, true, 42, IPC_INFO_CALL);
    SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 9, 11, 12, 13, 14, RECEIVE_FLAGS, 0, 0, 0, 0, 0,
                0);
    assert_ptr_equal(hart0.current, client);
    expect_message(client, 9, 11, false, 0, 0);
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
    call(client, 0, 0, 0);
    call(second, 0, 0, 0);
    call(high, 0, 0, 0);
    assert_int_equal(client->state, THREAD_CALLING);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 1);
    answer(server, 0);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 42);
    answer(server, 0);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 2);
}

static void a_change_of_priority_moves_a_queued_caller(void **state)
{
    struct thread *second = world_thread(10, 0);
    uint64_t slot = world_slot();

    (void)state;
    world_give(second, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 2);
    call(client, 0, 0, 0);
    call(second, 0, 0, 0);
    capability_make(captable_slot(init->captable, slot), &second->object, RIGHTS_ALL, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SET_PRIORITY, slot, 12, 0), ERR_OK);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A6], 2);
}

static void a_deadline_fires_in_the_queue_and_behind_the_reply(void **state)
{
    (void)state;
    assert_int_equal(call(client, IPC_DEADLINE, 0, fake.time_ticks), ERR_TIMEOUT);
    assert_int_equal(call(client, IPC_DEADLINE, 0, 0), ERR_TIMEOUT);
    call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    assert_int_equal(client->state, THREAD_CALLING);
    fake.time_ticks += 50;
    core_timer(&hart0);
    world_check();
    assert_int_equal(client->state, THREAD_READY);
    assert_int_equal(world_error(client), ERR_TIMEOUT);

    call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(client->state, THREAD_REPLYING);
    fake.time_ticks += 49;
    core_timer(&hart0);
    assert_int_equal(client->state, THREAD_REPLYING);
    fake.time_ticks += 1;
    core_timer(&hart0);
    world_check();
    assert_int_equal(world_error(client), ERR_TIMEOUT);
    assert_null(reply->caller);
    assert_int_equal(answer(server, 0), ERR_CALLER_GONE);
    assert_int_equal(receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, 0), ERR_WOULD_BLOCK);
}

static void a_receive_ends_at_its_deadline(void **state)
{
    (void)state;
    assert_int_equal(receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, 5), ERR_TIMEOUT);
    receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, fake.time_ticks + 5);
    fake.time_ticks += 5;
    core_timer(&hart0);
    world_check();
    assert_int_equal(world_error(server), ERR_TIMEOUT);
    assert_null(reply->receiver);
    receive(server, RECEIVE_FLAGS | IPC_DEADLINE, 0, (uint64_t)FOREVER);
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_late_answer_does_not_stop_the_server(void **state)
{
    (void)state;
    call(client, IPC_DEADLINE, 0, fake.time_ticks + 50);
    receive(server, RECEIVE_FLAGS, 0, 0);
    fake.time_ticks += 50;
    core_timer(&hart0);
    call(client, 0, 0, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, RECEIVE_FLAGS),
                     ERR_OK);
    expect_message(server, 7, 1, false, 42, IPC_INFO_CALL);
}

static void destroying_the_endpoint_answers_all(void **state)
{
    (void)state;
    call(client, 0, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
    assert_int_equal(client->state, THREAD_READY);
    assert_int_equal(call(client, 0, 0, 0), ERR_CAP_DEAD);
}

static void destroying_the_endpoint_wakes_the_receiver(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    assert_int_equal(world_error(server), ERR_PEER_GONE);
    assert_null(reply->receiver);
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
        call(callers[i], 0, 0, 0);
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
        assert_int_equal(callers[i]->state, i < 16 ? THREAD_READY : THREAD_CALLING);
    }
    assert_int_equal(call(client, 0, 0, 0), ERR_CAP_DEAD); /* nobody joins a dying queue */
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(world_error(callers[i]), ERR_PEER_GONE);
    }
}

static void deleting_the_reply_answers_its_caller(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    call(client, 0, 0, 0);
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
    receive(server, RECEIVE_FLAGS, 0, 0);
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
    receive(server, RECEIVE_FLAGS, 0, 0);
    *captable_slot(other->captable, SLOT_REPLY) = *captable_slot(server->captable, SLOT_REPLY);
    assert_int_equal(receive(other, RECEIVE_FLAGS, 0, 0), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_REPLY_RECEIVE, SLOT_ENDPOINT, 0, 0, 0, 0, 0, RECEIVE_FLAGS),
                     ERR_BUSY);
    call(client, 0, 0, 0);
    assert_int_equal(receive(other, RECEIVE_FLAGS, 0, 0), ERR_BUSY);
    *captable_slot(other->captable, SLOT_REPLY) = (struct capability){0};
}

static void a_suspended_caller_leaves_every_place(void **state)
{
    uint64_t slot = world_slot();

    (void)state;
    capability_make(captable_slot(init->captable, slot), &client->object, RIGHTS_ALL, 0);
    for (unsigned round = 0; round < 2; round++) {
        call(client, IPC_DEADLINE, 0, fake.time_ticks + 100);
        if (round == 1) {
            receive(server, RECEIVE_FLAGS, 0, 0);
        }
        world_run(init);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, slot), ERR_OK);
        assert_int_equal(client->state, THREAD_STOPPED);
        assert_int_equal(world_error(client), ERR_PEER_GONE);
        assert_null(reply->caller);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, slot), ERR_OK);
        assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, slot), ERR_STATE);
    }
    assert_int_equal(answer(server, 0), ERR_CALLER_GONE);
}

static void a_destroyed_caller_leaves_every_place(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        struct thread *victim = world_thread(10, 0);
        uint64_t slot = world_slot();

        capability_make(captable_slot(init->captable, slot), &victim->object, RIGHTS_ALL, 0);
        world_give(victim, SLOT_ENDPOINT, endpoint_slot, RIGHT_CALL, 0);
        call(victim, IPC_DEADLINE, 0, fake.time_ticks + 100);
        if (round == 1) {
            receive(server, RECEIVE_FLAGS, 0, 0);
            assert_ptr_equal(reply->caller, victim);
        }
        world_run(init);
        assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, slot), ERR_OK);
        assert_null(reply->caller);
    }
    receive(server, RECEIVE_FLAGS, 0, 0); /* usable at once */
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_receiver_without_reply_refuses_calls(void **state)
{
    (void)state;
    call(client, 0, 0, 0);
    receive(server, 0, 0, 0);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_int_equal(call(client, 0, 0, 0), ERR_PEER_GONE);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, SLOT_ENDPOINT, 3, 1, 2, 3, 4, 0), ERR_OK);
    expect_message(server, 3, 1, false, 42, 0);
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
        call(callers[i], 0, 0, 0);
    }
    receive(server, 0, 0, 0);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(world_error(callers[i]), ERR_PEER_GONE);
    }
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_capability_travels_to_an_empty_slot_only(void **state)
{
    uint64_t cap = (uint64_t)SLOT_ENDPOINT << 32 | IPC_CAP;

    (void)state;
    receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0);
    call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP);
    assert_int_equal(captable_slot(server->captable, 30)->badge, 42);
    answer(server, 0);

    world_run(server);
    assert_int_equal(receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0), ERR_SLOT_FULL);
    assert_int_equal(receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 64, 0), ERR_CAP_RANGE);
    receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 31, 0);
    *captable_slot(server->captable, 31) = *captable_slot(server->captable, 30);
    call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
    answer(server, 0);

    receive(server, RECEIVE_FLAGS, 0, 0); /* names no slot */
    call(client, cap, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
}

static void a_capability_that_went_away_is_lost(void **state)
{
    (void)state;
    *captable_slot(client->captable, 20) = *captable_slot(client->captable, SLOT_ENDPOINT);
    call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0);
    assert_int_equal(client->state, THREAD_CALLING);
    *captable_slot(client->captable, 20) = (struct capability){0};
    receive(server, RECEIVE_FLAGS | IPC_ACCEPT, 30, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL | IPC_INFO_CAP_LOST);
    assert_true(capability_is_empty(captable_slot(server->captable, 30)));
}

static void bad_capabilities_are_refused_before_anything_is_sent(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(call(client, (uint64_t)64 << 32 | IPC_CAP, 0, 0), ERR_CAP_RANGE);
    assert_int_equal(call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0), ERR_CAP_EMPTY);
    *captable_slot(client->captable, 20) = *captable_slot(client->captable, SLOT_ENDPOINT);
    captable_slot(client->captable, 20)->rights = 0;
    assert_int_equal(call(client, (uint64_t)20 << 32 | IPC_CAP, 0, 0), ERR_RIGHTS);
    assert_int_equal(call(client, IPC_MAP, 0, 0), ERR_ARGUMENT);
    assert_int_equal(call(client, 1u << 7, 0, 0), ERR_ARGUMENT);
    assert_int_equal(call(client, IPC_ACCEPT, SLOT_ENDPOINT, 0), ERR_SLOT_FULL);
    assert_int_equal(SYSTEM_CALL(SYS_CALL, SLOT_ENDPOINT, UINT64_C(1) << 32, 0, 0, 0, 0, 0),
                     ERR_ARGUMENT);
    assert_int_equal(server->state, THREAD_RECEIVING);
}

static void a_reply_capability_moves_and_answers_elsewhere(void **state)
{
    struct thread *other = world_thread(19, 0);

    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    call(client, 0, 0, 0);
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
    assert_int_equal(answer(other, 0), ERR_OK);
    expect_message(client, 9, 11, false, 0, 0);
}

static void a_bound_notification_ends_a_receive(void **state)
{
    uint64_t note = world_object(OBJECT_NOTIFICATION, 0);
    uint64_t thread_slot = world_slot();
    struct notification *notification = (struct notification *)world_pointer(note);

    (void)state;
    capability_make(captable_slot(init->captable, thread_slot), &server->object, RIGHTS_ALL, 0);
    receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, note), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, note, thread_slot), ERR_OK);
    assert_int_equal(server->state, THREAD_READY); /* fired as it was bound */
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_NOTIFICATION);
    assert_int_equal(server->registers[REGISTER_A2], 1);
    assert_null(reply->receiver);
    assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, note, thread_slot), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, note), ERR_OK);
    call(client, 0, 0, 0);
    receive(server, RECEIVE_FLAGS, 0, 0); /* bits first, then messages */
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_NOTIFICATION);
    receive(server, RECEIVE_FLAGS, 0, 0);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_CALL);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, note, 0), ERR_OK);
    assert_null(server->bound_notification);
    assert_null(notification->bound);
}

static void a_wait_takes_all_bits(void **state)
{
    uint64_t note = world_object(OBJECT_NOTIFICATION, 0);

    (void)state;
    world_give(client, SLOT_NOTE, note, RIGHTS_ALL, 0x30);
    world_give(server, SLOT_NOTE, note, RIGHTS_ALL, 0x0c);
    world_run(client);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, 0), ERR_WOULD_BLOCK);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, 1), ERR_TIMEOUT);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, SLOT_NOTE), ERR_OK);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, SLOT_NOTE), ERR_OK);
    world_run(client);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, 0), ERR_OK);
    assert_int_equal(world_result(0), 0x3c);
    SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, UINT64_MAX);
    assert_int_equal(client->state, THREAD_WAITING);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, SLOT_NOTE), ERR_OK);
    assert_int_equal(client->registers[REGISTER_A1], 0x0c);
    world_run(client);
    SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, fake.time_ticks + 9);
    fake.time_ticks += 9;
    core_timer(&hart0);
    assert_int_equal(world_error(client), ERR_TIMEOUT);
    world_run(client);
    SYSTEM_CALL(SYS_WAIT, SLOT_NOTE, UINT64_MAX);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, note), ERR_OK);
    assert_int_equal(world_error(client), ERR_PEER_GONE);
}

static void fault(struct thread *thread, unsigned kind, uint64_t address)
{
    world_run(thread);
    thread->registers[REGISTER_PC] = 0x1234;
    thread->registers[REGISTER_SP] = 0x5678;
    core_fault(&hart0, kind, address);
    world_check();
}

static void the_answer_to_a_fault_carries_the_mapping(void **state)
{
    frame_t leaf = world_table(TABLE_LEVEL_LEAF);
    uint64_t word = world_user_frame(3).number << MAP_FRAME_SHIFT | MAP_R | MAP_W;
    uint64_t a0;

    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    a0 = client->registers[REGISTER_A0];
    fault(client, FAULT_PAGE_WRITE, 0x7123);
    assert_int_equal(server->registers[REGISTER_A1], 0);
    assert_int_equal(server->registers[REGISTER_A2], FAULT_PAGE_WRITE);
    assert_int_equal(server->registers[REGISTER_A3], 0x7123);
    assert_int_equal(server->registers[REGISTER_A4], 0x1234);
    assert_int_equal(server->registers[REGISTER_A5], 0x5678);
    assert_int_equal(server->registers[REGISTER_A6], 77);
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_FAULT | IPC_INFO_CALL);
    world_run(server);
#define ANSWER_MAP(frame, map_word, memory, flags) \
    SYSTEM_CALL(SYS_REPLY, SLOT_REPLY, 0, frame, map_word, memory, 0, flags)
    assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_ENDPOINT, IPC_MAP), ERR_CAP_TYPE);
    assert_int_equal(ANSWER_MAP(leaf.number, word & ~1u, SLOT_MEMORY, IPC_MAP), ERR_ARGUMENT);
    assert_int_equal(ANSWER_MAP(leaf.number + 1, word, SLOT_MEMORY, IPC_MAP), ERR_LEVEL);
    assert_int_equal(ANSWER_MAP(word >> 6, word, SLOT_MEMORY, IPC_MAP), ERR_KIND);
    assert_int_equal(ANSWER_MAP(0, word, SLOT_MEMORY, IPC_MAP), ERR_RANGE);
    assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_MEMORY, IPC_MAP | IPC_FAIL), ERR_ARGUMENT);
    assert_int_equal(client->state, THREAD_REPLYING); /* keeps waiting */
    assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_MEMORY, IPC_MAP), ERR_OK);
    assert_int_equal(client->state, THREAD_READY);
    assert_int_equal(client->registers[REGISTER_A0], a0);
    assert_int_equal(client->registers[REGISTER_PC], 0x1234);
    assert_int_equal(table_entries_of(leaf)[7], world_user_frame(3).number << 10 | 0xd7);
    assert_int_equal(fake.flushes_page, 0);

    receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_PAGE_WRITE, 0x7123);
    world_run(server);
    assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_MEMORY, IPC_MAP), ERR_OK);
    assert_int_equal(fake.flushes_page, 1); /* a valid entry was replaced */

    receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_PAGE_READ, 0x8000);
    assert_int_equal(answer(server, IPC_FENCE), ERR_OK);
    assert_int_equal(fake.flushes_page, 2);
    assert_int_equal(hart0.counters[COUNTER_LOOK_AGAIN], 1);
}

static void only_faults_take_a_mapping(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    call(client, 0, 0, 0);
    assert_int_equal(answer(server, IPC_MAP), ERR_ARGUMENT);
    assert_int_equal(answer(server, IPC_FENCE), ERR_ARGUMENT);
    assert_int_equal(answer(server, IPC_FAIL), ERR_ARGUMENT);
    assert_int_equal(answer(server, 0), ERR_OK);
    receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_ILLEGAL, 0);
    assert_int_equal(answer(server, IPC_MAP), ERR_ARGUMENT);
    assert_int_equal(answer(server, IPC_FENCE), ERR_ARGUMENT);
    assert_int_equal(answer(server, IPC_FAIL), ERR_OK);
    assert_int_equal(client->state, THREAD_FAULTED);
}

static void a_fault_that_nobody_answers_stops_its_thread_alone(void **state)
{
    struct thread *orphan = world_thread(10, 0);

    (void)state;
    fault(orphan, FAULT_BREAKPOINT, 0);
    assert_int_equal(orphan->state, THREAD_FAULTED);
    fault(client, FAULT_PAGE_READ, 0); /* queued */
    assert_int_equal(client->state, THREAD_CALLING);
    receive(server, 0, 0, 0); /* has no reply object */
    assert_int_equal(client->state, THREAD_FAULTED);
    schedule_wake(client);
    fault(client, FAULT_PAGE_READ, 0);
    assert_int_equal(client->state, THREAD_FAULTED); /* a receiver without a reply object */
    schedule_wake(client);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, endpoint_slot), ERR_OK);
    fault(client, FAULT_PAGE_READ, 0);
    assert_int_equal(client->state, THREAD_FAULTED); /* its endpoint is dead */
}

static void a_held_fault_is_abandoned_with_its_reply(void **state)
{
    (void)state;
    receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_PAGE_READ, 0);
    world_run(server);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 0, SLOT_REPLY), ERR_OK);
    assert_int_equal(client->state, THREAD_FAULTED);
}

static void a_suspended_faulter_takes_its_fault_again(void **state)
{
    uint64_t slot = world_slot();

    (void)state;
    capability_make(captable_slot(init->captable, slot), &client->object, RIGHTS_ALL, 0);
    fault(client, FAULT_PAGE_READ, 0x9000);
    client->registers[REGISTER_A0] = 1234;
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SUSPEND, slot), ERR_OK);
    assert_false(client->in_fault);
    assert_int_equal(client->registers[REGISTER_A0], 1234);
    assert_int_equal(client->registers[REGISTER_PC], 0x1234);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_READ, slot, 0), ERR_OK);
    assert_int_equal(world_result(0), 0x1234);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, slot), ERR_OK);
}

static void a_timer_signals_and_a_slice_rotates(void **state)
{
    uint64_t note = world_object(OBJECT_NOTIFICATION, 0);
    uint64_t timer = world_object(OBJECT_TIMER, 0);
    struct thread *peer = world_thread(10, 0);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_TIMER_SET, timer, note, fake.time_ticks + 10), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TIMER_SET, timer, note, fake.time_ticks + 20), ERR_OK);
    assert_int_equal(fake.timer_ticks, fake.time_ticks + 20);
    fake.time_ticks += 20;
    core_timer(&hart0);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, note, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TIMER_SET, timer, note, fake.time_ticks + 20), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TIMER_SET, timer, 0, UINT64_MAX), ERR_OK);
    fake.time_ticks += 50;
    core_timer(&hart0);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, note, 0), ERR_WOULD_BLOCK);
    receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    SYSTEM_CALL(SYS_THREAD_SUSPEND, INIT_SLOT_THREAD);
    assert_ptr_equal(hart0.current, client); /* same priority as peer */
    assert_true(fake.timer_ticks != UINT64_MAX);
    fake.time_ticks = fake.timer_ticks;
    core_timer(&hart0);
    world_check();
    assert_ptr_equal(hart0.current, peer);
    SYSTEM_CALL(SYS_YIELD, 0);
    assert_ptr_equal(hart0.current, client);
}

static void an_interrupt_is_masked_until_acknowledged(void **state)
{
    uint64_t note = world_object(OBJECT_NOTIFICATION, 0);
    uint64_t object = world_object(OBJECT_INTERRUPT, 0);
    uint64_t other = world_object(OBJECT_INTERRUPT, 0);

    (void)state;
#define BIND(slot, source) \
    SYSTEM_CALL(SYS_INTERRUPT_BIND, slot, INIT_SLOT_INTERRUPT_CONTROL, source, note)
    assert_int_equal(SYSTEM_CALL(SYS_INTERRUPT_ACK, object), ERR_STATE);
    assert_int_equal(BIND(object, 0), ERR_RANGE);
    assert_int_equal(BIND(object, FAKE_SOURCES), ERR_RANGE);
    assert_int_equal(BIND(object, 5), ERR_OK);
    assert_int_equal(BIND(object, 6), ERR_STATE);
    assert_int_equal(BIND(other, 5), ERR_BUSY);
    fake.claim = 5;
    core_interrupt(&hart0);
    assert_true(fake.is_masked[5]);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, note, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_INTERRUPT_ACK, object), ERR_OK);
    assert_false(fake.is_masked[5]);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, note), ERR_OK);
    fake.claim = 5;
    core_interrupt(&hart0); /* to a dead notification */
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, object), ERR_OK);
    fake.claim = 5;
    core_interrupt(&hart0); /* nobody's */
    assert_true(fake.is_masked[5]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_to_a_waiting_receiver_runs_it_at_once),
        TEST(a_direct_switch_happens_when_nothing_beats_the_receiver),
        TEST(queued_callers_come_by_priority_then_arrival),
        TEST(a_change_of_priority_moves_a_queued_caller),
        TEST(a_deadline_fires_in_the_queue_and_behind_the_reply),
        TEST(a_receive_ends_at_its_deadline),
        TEST(a_late_answer_does_not_stop_the_server),
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
        TEST(a_capability_travels_to_an_empty_slot_only),
        TEST(a_capability_that_went_away_is_lost),
        TEST(bad_capabilities_are_refused_before_anything_is_sent),
        TEST(a_reply_capability_moves_and_answers_elsewhere),
        TEST(a_bound_notification_ends_a_receive),
        TEST(a_wait_takes_all_bits),
        TEST(the_answer_to_a_fault_carries_the_mapping),
        TEST(only_faults_take_a_mapping),
        TEST(a_fault_that_nobody_answers_stops_its_thread_alone),
        TEST(a_held_fault_is_abandoned_with_its_reply),
        TEST(a_suspended_faulter_takes_its_fault_again),
        TEST(a_timer_signals_and_a_slice_rotates),
        TEST(an_interrupt_is_masked_until_acknowledged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
