/* A small machine for tests of the portable kernel; see world.h. */
#include "kernel/world.h"

#include <string.h>

#include "core/deadline.h"
#include "core/interrupt.h"
#include "core/panic.h"
#include "core/schedule.h"

struct hart hart0;
struct thread *init;
static struct chunk records[FAKE_CHUNKS];
static unsigned next_slot;
static unsigned next_page;
static unsigned next_table;
static unsigned restarts_max = 100000;

int world_start(void **state)
{
    static struct boot_facts facts;
    frame_t root = fake_frame(WORLD_TABLE_CHUNK, 1);

    (void)state;
    fake_arch_start();
    memset(records, 0, sizeof(records));
    memset(&hart0, 0, sizeof(hart0));
    for (unsigned i = 0; i < FAKE_CHUNKS; i++) {
        records[i].kind = KIND_USER;
    }
    records[0].kind = KIND_KERNEL;
    records[WORLD_TABLE_CHUNK] = (struct chunk){.kind = KIND_TABLE, .used = 1};
    records[WORLD_OBJECT_CHUNK].kind = KIND_OBJECT;
    for (unsigned i = WORLD_TABLE_CHUNK; i <= WORLD_OBJECT_CHUNK; i++) {
        arch_window_open(fake_frame(i, 0));
        memset(arch_window((paddr_t){fake_frame(i, 0).number << PAGE_SHIFT}), 0, CHUNK_BYTES);
    }
    facts = (struct boot_facts){
        .chunks = records,
        .chunk_first = FAKE_RAM >> CHUNK_SHIFT,
        .chunk_count = FAKE_CHUNKS,
        .object_chunk = fake_frame(WORLD_OBJECT_CHUNK, 0),
        .init_root = root,
        .timebase_hz = WORLD_TIMEBASE_HZ,
        .device_count = 1,
        .devices = {{WORLD_DEVICE_FRAME, WORLD_DEVICE_FRAMES}},
    };
    /* As boot/ does it (B3). */
    ((struct table_record *)arch_window((paddr_t){FAKE_RAM + CHUNK_BYTES}))[1] =
        (struct table_record){.count = 1, .state = TABLE_LEVEL_ROOT + 1, .space = 1};
    arch_root_fill(arch_window((paddr_t){root.number << PAGE_SHIFT}));
    fake.hart = &hart0;
    core_start(&hart0, &facts);
    init = hart0.current;
    next_slot = 64;
    next_page = BOOT_OBJECT_PAGES;
    next_table = 2;
    world_check();
    return 0;
}

int world_stop(void **state)
{
    (void)state;
    world_check();
    fake.pending_one_in = 0;
    for (unsigned i = 1; i < FAKE_SOURCES; i++) {
        if (interrupt_sources[i] != NULL) {
            interrupt_destroy(interrupt_sources[i]);
        }
    }
    fake_arch_stop();
    return 0;
}

err_t world_call(uint64_t number, size_t count, const uint64_t *arguments)
{
    struct hart *hart = fake.hart;
    struct thread *caller = hart->current;
    uint64_t pc = 0x1004;

    for (unsigned i = 0; i < SYSCALL_ARGUMENTS; i++) {
        caller->registers[argument_registers[i]] =
            i < count ? arguments[i] : 0xdead000000000000u + i;
    }
    caller->registers[REGISTER_A7] = number;
    for (unsigned restarts = 0; restarts < restarts_max; restarts++) {
        caller->registers[REGISTER_PC] = pc;
        trap_system_call(hart);
        world_check();
        if (caller->registers[REGISTER_PC] == pc) {
            return world_error(caller);
        }
        assert_int_equal(caller->registers[REGISTER_PC], pc - SYSCALL_BYTES);
        if (hart->current != caller) {
            world_run(caller);
        }
    }
    fail_msg("a call restarts for ever");
    return ERR_OK;
}

uint64_t world_result(unsigned n)
{
    return fake.hart->current->registers[argument_registers[n + 1]];
}

err_t world_error(const struct thread *thread)
{
    return (err_t)thread->registers[REGISTER_A0];
}

void world_run(struct thread *thread)
{
    struct hart *hart = fake.hart;
    struct thread *current = hart->current;

    if (current == thread) {
        return;
    }
    assert_int_equal(thread->state, THREAD_READY);
    schedule_unqueue(thread);
    if (current != NULL) {
        current->state = THREAD_STOPPED;
        current->hart->must_choose = true;
        schedule_wake(current);
    }
    thread->hart = hart;
    hart->current = thread;
    thread->state = THREAD_RUNNING;
    hart->must_choose = false;
    hart->must_set_timer = true;
    (void)schedule_settle(hart);
    world_check();
}

uint64_t world_slot(void)
{
    return next_slot++;
}

uint64_t world_object(enum object_type type, uint64_t capacity)
{
    uint64_t slot = world_slot();
    size_t pages = capacity * sizeof(struct capability) / PAGE_BYTES;

    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_CREATE, INIT_SLOT_MEMORY,
                                 fake_frame(WORLD_OBJECT_CHUNK, next_page).number, 0, type,
                                 capacity, 0, slot),
                     ERR_OK);
    next_page += pages > 1 ? (unsigned)pages : 1;
    return slot;
}

struct object *world_pointer(uint64_t slot)
{
    return captable_slot(init->captable, slot)->object;
}

struct thread *world_thread(unsigned priority, uint64_t fault_endpoint)
{
    uint64_t thread_slot = world_object(OBJECT_THREAD, 0);
    uint64_t table_slot = world_object(OBJECT_CAPTABLE, 64);
    struct thread *thread = (struct thread *)world_pointer(thread_slot);

    assert_int_equal(SYSTEM_CALL(SYS_THREAD_CONFIGURE, thread_slot, INIT_SLOT_SPACE, table_slot,
                                 fault_endpoint, 77, priority, 0),
                     ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_COPY, 0, table_slot, table_slot, 1, RIGHTS_ALL, 0),
                     ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_THREAD_START, thread_slot, 0x1000, 0x2000, 0, 0, 0), ERR_OK);
    assert_int_equal(thread->state, THREAD_READY);
    return thread;
}

void world_give(struct thread *thread, uint64_t slot, uint64_t init_slot, unsigned rights,
                uint64_t badge)
{
    struct capability *target = captable_slot(thread->captable, slot);

    *target = *captable_slot(init->captable, init_slot);
    target->rights &= (uint8_t)rights;
    if (badge != 0) {
        target->badge = badge;
    }
    if (capability_type(target) == OBJECT_REPLY) {
        *captable_slot(init->captable, init_slot) = (struct capability){0};
    }
}

frame_t world_table(unsigned level)
{
    frame_t frame = fake_frame(WORLD_TABLE_CHUNK, next_table++);

    assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, INIT_SLOT_MEMORY, frame.number, level), ERR_OK);
    return frame;
}

frame_t world_user_frame(unsigned n)
{
    return fake_frame(WORLD_USER_CHUNK, n);
}
