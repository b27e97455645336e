/* Faults and events: the answer that carries a mapping, faults that nobody answers, notifications,
 * timers and interrupts.
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
#include "core/schedule.h"
#include "kernel/pair.h"

static void a_bound_notification_ends_a_receive(void **state)
{
    uint64_t note = world_object(OBJECT_NOTIFICATION, 0);
    uint64_t thread_slot = world_slot();
    struct notification *notification = (struct notification *)world_pointer(note);

    (void)state;
    capability_make(captable_slot(init->captable, thread_slot), &server->object, RIGHTS_ALL, 0);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, note), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, note, thread_slot), ERR_OK);
    assert_int_equal(server->state, THREAD_READY); /* fired as it was bound */
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_NOTIFICATION);
    assert_int_equal(server->registers[REGISTER_A2], 1);
    assert_false(reply_is_awaited(reply));
    assert_int_equal(SYSTEM_CALL(SYS_NOTIFICATION_BIND, note, thread_slot), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, note), ERR_OK);
    pair_call(client, 0, 0, 0);
    pair_receive(server, RECEIVE_FLAGS, 0, 0); /* bits first, then messages */
    assert_int_equal(server->registers[REGISTER_A7], IPC_INFO_NOTIFICATION);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
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
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
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

    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_PAGE_WRITE, 0x7123);
    world_run(server);
    assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_MEMORY, IPC_MAP), ERR_OK);
    assert_int_equal(fake.flushes_page, 1); /* a valid entry was written anew */

    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_PAGE_READ, 0x8000);
    assert_int_equal(pair_answer(server, IPC_FENCE), ERR_OK);
    assert_int_equal(fake.flushes_page, 2);
    assert_int_equal(hart0.counters[COUNTER_LOOK_AGAIN], 1);
}

/* A hart that was fenced could write to the new frame while one that is not yet still reads the old. */
static void a_page_that_is_replaced_is_nobodys_while_harts_are_fenced(void **state)
{
    frame_t leaf = world_table(TABLE_LEVEL_LEAF);
    uint64_t entries[2];

    (void)state;
    fake.watched = &table_entries_of(leaf)[7];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t word = world_user_frame(3 + i).number << MAP_FRAME_SHIFT | MAP_R | MAP_W;
        pair_receive(server, RECEIVE_FLAGS, 0, 0);
        fault(client, FAULT_PAGE_WRITE, 0x7123);
        world_run(server);
        assert_int_equal(ANSWER_MAP(leaf.number, word, SLOT_MEMORY, IPC_MAP), ERR_OK);
        assert_int_equal(fake.flushes_page, i);
        entries[i] = *fake.watched;
    }
    assert_int_equal(fake.last_flush_address, 0x7123);
    assert_int_equal(fake.watched_at_flush, 0);
    assert_int_not_equal(entries[0], entries[1]);
    assert_int_equal(entries[1], world_user_frame(4).number << 10 | 0xd7);
    fake.watched = NULL;
}

static void only_faults_take_a_mapping(void **state)
{
    (void)state;
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    pair_call(client, 0, 0, 0);
    assert_int_equal(pair_answer(server, IPC_MAP), ERR_ARGUMENT);
    assert_int_equal(pair_answer(server, IPC_FENCE), ERR_ARGUMENT);
    assert_int_equal(pair_answer(server, IPC_FAIL), ERR_ARGUMENT);
    assert_int_equal(pair_answer(server, 0), ERR_OK);
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
    fault(client, FAULT_ILLEGAL, 0);
    assert_int_equal(pair_answer(server, IPC_MAP), ERR_ARGUMENT);
    assert_int_equal(pair_answer(server, IPC_FENCE), ERR_ARGUMENT);
    assert_int_equal(pair_answer(server, IPC_FAIL), ERR_OK);
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
    pair_receive(server, 0, 0, 0); /* has no reply object */
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
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
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
    pair_receive(server, RECEIVE_FLAGS, 0, 0);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, pair_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bound_notification_ends_a_receive),
        TEST(a_wait_takes_all_bits),
        TEST(the_answer_to_a_fault_carries_the_mapping),
        TEST(a_page_that_is_replaced_is_nobodys_while_harts_are_fenced),
        TEST(only_faults_take_a_mapping),
        TEST(a_fault_that_nobody_answers_stops_its_thread_alone),
        TEST(a_held_fault_is_abandoned_with_its_reply),
        TEST(a_suspended_faulter_takes_its_fault_again),
        TEST(a_timer_signals_and_a_slice_rotates),
        TEST(an_interrupt_is_masked_until_acknowledged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
