/* Lives of processes: birth and exec leave the books as they should be, whatever fails.
 * sources: servers/proc/account.c servers/proc/body.c servers/proc/end.c servers/proc/image.c
 * sources: servers/proc/kill.c servers/proc/life.c servers/proc/news.c servers/proc/object.c
 * sources: servers/proc/process.c servers/proc/reply.c servers/proc/slots.c servers/proc/thread.c
 * sources: servers/proc/wait.c libsys/core/store.c libsys/core/print.c libsys/core/format.c
 * sources: libsys/load/load.c libsys/load/elf.c libsys/load/cpio.c
 * sources: tests/host/servers/proc/world.c tests/host/servers/proc/family.c
 * sources: tests/host/servers/proc/tool_archive.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <byre/gen/proc.h>

#include "end.h"
#include "family.h"
#include "kill.h"
#include "signals.h"
#include "slots.h"
#include "wait.h"

static void a_badge_is_never_used_again(void **state)
{
    (void)state;
    uint64_t last = 0;

    for (unsigned i = 0; i < 300; i++) {
        struct process *child = fork_of(shell);
        struct wait_answer answer;
        assert_true(child->badge >> 32 > last);
        last = child->badge >> 32;
        assert_ptr_equal(process_by_badge(child->badge), child);
        end_process(child, 0);
        assert_null(process_by_badge(child->badge));
        assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    }
}

enum act { ACT_FORK, ACT_SPAWN, ACT_SPAWN_TREE, ACT_EXEC, ACTS };

static err_t act(enum act what, struct process **child_out)
{
    struct thread_start start = {.pc = 0x1000};

    switch (what) {
    case ACT_FORK:
        return life_fork(shell, &start, child_out);
    case ACT_SPAWN:
        return life_spawn(shell, "/bin/tool", &family_block, 0, child_out);
    case ACT_SPAWN_TREE:
        return life_spawn(shell, "bin/tool", &family_block, SPAWN_TREE, child_out);
    default:
        *child_out = NULL;
        return life_exec(shell, "bin/tool", &family_block);
    }
}

/* From spares, or from memory, of an image that the pager knows or is taught again: everything that
 * can fail does, once. */
static void fail_each_step(unsigned steps, bool forgotten)
{
    for (enum act what = 0; what < ACTS; what++) {
        for (unsigned k = 1;; k++) {
            struct world_count before = world_count();
            uint32_t processes = process_table_statistics().processes;
            unsigned running = world_running();
            uint64_t badge = shell->badge;
            struct process *child;
            if (forgotten) {
                world_forget_image();
            }
            /* The last step of exec, starting a thread, cannot fail any more (F3). */
            world_fail_after(k);
            err_t error = act(what, &child);
            bool struck = world_failed();
            world_fail_after(0);
            if (!struck || (what == ACT_EXEC && error == ERR_OK)) {
                assert_int_equal(error, ERR_OK);
                assert_true(k > steps); /* there were steps that could fail */
                if (child != NULL) {
                    end_process(child, 0);
                }
                break;
            }
            assert_int_equal(error, PROC_ERR_NOMEM);
            assert_same(before, world_count());
            assert_int_equal(process_table_statistics().processes, processes);
            assert_int_equal(world_running(), running);
            assert_ptr_equal(process_by_badge(badge), shell);
        }
    }
}

static void every_failure_leaves_everything_as_it_was(void **state)
{
    (void)state;
    /* Grow the caches first: what a first use makes stays for the next. */
    for (enum act what = 0; what < ACTS; what++) {
        struct process *child;
        assert_int_equal(act(what, &child), ERR_OK);
        if (child != NULL) {
            struct wait_answer answer;
            end_process(child, 0);
            assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
        }
    }
    for (int forgotten = 0; forgotten <= 1; forgotten++) {
        fail_each_step(2, forgotten);
        (void)family_end(state); /* the last failure of exec has ended the shell */
        (void)family_begin(state);
    }
    object_keep_spares(false);
    fail_each_step(4, false);
    object_keep_spares(true);
}

static void every_shortage_of_records_leaves_everything_as_it_was(void **state)
{
    (void)state;
    uint64_t (*const hooks[])(uint64_t) = {process_fail_after, thread_fail_after, object_fail_after,
                                           slots_fail_after};

    for (unsigned hook = 0; hook < 4; hook++) {
        for (uint64_t k = 1; k < 4; k++) {
            struct world_count before = world_count();
            struct process *child;
            (void)hooks[hook](k);
            err_t error = act(ACT_FORK, &child);
            (void)hooks[hook](0);
            if (error == ERR_OK) {
                break;
            }
            assert_true(error == PROC_ERR_NOMEM || error == PROC_ERR_AGAIN);
            assert_same(before, world_count());
        }
    }
}

static void a_bomb_leaves_room_for_other_trees(void **state)
{
    (void)state;
    struct process *bomb;
    struct process *other;
    struct thread_start start = {.pc = 0x1000};
    struct process *child;
    unsigned forks = 0;

    assert_int_equal(life_spawn(shell, "bin/tool", &family_block, SPAWN_TREE, &bomb), ERR_OK);
    while (life_fork(bomb, &start, &child) == ERR_OK) {
        forks++;
    }
    assert_true(forks > 100);
    assert_int_equal(life_fork(bomb, &start, &child), PROC_ERR_AGAIN);
    assert_int_equal(life_spawn(shell, "bin/tool", &family_block, SPAWN_TREE, &other), ERR_OK);
    assert_int_equal(kill_request(NULL, (uint64_t) - (int64_t)bomb->pid, SIGNAL_KILL), ERR_OK);
    family_finish();
    assert_int_equal(process_table_statistics().processes, 4); /* init, shell, other, zombie */
}

static void a_pid_comes_back_only_after_all_others(void **state)
{
    (void)state;
    struct tree *emptied;
    struct process *keeper = process_create(shell, shell->tree);
    uint32_t last = keeper->pid;
    unsigned wraps = 0;

    for (unsigned i = 0; i < 2 * PROCESS_PID_MAX; i++) {
        struct process *process = process_create(shell, shell->tree);
        uint32_t pid = process->pid;
        assert_true(pid != shell->pid && pid != keeper->pid && pid != PROCESS_PID_INIT);
        assert_true(pid <= PROCESS_PID_MAX);
        wraps += pid < last;
        last = pid;
        process_stop(process, 0);
        process_end(process);
        assert_ptr_equal(process_by_pid(pid), process);
        process_reap(process, &emptied);
        assert_null(process_by_pid(pid));
    }
    assert_int_equal(wraps, 2);
    process_stop(keeper, 0);
    process_end(keeper);
    process_reap(keeper, &emptied);
}

static void threads_park_in_slots_of_their_own(void **state)
{
    (void)state;
    struct body *body = &shell->body;
    struct thread *threads[64];
    uint64_t seen = 0;
    unsigned made = 0;

    while (thread_make(body, &threads[made]) == ERR_OK) {
        uint64_t bit = 1ul << threads[made]->park_slot;
        assert_true(threads[made]->park_slot >= 32);
        assert_int_equal(seen & bit, 0);
        seen |= bit;
        assert_ptr_equal(thread_by_id(body, thread_id(threads[made])), threads[made]);
        made++;
    }
    assert_int_equal(made, 32);
    assert_int_equal(body_harts(body), 15); /* each hart has some of them */
    struct thread *again;
    uint64_t old = thread_id(threads[3]);
    thread_end(body, threads[3]);
    assert_int_equal(thread_make(body, &again), ERR_OK);
    assert_int_not_equal(thread_id(again), old);
    assert_null(thread_by_id(body, old));
    end_process(shell, 0);
    assert_int_equal(world_running(), 0);
}

static void threads_come_and_go_beside_the_first(void **state)
{
    (void)state;
    struct thread_start start = {.pc = 0x1000};
    struct world_count before = world_count();
    struct thread *thread;

    for (unsigned i = 0; i < 3; i++) { /* in the same slot of the table each time */
        assert_int_equal(body_add_thread(&shell->body, &start, &thread), ERR_OK);
        assert_int_equal(shell->body.thread_count, 2);
        body_drop_thread(&shell->body, thread);
        assert_same(before, world_count());
    }
    object_keep_spares(false);
    for (unsigned k = 1; k == 1 || world_failed(); k++) {
        world_fail_after(k);
        err_t error = body_add_thread(&shell->body, &start, &thread);
        world_fail_after(0);
        if (error == ERR_OK) {
            body_drop_thread(&shell->body, thread);
            break;
        }
        assert_int_equal(error, PROC_ERR_NOMEM);
        assert_same(before, world_count());
    }
    object_keep_spares(true);
}

/* What a process leaves is what the next one gets: emptied (the world asserts that), and not
 * lost. */
static void bodies_are_used_again(void **state)
{
    (void)state;
    struct process *child[3];

    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < 3; i++) {
            child[i] = fork_of(shell);
        }
        uint32_t spares = object_memory_statistics().spare;
        uint32_t live = object_memory_statistics().live;
        for (unsigned i = 0; i < 3; i++) {
            end_process(child[i], 0);
        }
        assert_int_equal(object_memory_statistics().spare,
                         spares + 3 * 3); /* table, thread, park */
        assert_int_equal(object_memory_statistics().live, live);
    }
    struct world_count before = world_count();
    object_keep_spares(false);
    assert_int_equal(object_memory_statistics().spare, 0);
    assert_same(before, world_count());
    object_keep_spares(true);
}

/* The pager is asked for nothing that makes it forget how the program's spaces begin. */
static void a_new_tree_begins_with_the_image_of_before(void **state)
{
    (void)state;
    unsigned made = world_images_made();
    struct process *child;

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(act(ACT_SPAWN_TREE, &child), ERR_OK);
        end_process(child, 0);
    }
    assert_int_equal(world_images_made(), made);
}

static void programs_that_are_none_are_named_errors(void **state)
{
    (void)state;
    struct process *child;
    struct body_block bad = family_block;

    assert_int_equal(life_spawn(shell, "bin/none", &family_block, 0, &child), PROC_ERR_NOENT);
    assert_int_equal(life_spawn(shell, "", &family_block, 0, &child), PROC_ERR_NOENT);
    assert_int_equal(
        life_spawn(shell, "0123456789012345678901234567890123", &family_block, 0, &child),
        PROC_ERR_NOENT);
    bad.bytes = 0;
    assert_int_equal(life_spawn(shell, "bin/tool", &bad, 0, &child), PROC_ERR_INVAL);
    bad.bytes = 128 * 1024 + 1;
    assert_int_equal(life_spawn(shell, "bin/tool", &bad, 0, &child), PROC_ERR_2BIG);
}

/* A body whose objects are the last of a chunk: the chunk goes, once. */
static void a_chunk_goes_with_its_last_body(void **state)
{
    (void)state;
    enum { TABLES_A_CHUNK = 1024 };
    static const uint64_t types[] = {OBJECT_CAPTABLE, OBJECT_THREAD, OBJECT_NOTIFICATION};
    static struct object objects[2 * TABLES_A_CHUNK];
    unsigned count = 0;
    unsigned last[3];

    for (unsigned i = 0; i < 3; i++) { /* until they stand in the second one */
        do {
            assert_int_equal(object_make(types[i], &objects[count++]), ERR_OK);
        } while (objects[count - 1].place.chunk == 0);
        last[i] = count - 1;
    }
    uint32_t chunks = object_memory_statistics().chunks;
    if (!object_leave_spares(&objects[last[0]], &objects[last[1]], &objects[last[2]])) {
        for (unsigned i = 0; i < 3; i++) {
            object_unmake(&objects[last[i]]);
        }
    }
    assert_int_equal(object_memory_statistics().chunks, chunks - 1);
    while (count > 0) {
        object_unmake(&objects[--count]);
    }
    assert_int_equal(object_memory_statistics().chunks, chunks - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chunk_goes_with_its_last_body, family_begin, family_end),
        cmocka_unit_test_setup_teardown(a_badge_is_never_used_again, family_begin, family_end),
        cmocka_unit_test_setup_teardown(every_failure_leaves_everything_as_it_was, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(every_shortage_of_records_leaves_everything_as_it_was,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(a_bomb_leaves_room_for_other_trees, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(a_pid_comes_back_only_after_all_others, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(threads_park_in_slots_of_their_own, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(threads_come_and_go_beside_the_first, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(bodies_are_used_again, family_begin, family_end),
        cmocka_unit_test_setup_teardown(a_new_tree_begins_with_the_image_of_before, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(programs_that_are_none_are_named_errors, family_begin,
                                        family_end),
    };
    return cmocka_run_group_tests(tests, family_begin_all, NULL);
}
