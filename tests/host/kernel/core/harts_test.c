/* Two harts: whose thread runs where, who is told, and how one hart's thread stops another's. What
 * a hart does is done in turns: fake.hart says whose entry it is.
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
 * sources: tests/host/kernel/world_check.c */
#include <string.h>

#include "core/balance.h"
#include "core/schedule.h"
#include "kernel/world.h"

enum { LOW = 10, SERVER = 20, ON_HART0 = 1, ON_HART1 = 2, RESUME_PC = 0x1004 };
enum { SLOT_ENDPOINT = 10, SLOT_REPLY = 11, SLOT_OTHER = 12 };

static struct hart hart1;
static uint64_t thread_slot; /* of the thread that start_thread made last */

/* A notice arrives, or its like: the hart settles. */
static void enter(struct hart *hart)
{
    fake.hart = hart;
    fake.notified &= ~(UINT64_C(1) << hart->index);
    core_notified(hart);
    world_check();
    fake.hart = &hart0;
}

/* The hart's current thread calls, once. true: the call is to be made again. */
static bool try_call(struct hart *hart, uint64_t number, uint64_t a0, uint64_t a6)
{
    struct thread *caller = hart->current;

    fake.hart = hart;
    caller->registers[REGISTER_A7] = number;
    caller->registers[REGISTER_A0] = a0;
    caller->registers[REGISTER_A1] = 7;
    caller->registers[REGISTER_A6] = a6;
    caller->registers[REGISTER_PC] = RESUME_PC;
    trap_system_call(hart);
    world_check();
    fake.hart = &hart0;
    return caller->registers[REGISTER_PC] == RESUME_PC - SYSCALL_BYTES;
}

/* init runs on hart 0, hart 1 is idle. */
static int harts_start(void **state)
{
    static const struct boot_facts facts = {.timebase_hz = WORLD_TIMEBASE_HZ};

    world_start(state);
    memset(&hart1, 0, sizeof(hart1));
    core_hart_start(&hart1, &facts);
    enter(&hart1);
    assert_null(hart1.current);
    return 0;
}

static struct thread *start_thread(unsigned priority)
{
    thread_slot = world_object(OBJECT_THREAD, 0);
    uint64_t table_slot = world_object(OBJECT_CAPTABLE, 64);

    assert_int_equal(SYSTEM_CALL(SYS_THREAD_CONFIGURE, thread_slot, INIT_SLOT_SPACE, table_slot, 0,
                                 0, priority, 0),
                     ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_START, thread_slot, 0x1000, 0x2000, 0, 0, 0), ERR_OK);
    return (struct thread *)world_pointer(thread_slot);
}

static struct thread *start_on_hart1(unsigned priority)
{
    struct thread *thread = start_thread(priority);

    enter(&hart1);
    assert_ptr_equal(hart1.current, thread);
    return thread;
}

static void set_affinity(uint64_t slot, unsigned priority, uint64_t affinity)
{
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SET_PRIORITY, slot, priority, affinity), ERR_OK);
}

/* As in a panic before there are any, or with all that there may be. */
static void masks_have_a_bit_for_each_hart(void **state)
{
    unsigned count = hart_count;

    (void)state;
    assert_int_equal(hart_mask(), ON_HART0 | ON_HART1);
    hart_count = 0;
    assert_int_equal(hart_mask(), 0);
    hart_count = HARTS_MAX;
    assert_int_equal(hart_mask(), UINT64_MAX);
    hart_count = count;
}

static void a_new_thread_goes_to_an_idle_hart_which_is_told(void **state)
{
    struct thread *thread = start_thread(LOW);

    (void)state;
    assert_ptr_equal(thread->hart, &hart1);
    assert_int_equal(fake.notified, ON_HART1);
    assert_int_equal(fake.notices, 1);
    enter(&hart1);
    assert_ptr_equal(hart1.current, thread);
}

static void a_hart_is_told_once_until_it_has_looked(void **state)
{
    (void)state;
    start_thread(LOW);
    start_thread(LOW + 1);
    assert_int_equal(fake.notices, 1);
    enter(&hart1);
    assert_int_equal(hart1.current->priority, LOW + 1);
    start_thread(LOW + 2);
    assert_int_equal(fake.notices, 2);
}

static void an_idle_hart_takes_what_waits_in_another_queue(void **state)
{
    struct thread *first = start_on_hart1(LOW);
    struct thread *second = start_thread(LOW);

    (void)state;
    assert_int_equal(second->state, THREAD_READY);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, INIT_SLOT_THREAD, 0));
    assert_ptr_equal(hart0.current, second);
    assert_ptr_equal(second->hart, &hart0);
    assert_ptr_equal(hart1.current, first);
}

static void who_is_preempted_goes_on_at_an_idle_hart(void **state)
{
    struct thread *low = start_on_hart1(LOW);
    uint64_t low_slot = thread_slot;

    (void)state;
    set_affinity(low_slot, LOW, ON_HART0);
    enter(&hart1); /* low is sent to hart 0, where it waits for init */
    assert_null(hart1.current);
    assert_ptr_equal(low->hart, &hart0);
    fake.notified = 0;
    set_affinity(low_slot, LOW, 0);
    assert_ptr_equal(low->hart, &hart1);
    assert_int_equal(fake.notified, ON_HART1);
}

static void affinity_holds_in_queues_and_for_takers(void **state)
{
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    set_affinity(thread_slot, LOW, ON_HART0);
    assert_int_equal(fake.notified, ON_HART1);
    assert_int_equal(thread->state, THREAD_RUNNING); /* it may be in user mode: V1 */
    enter(&hart1);
    assert_int_equal(thread->state, THREAD_READY);
    assert_ptr_equal(thread->hart, &hart0);
    enter(&hart1);
    assert_null(hart1.current);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_SET_PRIORITY, thread_slot, LOW, 4), ERR_ARGUMENT);
}

static void who_yields_where_it_may_not_run_leaves(void **state)
{
    struct thread *thread = start_on_hart1(LOW);
    uint64_t slot = thread_slot;
    struct thread *equal = start_thread(LOW);

    (void)state;
    set_affinity(thread_slot, LOW, ON_HART1);
    assert_ptr_equal(equal->hart, &hart1);
    set_affinity(slot, LOW, ON_HART0);
    assert_false(try_call(&hart1, SYS_YIELD, 0, 0)); /* before the notice arrives */
    assert_ptr_equal(hart1.current, equal);
    assert_ptr_equal(thread->hart, &hart0);
}

static void suspending_waits_until_the_other_hart_has_let_go(void **state)
{
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    assert_true(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_int_equal(thread->state, THREAD_RUNNING);
    assert_int_equal(fake.notified, ON_HART1);
    assert_true(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    enter(&hart1);
    assert_int_equal(thread->state, THREAD_STOPPED);
    assert_null(hart1.current);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_int_equal(world_error(init), ERR_OK);
    assert_int_equal(thread->barred, 0);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_RESUME, thread_slot), ERR_OK);
    enter(&hart1);
    assert_ptr_equal(hart1.current, thread);
}

static void destroying_waits_too_and_changes_nothing_before(void **state)
{
    struct thread *thread = start_on_hart1(LOW);
    uint64_t header = thread->object.header;

    (void)state;
    init->registers[REGISTER_A1] = thread_slot;
    init->registers[REGISTER_A7] = SYS_CAP_DESTROY;
    init->registers[REGISTER_A0] = 0;
    trap_system_call(&hart0);
    assert_int_equal(thread->object.header, header);
    assert_int_equal(init->progress, 0);
    enter(&hart1);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, thread_slot), ERR_OK);
    assert_true(capability_is_empty(captable_slot(init->captable, thread_slot)));
}

static void renewing_waits_and_does_not_renew_what_came_before_again(void **state)
{
    uint64_t note_slot = world_object(OBJECT_NOTIFICATION, 0);
    struct thread *thread = start_on_hart1(LOW);
    uint64_t slots[] = {0, note_slot, thread_slot, 0};
    uint64_t header;

    (void)state;
    init->registers[REGISTER_A2] = thread_slot;
    init->registers[REGISTER_A3] = 0;
    init->registers[REGISTER_A0] = 0;
    init->registers[REGISTER_A1] = note_slot;
    init->registers[REGISTER_A7] = SYS_CAP_RENEW;
    trap_system_call(&hart0);
    world_check();
    assert_int_equal(thread->state, THREAD_RUNNING);
    header = world_pointer(note_slot)->header;
    enter(&hart1);
    assert_int_equal(world_call(SYS_CAP_RENEW, 4, slots), ERR_OK);
    assert_int_equal(world_pointer(note_slot)->header, header);
    assert_int_equal(thread->state, THREAD_UNCONFIGURED);
}

static void of_two_that_stop_each_other_one_goes_on(void **state)
{
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    world_give(thread, SLOT_OTHER, INIT_SLOT_THREAD, RIGHTS_ALL, 0);
    assert_true(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_true(try_call(&hart1, SYS_THREAD_SUSPEND, SLOT_OTHER, 0));
    assert_false(init->is_to_stop);
    enter(&hart1);
    assert_int_equal(thread->state, THREAD_STOPPED);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_int_equal(init->state, THREAD_RUNNING);
}

static void a_fault_before_the_notice_leaves_no_wish_to_stop(void **state)
{
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    assert_true(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    fake.hart = &hart1;
    core_fault(&hart1, FAULT_ILLEGAL, 0); /* nobody answers */
    fake.hart = &hart0;
    world_check();
    assert_int_equal(thread->state, THREAD_FAULTED);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_START, thread_slot, 0x1000, 0x2000, 0, 0, 0), ERR_OK);
    enter(&hart1);
    assert_ptr_equal(hart1.current, thread);
}

/* A server that receives, last on hart 0; its slot in init's table. */
static struct thread *make_server(uint64_t *slot_out)
{
    uint64_t endpoint_slot = world_object(OBJECT_ENDPOINT, 0);
    struct thread *server = start_thread(SERVER);

    *slot_out = thread_slot;
    world_give(server, SLOT_ENDPOINT, endpoint_slot, RIGHTS_ALL, 0);
    world_give(server, SLOT_REPLY, world_object(OBJECT_REPLY, 0), RIGHTS_ALL, 0);
    world_run(server);
    assert_false(try_call(&hart0, SYS_RECEIVE, SLOT_ENDPOINT, SLOT_REPLY << 8));
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_ptr_equal(hart0.current, init);
    enter(&hart1);
    return server;
}

static struct thread *make_client(const struct thread *server)
{
    struct thread *client = start_on_hart1(LOW);

    *captable_slot(client->captable, SLOT_ENDPOINT) =
        *captable_slot(server->captable, SLOT_ENDPOINT);
    fake.notices = 0;
    return client;
}

static void a_server_follows_its_caller(void **state)
{
    uint64_t server_slot;
    struct thread *server = make_server(&server_slot);
    struct thread *client = make_client(server);

    (void)state;
    assert_false(try_call(&hart1, SYS_CALL, SLOT_ENDPOINT, 0));
    assert_ptr_equal(hart1.current, server);
    assert_ptr_equal(server->hart, &hart1);
    assert_int_equal(server->registers[REGISTER_A1], 7);
    assert_false(try_call(&hart1, SYS_REPLY_RECEIVE, SLOT_ENDPOINT, SLOT_REPLY << 8));
    assert_ptr_equal(hart1.current, client);
    set_affinity(server_slot, SERVER, 0); /* it waits: nobody has to hear of that */
    assert_int_equal(fake.notices, 0);
}

static void a_server_with_an_affinity_stays(void **state)
{
    uint64_t server_slot;
    struct thread *server = make_server(&server_slot);

    (void)state;
    set_affinity(server_slot, SERVER, ON_HART0);
    make_client(server);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, INIT_SLOT_THREAD, 0));
    assert_null(hart0.current);
    assert_false(try_call(&hart1, SYS_CALL, SLOT_ENDPOINT, 0));
    assert_int_equal(fake.notified, ON_HART0);
    assert_ptr_equal(server->hart, &hart0);
    enter(&hart0);
    assert_ptr_equal(hart0.current, server);
    fake.notified = 0;
    assert_false(try_call(&hart0, SYS_REPLY_RECEIVE, SLOT_ENDPOINT, SLOT_REPLY << 8));
    assert_true(hart0.current != NULL || fake.notified == ON_HART1);
}

static void who_is_to_stop_is_not_run_again_by_an_answer(void **state)
{
    uint64_t server_slot;
    struct thread *server = make_server(&server_slot);
    struct thread *client = make_client(server);

    (void)state;
    assert_true(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
    assert_false(try_call(&hart1, SYS_CALL, SLOT_ENDPOINT, 0)); /* before the notice arrives */
    assert_ptr_equal(hart1.current, server);
    assert_false(try_call(&hart1, SYS_REPLY_RECEIVE, SLOT_ENDPOINT, SLOT_REPLY << 8));
    assert_int_equal(client->state, THREAD_STOPPED);
    assert_null(hart1.current);
    assert_int_equal(server->state, THREAD_RECEIVING);
    assert_false(try_call(&hart0, SYS_THREAD_SUSPEND, thread_slot, 0));
}

static void a_deadline_fires_on_the_hart_that_armed_it(void **state)
{
    uint64_t note_slot = world_object(OBJECT_NOTIFICATION, 0);
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    world_give(thread, SLOT_OTHER, note_slot, RIGHTS_ALL, 0);
    fake.hart = &hart1;
    thread->registers[REGISTER_A1] = fake.time_ticks + 500;
    thread->registers[REGISTER_A7] = SYS_WAIT;
    thread->registers[REGISTER_A0] = SLOT_OTHER;
    trap_system_call(&hart1);
    fake.hart = &hart0;
    world_check();
    assert_null(hart1.current);
    assert_int_equal(hart1.timer_ticks, fake.time_ticks + 500);
    assert_int_equal(hart0.timer_ticks, TICKS_NEVER);
    fake.time_ticks += 501;
    core_timer(&hart0);
    world_check();
    assert_int_equal(thread->state, THREAD_WAITING);
    fake.hart = &hart1;
    core_timer(&hart1);
    fake.hart = &hart0;
    world_check();
    assert_ptr_equal(hart1.current, thread);
    assert_int_equal(world_error(thread), ERR_TIMEOUT);
}

static void an_interrupt_comes_to_who_acknowledged_it(void **state)
{
    uint64_t interrupt_slot = world_object(OBJECT_INTERRUPT, 0);
    uint64_t note_slot = world_object(OBJECT_NOTIFICATION, 0);
    uint64_t bind[] = {interrupt_slot, INIT_SLOT_INTERRUPT_CONTROL, 3, note_slot};
    struct thread *thread = start_on_hart1(LOW);

    (void)state;
    assert_int_equal(world_call(SYS_INTERRUPT_BIND, 4, bind), ERR_OK);
    assert_ptr_equal(fake.arrives_at[3], &hart0);
    world_give(thread, SLOT_OTHER, interrupt_slot, RIGHTS_ALL, 0);
    assert_false(try_call(&hart1, SYS_INTERRUPT_ACK, SLOT_OTHER, 0));
    assert_ptr_equal(fake.arrives_at[3], &hart1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harts_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(masks_have_a_bit_for_each_hart),
        TEST(a_new_thread_goes_to_an_idle_hart_which_is_told),
        TEST(a_hart_is_told_once_until_it_has_looked),
        TEST(an_idle_hart_takes_what_waits_in_another_queue),
        TEST(who_is_preempted_goes_on_at_an_idle_hart),
        TEST(affinity_holds_in_queues_and_for_takers),
        TEST(who_yields_where_it_may_not_run_leaves),
        TEST(suspending_waits_until_the_other_hart_has_let_go),
        TEST(destroying_waits_too_and_changes_nothing_before),
        TEST(renewing_waits_and_does_not_renew_what_came_before_again),
        TEST(of_two_that_stop_each_other_one_goes_on),
        TEST(a_fault_before_the_notice_leaves_no_wish_to_stop),
        TEST(a_server_follows_its_caller),
        TEST(a_server_with_an_affinity_stays),
        TEST(who_is_to_stop_is_not_run_again_by_an_answer),
        TEST(an_interrupt_comes_to_who_acknowledged_it),
        TEST(a_deadline_fires_on_the_hart_that_armed_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
