/* Tables and the scrub: no request makes an entry that breaks a rule, counts follow entries, and a
 * chunk changes kind only when nothing refers to it.
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

#include "kernel/world.h"

#define MEMORY                     INIT_SLOT_MEMORY
#define WORD(frame_struct, rights) ((frame_struct).number << MAP_FRAME_SHIFT | (rights))

static err_t map(frame_t table, uint64_t index, uint64_t word)
{
    return SYSTEM_CALL(SYS_TABLE_MAP, MEMORY, table.number, index, 1, word);
}

static err_t map_chunk(frame_t table, uint64_t index, uint64_t word)
{
    return SYSTEM_CALL(SYS_TABLE_MAP_CHUNK, MEMORY, table.number, index, word);
}

static err_t link_table(frame_t table, uint64_t index, frame_t child, uint64_t is_lazy)
{
    return SYSTEM_CALL(SYS_TABLE_LINK, MEMORY, table.number, index, child.number, is_lazy);
}

static err_t range_call(uint64_t number, frame_t table, uint64_t index, uint64_t entries)
{
    return SYSTEM_CALL(number, MEMORY, table.number, index, entries);
}

static err_t copy(frame_t target, frame_t source)
{
    return SYSTEM_CALL(SYS_TABLE_COPY, MEMORY, target.number, source.number, 0);
}

static err_t retype(unsigned chunk, uint64_t kind)
{
    return SYSTEM_CALL(SYS_MEMORY_RETYPE, MEMORY, fake_frame(chunk, 0).number, kind);
}

static uint64_t entry(frame_t table, unsigned index)
{
    return table_entries_of(table)[index];
}

static void a_leaf_entry_is_composed_by_rule(void **state)
{
    frame_t leaf = world_table(0);
    frame_t middle = world_table(1);
    frame_t user = world_user_frame(9);
    uint64_t narrow = world_slot();

    (void)state;
    assert_int_equal(map(leaf, 0, WORD(user, 0)), ERR_ARGUMENT);
    assert_int_equal(map(leaf, 0, WORD(user, MAP_W)), ERR_ARGUMENT);
    assert_int_equal(map(leaf, 0, WORD(user, MAP_X)), ERR_ARGUMENT);
    assert_int_equal(map(leaf, 0, WORD(user, MAP_R | MAP_W | MAP_X)), ERR_ARGUMENT);
    assert_int_equal(map(leaf, 0, WORD(user, MAP_R) | 1 << 5), ERR_ARGUMENT);
    assert_int_equal(map(leaf, 512, WORD(user, MAP_R)), ERR_RANGE);
    assert_int_equal(map(leaf, UINT64_MAX, WORD(user, MAP_R)), ERR_RANGE);
    assert_int_equal(map(middle, 0, WORD(user, MAP_R)), ERR_LEVEL);
    assert_int_equal(map(user, 0, WORD(user, MAP_R)), ERR_KIND);
    assert_int_equal(map(fake_frame(WORLD_TABLE_CHUNK, 400), 0, WORD(user, MAP_R)), ERR_LEVEL);
    assert_int_equal(map(leaf, 0, MAP_R), ERR_RANGE);
    assert_int_equal(map(leaf, 0, WORD(fake_frame(0, 1), MAP_R)), ERR_KIND);
    assert_int_equal(map(leaf, 0, WORD(fake_frame(WORLD_OBJECT_CHUNK, 5), MAP_R)), ERR_KIND);
    assert_int_equal(map(leaf, 0, WORD(leaf, MAP_R | MAP_W)), ERR_ARGUMENT);
    assert_int_equal(entry(leaf, 0), 0);
    assert_int_equal(table_record_of(leaf)->groups, 0);
    assert_int_equal(map(leaf, 0, WORD(leaf, MAP_R)), ERR_OK);
    assert_int_equal(map(leaf, 100, WORD(user, MAP_R | MAP_W | MAP_SOFT1)), ERR_OK);
    assert_int_equal(entry(leaf, 100), user.number << 10 | 0x2d7);
    assert_int_equal(map(leaf, 100, WORD(user, MAP_R | MAP_X | MAP_SOFT0)), ERR_OK);
    assert_int_equal(entry(leaf, 100), user.number << 10 | 0x15b);
    assert_int_equal(table_record_of(leaf)->groups, 1 << 3 | 1);
    assert_int_equal(SYSTEM_CALL(SYS_MEMORY_DERIVE, MEMORY, fake_frame(0, 0).number,
                                 FAKE_CHUNKS * CHUNK_PAGES, RIGHT_BIND, 0, narrow),
                     ERR_OK);
    assert_int_equal(
        SYSTEM_CALL(SYS_TABLE_MAP, narrow, leaf.number, 0, 1, WORD(user, MAP_R | MAP_W)),
        ERR_RIGHTS);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP, narrow, leaf.number, 0, 1, WORD(user, MAP_R)),
                     ERR_OK);
}

/* Its frame may have been filled a moment ago: what is fetched must not be older. One fence a call. */
static void an_executable_entry_comes_with_a_fence_of_code(void **state)
{
    frame_t leaf = world_table(0);
    uint64_t word = world_user_frame(9).number << MAP_FRAME_SHIFT;
    struct map_item item;

    (void)state;
    assert_int_equal(map(leaf, 0, word | MAP_R | MAP_W), ERR_OK);
    assert_int_equal(map(leaf, 1, word | MAP_R), ERR_OK);
    assert_int_equal(fake.code_fences, 0);
    assert_int_equal(map(leaf, 2, word | MAP_R | MAP_X), ERR_OK);
    assert_int_equal(fake.code_fences, 1);
    assert_int_equal(
        SYSTEM_CALL(SYS_TABLE_MAP_RUN, MEMORY, leaf.number, 30, 5, word | MAP_R | MAP_X), ERR_OK);
    assert_int_equal(fake.code_fences, 2);
    assert_int_equal(
        table_decode_item(captable_slot(init->captable, MEMORY), leaf, word | MAP_R | MAP_X, &item),
        ERR_OK);
    assert_int_equal(fake.code_fences, 3);
}

static void a_batch_says_how_far_it_came(void **state)
{
    frame_t leaf = world_table(0);
    uint64_t good = WORD(world_user_frame(1), MAP_R);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP, MEMORY, leaf.number, 10, 4, good | good << 32,
                                 good | UINT64_C(1) << 63),
                     ERR_ARGUMENT);
    assert_int_equal(world_result(0), 3);
    assert_int_not_equal(entry(leaf, 12), 0);
    assert_int_equal(entry(leaf, 13), 0);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP, MEMORY, leaf.number, 0, 17, good), ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP, MEMORY, leaf.number, 0, 0, good), ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP, MEMORY, leaf.number, 510, 3, good, good),
                     ERR_RANGE);
    fake.pending_one_in = 1;
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP_RUN, MEMORY, leaf.number, 7, 500, good), ERR_OK);
    assert_int_equal(world_result(0), 500);
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(entry_frame(entry(leaf, 7 + i)).number, world_user_frame(1 + i).number);
    }
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP_RUN, MEMORY, leaf.number, 0, 100,
                                 WORD(fake_frame(FAKE_CHUNKS - 1, CHUNK_PAGES - 60), MAP_R)),
                     ERR_RANGE);
    assert_int_equal(world_result(0), 60);
}

static void device_frames_map_without_execute(void **state)
{
    frame_t leaf = world_table(0);

    (void)state;
#define DEVICE(first, count, rights) \
    SYSTEM_CALL(SYS_TABLE_MAP_DEVICE, MEMORY, leaf.number, 3, count, SLOT_DEVICE, first, rights)
    assert_int_equal(DEVICE(WORLD_DEVICE_FRAME, WORLD_DEVICE_FRAMES, MAP_R | MAP_W), ERR_OK);
    assert_int_equal(entry(leaf, 4), (uint64_t)(WORLD_DEVICE_FRAME + 1) << 10 | 0xd7);
    assert_int_equal(DEVICE(WORLD_DEVICE_FRAME, WORLD_DEVICE_FRAMES + 1, MAP_R), ERR_RANGE);
    assert_int_equal(DEVICE(world_user_frame(0).number, 1, MAP_R), ERR_RANGE);
    assert_int_equal(DEVICE(WORLD_DEVICE_FRAME, 1, MAP_R | MAP_X), ERR_ARGUMENT);
    assert_int_equal(DEVICE(WORLD_DEVICE_FRAME, 1, 0), ERR_ARGUMENT);
    captable_slot(init->captable, SLOT_DEVICE)->rights = 0;
    assert_int_equal(DEVICE(WORLD_DEVICE_FRAME, 1, MAP_R | MAP_W), ERR_RIGHTS);
}

static void links_count_their_children(void **state)
{
    frame_t root = world_table(2);
    frame_t middle = world_table(1);
    frame_t other = world_table(1);
    frame_t leaf = world_table(0);

    (void)state;
    assert_int_equal(link_table(root, 0, leaf, 0), ERR_LEVEL);
    assert_int_equal(link_table(root, 0, root, 0), ERR_LEVEL);
    assert_int_equal(link_table(leaf, 0, leaf, 0), ERR_LEVEL);
    assert_int_equal(link_table(root, 256, middle, 0), ERR_RANGE);
    assert_int_equal(link_table(root, 0, middle, 2), ERR_ARGUMENT);
    assert_int_equal(link_table(root, 0, middle, 0), ERR_OK);
    assert_int_equal(world_result(0), 0);
    assert_int_equal(entry(root, 0), middle.number << 10 | 1);
    assert_int_equal(link_table(root, 0, middle, 1), ERR_OK);
    assert_int_equal(world_result(0), middle.number);
    assert_int_equal(entry(root, 0), middle.number << 10 | 2);
    assert_int_equal(table_record_of(middle)->count, 1);
    assert_int_equal(link_table(root, 0, other, 0), ERR_OK);
    assert_int_equal(world_result(0), middle.number);
    assert_int_equal(table_record_of(middle)->count, 0);
    table_record_of(middle)->count = UINT32_MAX;
    world_is_unchecked = true;
    assert_int_equal(link_table(root, 1, middle, 0), ERR_COUNT);
    world_is_unchecked = false;
    table_record_of(middle)->count = 0;
    assert_int_equal(map_chunk(other, 5, WORD(fake_frame(4, 0), MAP_R | MAP_W)), ERR_OK);
    assert_int_equal(link_table(other, 5, leaf, 0), ERR_OCCUPIED);
    assert_int_equal(link_table(other, 6, leaf, 0), ERR_OK);
    assert_int_equal(map_chunk(other, 6, WORD(fake_frame(4, 0), MAP_R)), ERR_OCCUPIED);
    assert_int_equal(map_chunk(other, 7, WORD(fake_frame(4, 1), MAP_R)), ERR_ALIGN);
    assert_int_equal(map_chunk(other, 7, WORD(fake_frame(4, 0), MAP_R | MAP_X)), ERR_ARGUMENT);
    assert_int_equal(map_chunk(other, 7, WORD(fake_frame(1, 0), MAP_R)), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, other.number), ERR_BUSY); /* count */
    assert_int_equal(range_call(SYS_TABLE_DROP, root, 0, 256), ERR_OK);
    assert_int_equal(world_result(0), 1);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, other.number), ERR_BUSY); /* its leaf */
    assert_int_equal(range_call(SYS_TABLE_DROP, other, 6, 1), ERR_OK);
    fake.pending_one_in = 1;
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, other.number), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, other.number), ERR_EMPTY);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, root.number), ERR_OK);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        assert_int_equal(entry(root, i) | entry(other, i), 0); /* T5 */
    }
}

static void copies_are_lazy_above_and_read_only_below(void **state)
{
    frame_t root = world_table(2);
    frame_t root_copy = world_table(2);
    frame_t middle = world_table(1);
    frame_t leaf = world_table(0);
    frame_t leaf_copy = world_table(0);
    uint64_t user = WORD(world_user_frame(0), MAP_R | MAP_W);

    (void)state;
    assert_int_equal(link_table(root, 3, middle, 0), ERR_OK);
    assert_int_equal(copy(root_copy, root), ERR_OK);
    assert_int_equal(world_result(0), 1);
    assert_int_equal(entry(root, 3), middle.number << 10 | 2);
    assert_int_equal(entry(root_copy, 3), middle.number << 10 | 2);
    assert_int_equal(table_record_of(middle)->count, 2);
    assert_int_equal(copy(root_copy, root), ERR_OK); /* what is there stays */
    assert_int_equal(world_result(0), 0);
    assert_int_equal(table_record_of(middle)->count, 2);
    assert_int_equal(copy(root, root), ERR_ARGUMENT);
    assert_int_equal(copy(middle, root), ERR_LEVEL);
    assert_int_equal(range_call(SYS_TABLE_THAW, root, 0, 256), ERR_OK);
    assert_int_equal(world_result(0), 0); /* still shared */
    assert_int_equal(range_call(SYS_TABLE_DROP, root_copy, 3, 1), ERR_OK);
    assert_int_equal(range_call(SYS_TABLE_THAW, root, 0, 256), ERR_OK);
    assert_int_equal(world_result(0), 1);
    assert_int_equal(entry(root, 3), middle.number << 10 | 1);
    assert_int_equal(range_call(SYS_TABLE_LAZY, root, 0, 256), ERR_OK);
    assert_int_equal(world_result(0), 1);

    fake.pending_one_in = 1;
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP_RUN, MEMORY, leaf.number, 0, 300, user), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MARK, MEMORY, leaf.number, 400, 0xabc0), ERR_OK);
    assert_int_equal(copy(leaf_copy, leaf), ERR_OK);
    assert_int_equal(world_result(0), 301);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(entry(leaf, i), world_user_frame(i).number << 10 | 0x53);
        assert_int_equal(entry(leaf_copy, i), entry(leaf, i));
    }
    assert_int_equal(entry(leaf_copy, 400), 0xabc0);
    assert_int_equal(map(leaf, 0, user), ERR_OK);
    assert_int_equal(range_call(SYS_TABLE_PROTECT, leaf, 0, 512), ERR_OK);
    assert_int_equal(world_result(0), 1);
    assert_int_equal(range_call(SYS_TABLE_PROTECT, middle, 0, 512), ERR_LEVEL);
    assert_int_equal(range_call(SYS_TABLE_LAZY, leaf, 0, 512), ERR_LEVEL);
    assert_int_equal(range_call(SYS_TABLE_DROP, leaf, 1, 511), ERR_OK);
    assert_int_equal(table_record_of(leaf)->groups, 1);
}

/* Somebody changed the code between the slices of a drop: the call that is made next copies. */
static void a_copy_with_the_progress_of_another_call_stays_in_its_tables(void **state)
{
    frame_t source = world_table(0);
    frame_t target = world_table(0);
    uint64_t user = WORD(world_user_frame(0), MAP_R | MAP_W);

    (void)state;
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_MAP_RUN, MEMORY, source.number, 0, 512, user), ERR_OK);
    for (uint64_t progress = 480; progress < 512; progress++) {
        init->progress = progress;
        assert_int_equal(copy(target, source), ERR_OK);
    }
    init->progress = UINT64_C(3) << 16; /* as if all pairs were done, and none was looked at */
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_COPY, MEMORY, target.number, source.number, 0, 0, 0, 0,
                                 UINT64_C(1) << 40),
                     ERR_RANGE);
    init->progress = 0;
    assert_int_equal(entry(target, 479), 0);
    assert_int_equal(entry(target, 480), entry(source, 480));
    assert_int_equal(entry(target, 511), entry(source, 511));
    assert_int_equal(table_record_of(target)->groups, 1 << 15);
}

static void the_pagers_own_entries_never_become_valid(void **state)
{
    frame_t leaf = world_table(0);
    frame_t middle = world_table(1);
    frame_t root = world_table(2);

    (void)state;
#define MARK(frame_struct, index, value) \
    SYSTEM_CALL(SYS_TABLE_MARK, MEMORY, (frame_struct).number, index, value)
    assert_int_equal(MARK(leaf, 0, 0), ERR_ARGUMENT);
    assert_int_equal(MARK(leaf, 0, 1), ERR_ARGUMENT);
    assert_int_equal(MARK(leaf, 0, 2), ERR_ARGUMENT);
    assert_int_equal(MARK(leaf, 0, UINT64_MAX & ~3ul), ERR_OK);
    assert_int_equal(MARK(root, 256, 4), ERR_RANGE);
    assert_int_equal(link_table(middle, 0, leaf, 0), ERR_OK);
    assert_int_equal(MARK(middle, 0, 4), ERR_OCCUPIED);
    assert_int_equal(MARK(middle, 1, middle.number << 10 | 4), ERR_OK);
    assert_int_equal(range_call(SYS_TABLE_THAW, middle, 0, 512), ERR_OK);
    assert_int_equal(world_result(0), 0);
    assert_int_equal(map(leaf, 0, WORD(world_user_frame(1), MAP_R)), ERR_OK); /* replaces it */
}

static void a_root_serves_one_space(void **state)
{
    frame_t root = world_table(2);
    uint64_t space = world_object(OBJECT_SPACE, 0);
    uint64_t other = world_object(OBJECT_SPACE, 0);

    (void)state;
#define SET_ROOT(slot, frame_struct) \
    SYSTEM_CALL(SYS_SPACE_SET_ROOT, slot, MEMORY, (frame_struct).number)
    assert_int_equal(SET_ROOT(space, world_table(1)), ERR_LEVEL);
    assert_int_equal(SET_ROOT(space, root), ERR_OK);
    assert_int_equal(SET_ROOT(space, root), ERR_BUSY);
    assert_int_equal(SET_ROOT(other, root), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, root.number), ERR_BUSY);
    assert_int_equal(SYSTEM_CALL(SYS_SPACE_FLUSH, space, 0x1000, 3), ERR_OK);
    assert_int_equal(fake.flushes_page, 1); /* one word to the other harts, however many pages */
    assert_int_equal(fake.last_flush_address, 0x1000);
    assert_int_equal(fake.last_flush_pages, 3);
    assert_int_equal(SYSTEM_CALL(SYS_SPACE_FLUSH, space, 0, 0), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_SPACE_FLUSH, space, 0, 17), ERR_OK);
    assert_int_equal(fake.flushes_space, 2);
    assert_int_equal(SYSTEM_CALL(SYS_SPACE_FLUSH, space, UINT64_C(1) << 38, 1), ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_SPACE_FLUSH, space, 0x1000, UINT64_MAX), ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, space), ERR_OK);
    assert_int_equal(table_record_of(root)->count, 0);
    assert_int_equal(SET_ROOT(other, root), ERR_OK);
}

/* ---------------------------------------------------------------------- scrub */
static void a_free_chunk_goes_round_all_kinds(void **state)
{
    frame_t leaf = world_table(0);

    (void)state;
    assert_int_equal(map(leaf, 0, WORD(fake_frame(4, 0), MAP_R)), ERR_OK); /* the neighbour's */
    for (unsigned one_in = 0; one_in < 3; one_in++) {
        fake.pending_one_in = one_in;
        assert_int_equal(retype(5, KIND_TABLE), ERR_OK);
        assert_int_equal(fake.is_open[5], true);
        assert_int_equal(table_entries_of(fake_frame(5, 9))[3], 0);
        assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, MEMORY, fake_frame(5, 0).number, 0),
                         ERR_RANGE);
        assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, MEMORY, fake_frame(5, 9).number, 3),
                         ERR_ARGUMENT);
        assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, MEMORY, fake_frame(5, 9).number, 0), ERR_OK);
        assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, MEMORY, fake_frame(5, 9).number, 0),
                         ERR_OCCUPIED);
        assert_int_equal(retype(5, KIND_USER), ERR_BUSY);
        assert_int_equal(world_result(0), fake_frame(5, 9).number << PAGE_SHIFT);
        assert_int_equal(SYSTEM_CALL(SYS_TABLE_FREE, MEMORY, fake_frame(5, 9).number), ERR_OK);
        assert_int_equal(retype(5, KIND_OBJECT), ERR_OK);
        assert_int_equal(retype(5, KIND_USER), ERR_OK);
        assert_int_equal(fake.is_open[5], false);
    }
    assert_int_equal(retype(0, KIND_USER), ERR_KIND);
    assert_int_equal(retype(5, KIND_KERNEL), ERR_ARGUMENT);
    assert_int_equal(SYSTEM_CALL(SYS_MEMORY_RETYPE, MEMORY, fake_frame(5, 1).number, KIND_TABLE),
                     ERR_ALIGN);
    assert_int_equal(SYSTEM_CALL(SYS_MEMORY_INFO, MEMORY, fake_frame(5, 0).number), ERR_OK);
    assert_int_equal(world_result(0), KIND_USER);
}

static void every_reference_is_found(void **state)
{
    frame_t leaf = world_table(0);
    frame_t middle = world_table(1);

    (void)state;
    assert_int_equal(map(leaf, 499, WORD(fake_frame(5, 511), MAP_R)), ERR_OK);
    assert_int_equal(retype(5, KIND_TABLE), ERR_BUSY);
    assert_int_equal(world_result(0), (leaf.number << PAGE_SHIFT) + 499 * 8);
    assert_int_equal(world_result(1), 499);
    assert_int_equal(chunk_kind(fake_frame(5, 0)), KIND_USER);
    assert_int_equal(range_call(SYS_TABLE_DROP, leaf, 499, 1), ERR_OK);
    assert_int_equal(map_chunk(middle, 77, WORD(fake_frame(5, 0), MAP_R)), ERR_OK);
    assert_int_equal(retype(5, KIND_OBJECT), ERR_BUSY);
    assert_int_equal(world_result(0), (middle.number << PAGE_SHIFT) + 77 * 8);
    assert_int_equal(range_call(SYS_TABLE_DROP, middle, 77, 1), ERR_OK);
    assert_int_equal(retype(5, KIND_TABLE), ERR_OK);
    assert_int_equal(map(leaf, 0, WORD(fake_frame(5, 0), MAP_R)), ERR_OK);
    assert_int_equal(retype(5, KIND_USER), ERR_BUSY);
    assert_int_equal(range_call(SYS_TABLE_DROP, leaf, 0, 1), ERR_OK);
    assert_int_equal(retype(5, KIND_USER), ERR_OK);
}

/* Whatever is tried between two slices, nothing comes to refer to a chunk that is closing. */
static void nothing_is_installed_into_a_closing_chunk(void **state)
{
    frame_t leaf = world_table(0);
    frame_t target = world_table(0);
    frame_t late = {0};

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        late = world_table(0);
        assert_int_equal(map(late, i, WORD(world_user_frame(i), MAP_R)), ERR_OK);
    }
    assert_int_equal(map(late, 300, WORD(fake_frame(5, 3), MAP_R)), ERR_OK);
    fake.pending_one_in = 1;
    init->registers[REGISTER_A0] = MEMORY;
    init->registers[REGISTER_A1] = fake_frame(5, 0).number;
    init->registers[REGISTER_A2] = KIND_TABLE;
    init->registers[REGISTER_A7] = SYS_MEMORY_RETYPE;
    trap_system_call(&hart0);
    fake.pending_one_in = 0;
    assert_int_equal(chunk_kind(fake_frame(5, 0)), KIND_CLOSING);
    assert_int_equal(map(leaf, 0, WORD(fake_frame(5, 3), MAP_R)), ERR_KIND);
    assert_int_equal(map_chunk(world_table(1), 0, WORD(fake_frame(5, 0), MAP_R)), ERR_KIND);
    assert_int_equal(copy(target, late), ERR_KIND);
    assert_int_equal(SYSTEM_CALL(SYS_TABLE_CREATE, MEMORY, fake_frame(5, 3).number, 0), ERR_KIND);
    assert_int_equal(retype(5, KIND_OBJECT), ERR_BUSY); /* goes on where it was */
    assert_int_equal(world_result(0), (late.number << PAGE_SHIFT) + 300 * 8);
    assert_int_equal(range_call(SYS_TABLE_DROP, late, 300, 1), ERR_OK);
    assert_int_equal(retype(5, KIND_OBJECT), ERR_OK);
}

/* Capabilities, a fault endpoint and a timer name objects of the chunk; after it has gone, using
 * them touches nothing (the window is closed: a touch would end the test). */
static void stale_capabilities_are_forgotten_with_their_chunk(void **state)
{
    uint64_t page = fake_frame(5, 7).number;
    uint64_t timer = world_object(OBJECT_TIMER, 0);
    struct thread *thread;

    (void)state;
    assert_int_equal(retype(5, KIND_OBJECT), ERR_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(SYSTEM_CALL(SYS_OBJECT_CREATE, MEMORY, page, i,
                                     i == 0 ? OBJECT_ENDPOINT : OBJECT_NOTIFICATION, 0, 0, 60 + i),
                         ERR_OK);
    }
    thread = world_thread(4, 60);
    world_give(thread, 63, 60, RIGHTS_ALL, 0);
    assert_int_equal(SYSTEM_CALL(SYS_TIMER_SET, timer, 61, fake.time_ticks + 100), ERR_OK);
    assert_int_equal(retype(5, KIND_USER), ERR_BUSY);
    assert_int_equal(world_result(0), page << PAGE_SHIFT);
    assert_int_equal(SYSTEM_CALL(SYS_CAP_DESTROY, 0, 60), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_OBJECT_DESTROY, MEMORY, page, 1), ERR_OK);
    fake.pending_one_in = 2;
    assert_int_equal(retype(5, KIND_USER), ERR_OK);
    assert_int_equal(SYSTEM_CALL(SYS_SIGNAL, 61), ERR_CAP_EMPTY);
    fake.time_ticks += 100;
    core_timer(&hart0);
    world_run(thread);
    assert_int_equal(SYSTEM_CALL(SYS_SEND, 63, 0, 0, 0, 0, 0, 0), ERR_CAP_EMPTY);
    core_fault(&hart0, FAULT_PAGE_READ, 0);
    assert_int_equal(thread->state, THREAD_FAULTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_leaf_entry_is_composed_by_rule),
        TEST(an_executable_entry_comes_with_a_fence_of_code),
        TEST(a_batch_says_how_far_it_came),
        TEST(device_frames_map_without_execute),
        TEST(links_count_their_children),
        TEST(copies_are_lazy_above_and_read_only_below),
        TEST(a_copy_with_the_progress_of_another_call_stays_in_its_tables),
        TEST(the_pagers_own_entries_never_become_valid),
        TEST(a_root_serves_one_space),
        TEST(a_free_chunk_goes_round_all_kinds),
        TEST(every_reference_is_found),
        TEST(nothing_is_installed_into_a_closing_chunk),
        TEST(stale_capabilities_are_forgotten_with_their_chunk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
