/* Objects and capabilities: creation in named slots, death of every capability with its object,
 * copies, moves, badges and rights, and what each call refuses.
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
#include "kernel/world.h"

static uint64_t page(unsigned n)
{
    return fake_frame(WORLD_OBJECT_CHUNK, n).number;
}

static err_t create(uint64_t page_frame, uint64_t slot, uint64_t type, uint64_t capacity,
                    uint64_t target)
{
    return SYSTEM_CALL(SYS_OBJECT_CREATE, INIT_SLOT_MEMORY, page_frame, slot, type, capacity, 0,
                       target);
}

static void a_page_keeps_its_size_class(void **state)
{
    (void)state;
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 64), ERR_OK);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 65), ERR_OCCUPIED);
    assert_int_equal(create(page(100), 63, OBJECT_NOTIFICATION, 0, 65), ERR_OK);
    assert_int_equal(create(page(100), 64, OBJECT_REPLY, 0, 66), ERR_RANGE);
    assert_int_equal(create(page(100), 1, OBJECT_THREAD, 0, 66), ERR_OCCUPIED);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_INFO, INIT_SLOT_MEMORY, page(100)), ERR_OK);
    assert_int_equal(world_result(0), 64);
    assert_int_equal(world_result(1), UINT64_C(1) << 63 | 1);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page(100), 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page(100), 63), ERR_OK);
    assert_int_equal(create(page(100), 1, OBJECT_THREAD, 0, 66), ERR_OCCUPIED);
    assert_int_equal(create(page(100), 1, OBJECT_REPLY, 0, 66), ERR_OK);
}

static void creation_refuses_what_it_documents(void **state)
{
    (void)state;
    assert_int_equal(create(page(1), 0, OBJECT_ENDPOINT, 0, 64), ERR_RANGE);
    assert_int_equal(create(world_user_frame(5).number, 0, OBJECT_ENDPOINT, 0, 64), ERR_KIND);
    assert_int_equal(create(1, 0, OBJECT_ENDPOINT, 0, 64), ERR_RANGE);
    assert_int_equal(create(UINT64_MAX, 0, OBJECT_ENDPOINT, 0, 64), ERR_RANGE);
    assert_int_equal(create(page(100), UINT64_MAX, OBJECT_ENDPOINT, 0, 64), ERR_RANGE);
    assert_int_equal(create(page(100), 0, OBJECT_MEMORY, 0, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(100), 0, OBJECT_NONE, 0, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(100), 0, UINT64_MAX, 0, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 1, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(100), 0, OBJECT_CAPTABLE, 3, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(100), 0, OBJECT_CAPTABLE, 65536, 64), ERR_ARGUMENT);
    assert_int_equal(create(page(300), 0, OBJECT_CAPTABLE, 32768, 64), ERR_RANGE);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 1024), ERR_CAP_RANGE);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 0), ERR_CAP_RANGE);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 1), ERR_SLOT_FULL);
    assert_int_equal(create(page(100), 0, OBJECT_CAPTABLE, 32768, 64), ERR_OK);
    assert_int_equal(create(page(101), 0, OBJECT_CAPTABLE, 128, 65), ERR_OCCUPIED);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page(101), 0), ERR_EMPTY);
}

static void destruction_kills_every_capability(void **state)
{
    uint64_t slot = world_object(OBJECT_ENDPOINT, 0);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, slot, 0, 200, RIGHTS_ALL, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, slot, 0, 201, RIGHT_CALL, 5), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, 201), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, 200), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, 200), ERR_CAP_EMPTY);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, slot, 0, 0, 0, 0, 0, 0), ERR_CAP_DEAD);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, slot, 0, 202, RIGHTS_ALL, 0), ERR_CAP_DEAD);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_MOVE, 0, 201, 0, 202), ERR_CAP_DEAD);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_INFO, 0, 201), ERR_CAP_DEAD);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 0, 201), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 0, 201), ERR_CAP_EMPTY);
}

static void a_successor_in_the_slot_is_not_its_predecessor(void **state)
{
    (void)state;
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 64), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page(100), 0), ERR_OK);
    assert_int_equal(create(page(100), 0, OBJECT_ENDPOINT, 0, 65), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, 64, 0, 0, 0, 0, 0, 0), ERR_CAP_DEAD);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, 65, 0, 0, 0, 0, 0, 0), ERR_WOULD_BLOCK);
}

/* A dead capability of a table at a page that now lies inside a larger table, which holds a range
 * whose first word was chosen to look like the dead table's header. */
static void a_slot_never_looks_like_a_header(void **state)
{
    uint64_t header;
    struct captable *large;

    (void)state;
    assert_int_equal(create(page(101), 0, OBJECT_CAPTABLE, 128, 64), ERR_OK);
    header = world_pointer(64)->header;
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page(101), 0), ERR_OK);
    assert_int_equal(create(page(100), 0, OBJECT_CAPTABLE, 256, 65), ERR_OK);
    large = (struct captable *)world_pointer(65);
    for (unsigned i = 127; i < 130; i++) {
        capability_make_range(captable_slot(large, i), OBJECT_MEMORY, 0, header, header);
    }
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 64, 5), ERR_CAP_DEAD);
    *captable_slot(large, 128) = *captable_slot(init->captable, 64);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DELETE, 64, 5), ERR_CAP_DEAD);
}

static void rights_and_badges_only_shrink(void **state)
{
    uint64_t slot = world_object(OBJECT_NOTIFICATION, 0);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, slot, 0, 200, RIGHT_GRANT | RIGHT_CALL, 9),
                     ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_INFO, 0, 200), ERR_OK);
    assert_int_equal(world_result(0), OBJECT_NOTIFICATION);
    assert_int_equal(world_result(1), RIGHT_GRANT | RIGHT_CALL);
    assert_int_equal(world_result(2), 9);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, 200, 0, 201, RIGHTS_ALL, 10), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, 200, 0, 201, UINT64_MAX, 0), ERR_OK);
    assert_int_equal(captable_slot(init->captable, 201)->rights, RIGHT_GRANT | RIGHT_CALL);
    assert_int_equal(captable_slot(init->captable, 201)->badge, 9);
    assert_int_equal(SYSTEM_CALL(SYS_WAIT, 201, 0), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, 201, 0, 202, 0, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, 202, 0, 203, 0, 0), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, INIT_SLOT_MEMORY, 0, 203, RIGHTS_ALL, 1),
                     ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_MOVE, 0, 202, 0, 202), ERR_SLOT_FULL);
}

static void ranges_derive_only_inwards(void **state)
{
    uint64_t first = fake_frame(0, 0).number;
    uint64_t frames = (uint64_t)FAKE_CHUNKS * CHUNK_PAGES;

    (void)state;
#define DERIVE(from, start, count, rights, to) \
    SYSTEM_CALL(SYS_MEMORY_DERIVE, from, start, count, rights, 0, to)
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first, frames, RIGHTS_ALL, 200), ERR_OK);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first - 1, 2, 0, 201), ERR_RANGE);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first, frames + 1, 0, 201), ERR_RANGE);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first + 1, UINT64_MAX, 0, 201), ERR_RANGE);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, UINT64_MAX, 2, 0, 201), ERR_RANGE);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first, 0, 0, 201), ERR_ARGUMENT);
    assert_int_equal(DERIVE(INIT_SLOT_MEMORY, first, 1, RIGHT_GRANT, 201), ERR_OK);
    assert_int_equal(DERIVE(201, first, 1, RIGHT_WRITE, 202), ERR_RIGHTS);
    assert_int_equal(DERIVE(201, first, 1, UINT64_MAX, 202), ERR_RIGHTS);
    assert_int_equal(DERIVE(SLOT_DEVICE, WORLD_DEVICE_FRAME + 1, 2, RIGHTS_ALL, 202), ERR_OK);
    assert_int_equal(capability_type(captable_slot(init->captable, 202)), OBJECT_DEVICE);
    assert_int_equal(DERIVE(INIT_SLOT_MACHINE, first, 1, 0, 203), ERR_CAP_TYPE);
}

/* The table is destroyed in slices; the replies in it are abandoned; what is left is clean. */
static void a_large_table_dies_in_slices(void **state)
{
    uint64_t slot = world_object(OBJECT_CAPTABLE, 1024);
    uint64_t endpoint = world_object(OBJECT_ENDPOINT, 0);
    struct captable *table = (struct captable *)world_pointer(slot);

    (void)state;
    for (unsigned i = 1; i < 1024; i++) {
        assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, endpoint, slot, i, RIGHTS_ALL, 0), ERR_OK);
    }
    fake.pending_one_in = 1;
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, slot), ERR_OK);
    for (unsigned i = 0; i < 4 * 1024; i++) {
        assert_int_equal(((uint64_t *)table)[i], 0);
    }
}

/* The destroyer stops midway; the object is dead for all, and its memory's owner finishes it. */
static void a_killed_destroyer_loses_nothing(void **state)
{
    uint64_t slot = world_object(OBJECT_CAPTABLE, 256);
    struct captable *table = (struct captable *)world_pointer(slot);
    uint64_t page_frame = FAKE_RAM >> PAGE_SHIFT;

    (void)state;
    page_frame += ((uint64_t)table - (uint64_t)arch_window((paddr_t){FAKE_RAM})) >> PAGE_SHIFT;
    init->registers[REGISTER_A0] = 0;
    init->registers[REGISTER_A1] = slot;
    init->registers[REGISTER_A7] = SYS_CAP_DESTROY;
    fake.pending_one_in = 1;
    trap_system_call(&hart0);
    assert_int_not_equal(init->progress, 0);
    init->progress = 0; /* as if another had taken over */
    fake.pending_one_in = 0;
    world_check();
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, slot, 1, 0, 300, 0, 0), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, INIT_SLOT_MEMORY, page_frame, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, slot), ERR_CAP_DEAD);
}

/* One slice of object_destroy by the current thread, as if an interrupt had come after it. */
static err_t destroy_slice(struct thread *destroyer, uint64_t memory, uint64_t page_frame)
{
    uint64_t *r = destroyer->registers;

    world_run(destroyer);
    r[REGISTER_A0] = memory;
    r[REGISTER_A1] = page_frame;
    r[REGISTER_A2] = 0;
    r[REGISTER_A7] = SYS_OBJECT_DESTROY;
    r[REGISTER_PC] = 0x1004;
    fake.pending_one_in = 1;
    trap_system_call(&hart0);
    fake.pending_one_in = 0;
    world_check();
    return r[REGISTER_PC] == 0x1000 ? ERR_RESTART : world_error(destroyer);
}

static void two_destroyers_are_told_when_it_is_gone(void **state)
{
    struct thread *second = world_thread(20, 0);
    uint64_t page_frame = page(300);
    err_t errors[2] = {ERR_RESTART, ERR_RESTART};

    (void)state;
    world_give(second, 10, INIT_SLOT_MEMORY, RIGHTS_ALL, 0);
    assert_int_equal(create(page_frame, 0, OBJECT_CAPTABLE, 512, 200), ERR_OK);
    while (errors[0] == ERR_RESTART || errors[1] == ERR_RESTART) {
        for (unsigned i = 0; i < 2; i++) {
            if (errors[i] == ERR_RESTART) {
                errors[i] = i == 0 ? destroy_slice(init, INIT_SLOT_MEMORY, page_frame)
                                   : destroy_slice(second, 10, page_frame);
                assert_int_equal(errors[i] == ERR_OK,
                                 object_page_map((frame_t){page_frame})->live == 0);
            }
        }
    }
    world_run(init);
    assert_int_equal(create(page_frame, 0, OBJECT_CAPTABLE, 512, 201), ERR_OK);
}

/* A call on that slot, as if an interrupt had come after its first slice. */
static void begin_slice_of(uint64_t number, uint64_t slot, uint64_t second, uint64_t third)
{
    uint64_t *r = init->registers;

    r[REGISTER_A0] = 0;
    r[REGISTER_A1] = slot;
    r[REGISTER_A2] = second;
    r[REGISTER_A3] = third;
    r[REGISTER_A7] = number;
    r[REGISTER_PC] = 0x1004;
    fake.pending_one_in = 1;
    trap_system_call(&hart0);
    fake.pending_one_in = 0;
    assert_int_equal(r[REGISTER_PC], 0x1000);
    assert_int_not_equal(init->progress, 0);
    world_check();
}

static void begin_slice(uint64_t number, uint64_t slot)
{
    begin_slice_of(number, slot, 0, 0);
}

/* What a capability in init's table names. */
static uint64_t header_of(uint64_t slot)
{
    return captable_slot(init->captable, slot)->object->header;
}

static void a_renewal_of_three_goes_on_where_it_was(void **state)
{
    uint64_t before[3];

    (void)state;
    world_run(init);
    assert_int_equal(create(page(330), 0, OBJECT_NOTIFICATION, 0, 230), ERR_OK);
    assert_int_equal(create(page(340), 0, OBJECT_CAPTABLE, 512, 231), ERR_OK);
    assert_int_equal(create(page(330), 1, OBJECT_NOTIFICATION, 0, 232), ERR_OK);
    for (unsigned i = 0; i < 3; i++) {
        before[i] = header_of(230 + i);
    }
    begin_slice_of(SYS_CAP_RENEW, 230, 231, 232);
    assert_int_not_equal(header_of(230), before[0]);
    assert_int_equal(header_of(232), before[2]);
    assert_int_equal(captable_slot(init->captable, 231)->rights, RIGHT_DESTROY);
    before[0] = header_of(230);
    begin_slice_of(SYS_CAP_RENEW, 230, 231, 232);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 230, 231, 232), ERR_OK);
    assert_int_equal(header_of(230), before[0]);
    assert_int_not_equal(header_of(232), before[2]);
    for (uint64_t slot = 230; slot <= 232; slot++) {
        assert_int_equal(SYSTEM_CALL(SYS_CAP_INFO, 0, slot), ERR_OK);
        assert_int_equal(world_result(1), RIGHTS_ALL);
    }
}

static void a_renewal_of_three_ends_at_the_first_error(void **state)
{
    uint64_t before;

    (void)state;
    world_run(init);
    assert_int_equal(create(page(330), 2, OBJECT_NOTIFICATION, 0, 235), ERR_OK);
    assert_int_equal(create(page(330), 3, OBJECT_NOTIFICATION, 0, 236), ERR_OK);
    before = header_of(236);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 235, INIT_SLOT_CAPTABLE, 236), ERR_BUSY);
    assert_int_equal(header_of(236), before);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 0, 235, 236), ERR_CAP_RANGE);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 235, 0, 236), ERR_OK);
    assert_int_equal(header_of(236), before);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 235, 236, 0), ERR_OK);
    assert_int_not_equal(header_of(236), before);
}

static void a_destroyer_does_not_go_on_as_a_renewer(void **state)
{
    uint64_t page_frame = page(310);

    (void)state;
    world_run(init);
    assert_int_equal(create(page_frame, 0, OBJECT_CAPTABLE, 512, 210), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, 210, 0, 211, RIGHT_DESTROY, 0), ERR_OK);
    begin_slice(SYS_CAP_DESTROY, 211);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 211, 0, 0), ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, 211), ERR_OK);
    assert_int_equal(object_page_map((frame_t){page_frame})->live, 0);
}

static void destroying_what_is_renewed_meanwhile_is_not_ok(void **state)
{
    struct thread *second = world_thread(20, 0);
    uint64_t page_frame = page(320);

    (void)state;
    world_give(second, 10, INIT_SLOT_MEMORY, RIGHTS_ALL, 0);
    world_run(init);
    assert_int_equal(create(page_frame, 0, OBJECT_CAPTABLE, 512, 220), ERR_OK);
    begin_slice(SYS_CAP_RENEW, 220);
    assert_int_equal(destroy_slice(second, 10, page_frame), ERR_RESTART);
    world_run(init);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_RENEW, 0, 220, 0, 0), ERR_OK);
    assert_int_equal(destroy_slice(second, 10, page_frame), ERR_BUSY);
    assert_int_equal(object_page_map((frame_t){page_frame})->live, 1);
}

static void what_threads_are_bound_to_stays(void **state)
{
    struct thread *thread = world_thread(10, 0);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, INIT_SLOT_SPACE), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, INIT_SLOT_CAPTABLE), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, INIT_SLOT_THREAD), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, INIT_SLOT_MEMORY), ERR_CAP_TYPE);
    assert_int_equal(thread->captable->bound_threads, 1);
    assert_int_equal(thread->space->bound_threads, 2);
}

static void no_table_destroys_itself_through_its_own_slot(void **state)
{
    uint64_t slot = world_object(OBJECT_CAPTABLE, 64);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, slot, slot, 7, RIGHTS_ALL, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, slot, 7), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, slot), ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_keeps_its_size_class),
        TEST(creation_refuses_what_it_documents),
        TEST(destruction_kills_every_capability),
        TEST(a_successor_in_the_slot_is_not_its_predecessor),
        TEST(a_slot_never_looks_like_a_header),
        TEST(rights_and_badges_only_shrink),
        TEST(ranges_derive_only_inwards),
        TEST(a_large_table_dies_in_slices),
        TEST(a_killed_destroyer_loses_nothing),
        TEST(two_destroyers_are_told_when_it_is_gone),
        TEST(a_renewal_of_three_goes_on_where_it_was),
        TEST(a_renewal_of_three_ends_at_the_first_error),
        TEST(a_destroyer_does_not_go_on_as_a_renewer),
        TEST(destroying_what_is_renewed_meanwhile_is_not_ok),
        TEST(what_threads_are_bound_to_stays),
        TEST(no_table_destroys_itself_through_its_own_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
