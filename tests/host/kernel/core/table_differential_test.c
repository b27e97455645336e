/* The kernel's table and scrub calls against the second kernel of tests/model, which was written
 * from the contract alone: the same seeded calls, mostly sensible and often hostile, must give the
 * same error, the same result and the same bits in every TABLE chunk.
 * sources: kernel/core/capability.c kernel/core/captable.c kernel/core/deadline.c
 * sources: kernel/core/endpoint.c kernel/core/event.c kernel/core/fault.c
 * sources: kernel/core/interrupt.c kernel/core/ipc.c kernel/core/ipc_fast.c kernel/core/ipc_fault.c
 * sources: kernel/core/machine.c kernel/core/memory.c kernel/core/message.c
 * sources: kernel/core/notification.c kernel/core/object.c kernel/core/panic.c
 * sources: kernel/core/reply.c kernel/core/schedule.c kernel/core/schedule_fast.c kernel/core/balance.c
 * sources: kernel/core/scrub.c kernel/core/space.c
 * sources: kernel/core/lock.c kernel/core/start.c kernel/core/syscall.c kernel/core/table.c
 * sources: kernel/core/table_range.c kernel/core/thread.c kernel/core/timer.c
 * sources: kernel/core/tree.c tests/host/kernel/fake_arch.c tests/model/fake_kernel.c
 * sources: tests/model/fake_table.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/captable.h"
#include "core/hart.h"
#include "core/syscall.h"
#include "core/table.h"
#include "kernel/fake_arch.h"
#include "tests/model/fake_kernel.h"

enum { FIRST = 0x80000, CHUNKS = 6, TABLES = 12, SLOTS = 8, SLOT_MEMORY = 4, STEPS = 60000 };

static uint64_t state;
static struct hart hart;
static struct thread caller;
static struct captable *slots;
static struct fake_authority authority;

static uint64_t roll(uint64_t below)
{
    state += 0x9e3779b97f4a7c15ull;
    uint64_t z = state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return (z ^ z >> 31) % below;
}

static void nothing(void)
{
}

static void nothing_flushed(unsigned space, uint64_t address, uint64_t pages)
{
    (void)space;
    (void)address;
    (void)pages;
}

static void nothing_freed(uint64_t frame)
{
    (void)frame;
}

static void begin(uint64_t seed)
{
    static const struct fake_hooks hooks = {nothing, nothing_flushed, nothing_freed};
    state = seed;
    fake_arch_start();
    fake.pending_one_in = 2;
    chunks = (struct chunks){.records = calloc(CHUNKS, sizeof(struct chunk)),
                             .first = FIRST / CHUNK_PAGES,
                             .count = CHUNKS};
    chunks.origin = chunks.records - chunks.first;
    for (unsigned i = 0; i < CHUNKS; i++) {
        chunks.records[i].kind = KIND_USER;
    }
    fake_start(FIRST, CHUNKS, NULL, &hooks);
    hart = (struct hart){0};
    caller = (struct thread){.hart = &hart};
    slots = aligned_alloc(32, SLOTS * sizeof(struct capability));
    memset(slots, 0, SLOTS * sizeof(struct capability));
    slots->slot_count = SLOTS;
    caller.captable = slots;
    /* Sometimes less than all memory, or without the right to map writable. */
    authority = (struct fake_authority){FIRST, CHUNKS * CHUNK_PAGES, RIGHTS_ALL};
    if (roll(3) == 0) {
        authority.frames -= CHUNK_PAGES / 2;
    }
    if (roll(3) == 0) {
        authority.rights &= ~(uint64_t)RIGHT_WRITE;
    }
    capability_make_range(captable_slot(slots, SLOT_MEMORY), OBJECT_MEMORY,
                          (unsigned)authority.rights, authority.first_frame, authority.frames);
}

static void end(void)
{
    free(slots);
    free(chunks.records);
    fake_stop();
    fake_arch_stop();
}

/* One call of the kernel, made again as long as it asks for it. */
static err_t call_kernel(err_t (*call)(struct thread *, struct capability *),
                         const uint64_t *arguments, uint64_t *result_out)
{
    err_t error;
    caller.progress = 0;
    do {
        caller.registers[REGISTER_A1] = 0;
        caller.registers[argument_registers[0]] = SLOT_MEMORY;
        for (unsigned i = 1; i < SYSCALL_ARGUMENTS; i++) {
            caller.registers[argument_registers[i]] = arguments[i];
        }
        error = call(&caller, captable_slot(slots, SLOT_MEMORY));
    } while (error == ERR_RESTART);
    *result_out = caller.registers[REGISTER_A1];
    return error;
}

/* -------------------------------------------------------------- random arguments */
/* Tables live in the last two chunks when these are TABLE; few, so that they meet. */
static uint64_t table_frame(void)
{
    uint64_t chunk = FIRST + (CHUNKS - 1 - roll(2)) * CHUNK_PAGES;
    switch (roll(40)) {
    case 0:
        return chunk;
    case 1:
        return FIRST + roll(CHUNKS * CHUNK_PAGES);
    case 2:
        return roll(UINT64_MAX);
    default:
        return chunk + 1 + roll(TABLES);
    }
}

static uint64_t entry_index(void)
{
    static const uint64_t edges[] = {0, 1, 31, 32, 63, 64, 255, 256, 480, 511, 512, 1ull << 40};
    return roll(3) == 0 ? edges[roll(12)] : roll(80);
}

static uint64_t entry_count(void)
{
    static const uint64_t edges[] = {0, 1, 16, 17, 32, 64, 256, 511, 512, 513, UINT64_MAX};
    return roll(4) == 0 ? edges[roll(11)] : 1 + roll(100);
}

static uint64_t map_word_any(void)
{
    static const uint64_t rights[] = {
        MAP_R, MAP_R | MAP_W, MAP_R | MAP_X, MAP_R | MAP_W, MAP_W, MAP_X, 0, MAP_R | MAP_W | MAP_X};
    bool hostile = roll(24) == 0;
    uint64_t frame = FIRST + roll(hostile ? CHUNKS * CHUNK_PAGES + 64 : 3 * CHUNK_PAGES);
    if (roll(300) == 0) {
        frame = roll(1ull << 26);
    }
    if (roll(4) == 0) {
        frame &= ~(uint64_t)(CHUNK_PAGES - 1);
    }
    uint64_t word = frame << MAP_FRAME_SHIFT | rights[roll(hostile ? 8 : 4)];
    word |= roll(4) == 0 ? MAP_SOFT0 : 0;
    word |= roll(8) == 0 ? MAP_SOFT1 : 0;
    word |= hostile && roll(8) == 0 ? 1 << 5 : 0;
    return word;
}

/* ------------------------------------------------------------------------ calls */
struct outcome {
    const char *name;
    err_t kernel, model;
    uint64_t kernel_result, model_result;
};

static struct outcome do_create(uint64_t *a)
{
    struct outcome o = {.name = "table_create"};
    a[1] = table_frame();
    a[2] = roll(20) == 0 ? roll(5) : roll(3);
    o.kernel = call_kernel(sys_table_create, a, &o.kernel_result);
    o.model = fake_table_create(&authority, a[1], a[2]);
    o.kernel_result = 0;
    return o;
}

static struct outcome do_free(uint64_t *a)
{
    struct outcome o = {.name = "table_free"};
    a[1] = table_frame();
    o.kernel = call_kernel(sys_table_free, a, &o.kernel_result);
    o.model = fake_table_free(&authority, a[1]);
    o.kernel_result = 0;
    return o;
}

static struct outcome do_map(uint64_t *a)
{
    struct outcome o = {.name = "table_map"};
    uint32_t words[16];
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = roll(10) == 0 ? entry_count() : 1 + roll(16);
    for (unsigned i = 0; i < 16; i++) {
        words[i] = (uint32_t)map_word_any();
    }
    memcpy(&a[4], words, sizeof(words));
    o.kernel = call_kernel(sys_table_map, a, &o.kernel_result);
    o.model = fake_table_map(&authority, a[1], a[2], a[3], words, &o.model_result);
    return o;
}

static struct outcome do_map_run(uint64_t *a)
{
    struct outcome o = {.name = "table_map_run"};
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = entry_count();
    a[4] = roll(50) == 0 ? roll(UINT64_MAX) : map_word_any();
    o.kernel = call_kernel(sys_table_map_run, a, &o.kernel_result);
    o.model = fake_table_map_run(&authority, a[1], a[2], a[3], a[4], &o.model_result);
    return o;
}

static struct outcome do_map_chunk(uint64_t *a)
{
    struct outcome o = {.name = "table_map_chunk"};
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = roll(50) == 0 ? roll(UINT64_MAX) : map_word_any();
    o.kernel = call_kernel(sys_table_map_chunk, a, &o.kernel_result);
    o.model = fake_table_map_chunk(&authority, a[1], a[2], a[3]);
    o.kernel_result = 0;
    return o;
}

static struct outcome do_link(uint64_t *a)
{
    struct outcome o = {.name = "table_link"};
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = table_frame();
    a[4] = roll(40) == 0 ? roll(4) : roll(2);
    o.kernel = call_kernel(sys_table_link, a, &o.kernel_result);
    o.model = fake_table_link(&authority, a[1], a[2], a[3], a[4], &o.model_result);
    o.kernel_result = o.kernel == ERR_OK ? o.kernel_result : 0;
    return o;
}

typedef err_t range_call(const struct fake_authority *memory, uint64_t table, uint64_t index,
                         uint64_t entries, uint64_t *done_out);

static struct outcome do_range(uint64_t *a, const char *name,
                               err_t (*kernel)(struct thread *, struct capability *),
                               range_call *model)
{
    struct outcome o = {.name = name};
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = entry_count();
    o.kernel = call_kernel(kernel, a, &o.kernel_result);
    o.model = model(&authority, a[1], a[2], a[3], &o.model_result);
    o.kernel_result = o.kernel == ERR_OK ? o.kernel_result : 0;
    return o;
}

static struct outcome do_copy(uint64_t *a)
{
    struct outcome o = {.name = "table_copy"};
    a[1] = table_frame();
    a[2] = table_frame();
    for (unsigned i = 3; i < 7; i++) {
        a[i] = i % 2 == 1 && roll(2) == 0 ? 0 : table_frame();
    }
    a[7] = 0; /* no space to flush: that is not the tables' */
    o.kernel = call_kernel(sys_table_copy, a, &o.kernel_result);
    o.model = fake_table_copy(&authority, &a[1], &o.model_result);
    return o;
}

static struct outcome do_mark(uint64_t *a)
{
    struct outcome o = {.name = "table_mark"};
    a[1] = table_frame();
    a[2] = entry_index();
    a[3] = roll(4) == 0 ? roll(8) : roll(UINT64_MAX) & ~(uint64_t)3;
    o.kernel = call_kernel(sys_table_mark, a, &o.kernel_result);
    o.model = fake_table_mark(&authority, a[1], a[2], a[3]);
    o.kernel_result = 0;
    return o;
}

static struct outcome do_retype(uint64_t *a)
{
    static const uint64_t kinds[] = {KIND_USER, KIND_TABLE, KIND_TABLE, KIND_OBJECT, 77};
    struct outcome o = {.name = "memory_retype"};
    uint64_t offender = 0;
    a[1] = FIRST + roll(CHUNKS) * CHUNK_PAGES + (roll(30) == 0 ? roll(512) : 0);
    a[2] = kinds[roll(5)];
    o.kernel = call_kernel(sys_memory_retype, a, &o.kernel_result);
    o.model = fake_memory_retype(&authority, a[1], a[2], &offender);
    o.kernel_result = 0; /* which of several references is named is nobody's promise */
    return o;
}

static struct outcome step(uint64_t *a)
{
    switch (roll(roll(60) == 0 ? 13 : 12)) {
    case 0:
        return do_create(a);
    case 1:
        return roll(3) == 0 ? do_free(a) : do_create(a);
    case 2:
        return do_map(a);
    case 3:
        return do_map_run(a);
    case 4:
        return do_map_chunk(a);
    case 5:
    case 6:
        return do_link(a);
    case 7:
        return do_range(a, "table_lazy", sys_table_lazy, fake_table_lazy);
    case 8:
        return do_range(a, "table_thaw", sys_table_thaw, fake_table_thaw);
    case 9:
        return do_copy(a);
    case 10:
        return roll(2) == 0 ? do_range(a, "table_protect", sys_table_protect, fake_table_protect)
                            : do_mark(a);
    case 11:
        return do_range(a, "table_drop", sys_table_drop, fake_table_drop);
    default:
        return do_retype(a);
    }
}

static void compare_memory(uint64_t seed, unsigned number, const char *name)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        uint64_t first = FIRST + (uint64_t)i * CHUNK_PAGES;
        if (chunks.records[i].kind != fake_kind(first)) {
            fail_msg("seed %llu, call %u (%s): chunk %u is of kind %u and %u",
                     (unsigned long long)seed, number, name, i, chunks.records[i].kind,
                     fake_kind(first));
        }
        for (uint64_t frame = first;
             chunks.records[i].kind == KIND_TABLE && frame < first + CHUNK_PAGES; frame++) {
            bool is_root = frame != first && fake_record(frame)->state == TABLE_LEVEL_ROOT + 1;
            size_t bytes = is_root ? PAGE_BYTES / 2 : PAGE_BYTES; /* the kernel's half is its own */
            if (memcmp(arch_window((paddr_t){frame << PAGE_SHIFT}), fake_memory_at(frame), bytes) !=
                0) {
                fail_msg("seed %llu, call %u (%s): frame 0x%llx differs", (unsigned long long)seed,
                         number, name, (unsigned long long)frame);
            }
        }
    }
}

/* Agreement on refusals alone would say little: each call must also have done its work. */
static struct {
    const char *name;
    unsigned calls, successes;
} tally[16];

static void count(const struct outcome *o)
{
    unsigned i = 0;
    while (tally[i].name != NULL && tally[i].name != o->name) {
        i++;
    }
    tally[i].name = o->name;
    tally[i].calls++;
    tally[i].successes += o->kernel == ERR_OK;
}

static void report(void)
{
    for (unsigned i = 0; tally[i].name != NULL; i++) {
        printf("# %s: %u calls, %u of them OK\n", tally[i].name, tally[i].calls,
               tally[i].successes);
        assert_true(tally[i].successes >= 20);
    }
}

static void run(uint64_t seed, unsigned steps)
{
    uint64_t arguments[SYSCALL_ARGUMENTS + 1];
    begin(seed);
    for (unsigned i = 0; i < 2; i++) { /* two TABLE chunks to begin with, as far as allowed */
        uint64_t ignored;
        arguments[1] = FIRST + (CHUNKS - 1 - i) * CHUNK_PAGES;
        arguments[2] = KIND_TABLE;
        err_t kernel = call_kernel(sys_memory_retype, arguments, &ignored);
        assert_int_equal(kernel,
                         fake_memory_retype(&authority, arguments[1], KIND_TABLE, &ignored));
    }
    for (unsigned i = 0; i < steps; i++) {
        struct outcome o = step(arguments);
        count(&o);
        if (o.kernel != o.model || o.kernel_result != o.model_result) {
            fail_msg("seed %llu, call %u (%s): the kernel says %d, %llu; the model %d, %llu",
                     (unsigned long long)seed, i, o.name, o.kernel,
                     (unsigned long long)o.kernel_result, o.model,
                     (unsigned long long)o.model_result);
        }
        if (i % 64 == 0 || i + 1 == steps) {
            compare_memory(seed, i, o.name);
        }
    }
    end();
}

static void kernel_and_model_agree_bit_for_bit(void **unused)
{
    const char *text = getenv("TEST_SEED");
    (void)unused;
    if (text != NULL) {
        run(strtoull(text, NULL, 0), STEPS);
        return;
    }
    for (uint64_t seed = 1; seed <= 8; seed++) {
        printf("# TEST_SEED=%llu\n", (unsigned long long)seed);
        run(seed, STEPS / 4);
    }
    report();
}

/* A drop is interrupted; before it goes on, somebody else maps into what it has passed, or the call
 * that goes on is another one. Either way no entry may stand in a group that counts as unused (T4):
 * a scrub would pass it by, and a free would leave it. */
static void a_drop_hides_no_entry_that_came_meanwhile(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        uint64_t a[SYSCALL_ARGUMENTS + 1] = {0}, ignored;
        uint64_t table = FIRST + (CHUNKS - 1) * CHUNK_PAGES + 1;
        begin(seed);
        authority = (struct fake_authority){FIRST, CHUNKS * CHUNK_PAGES, RIGHTS_ALL};
        capability_make_range(captable_slot(slots, SLOT_MEMORY), OBJECT_MEMORY, RIGHTS_ALL,
                              authority.first_frame, authority.frames);
        a[1] = table - 1;
        a[2] = KIND_TABLE;
        assert_int_equal(call_kernel(sys_memory_retype, a, &ignored), ERR_OK);
        a[1] = table;
        a[2] = TABLE_LEVEL_LEAF;
        assert_int_equal(call_kernel(sys_table_create, a, &ignored), ERR_OK);
        a[2] = 0;
        a[3] = 400;
        a[4] = (uint64_t)FIRST << MAP_FRAME_SHIFT | MAP_R;
        assert_int_equal(call_kernel(sys_table_map_run, a, &ignored), ERR_OK);

        struct thread other = caller;
        other.progress = roll(3) == 0 ? roll(200) : 0; /* of some call before */
        do {
            other.registers[argument_registers[0]] = SLOT_MEMORY;
            other.registers[argument_registers[1]] = table;
            other.registers[argument_registers[2]] = seed % 64;
            other.registers[argument_registers[3]] = 250;
            a[2] = roll(250);
            a[3] = 1;
            a[4] = (uint64_t)FIRST << MAP_FRAME_SHIFT | MAP_R | MAP_W;
            assert_int_equal(call_kernel(sys_table_map, a, &ignored), ERR_OK);
        } while (sys_table_drop(&other, captable_slot(slots, SLOT_MEMORY)) == ERR_RESTART);

        const uint64_t *entries = arch_window((paddr_t){table << PAGE_SHIFT});
        const struct table_record *record = table_record_of((frame_t){table});
        for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
            assert_true(entries[i] == 0 || (record->groups >> (i / TABLE_GROUP_ENTRIES) & 1) != 0);
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drop_hides_no_entry_that_came_meanwhile),
        cmocka_unit_test(kernel_and_model_agree_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
