/* Lives of processes: birth, exec, end and wait leave the books as they should be, whatever fails.
 * sources: servers/proc/account.c servers/proc/body.c servers/proc/image.c servers/proc/kill.c
 * sources: servers/proc/life.c servers/proc/news.c servers/proc/object.c servers/proc/process.c
 * sources: servers/proc/reply.c servers/proc/slots.c servers/proc/thread.c servers/proc/wait.c
 * sources: libsys/core/store.c libsys/core/print.c libsys/core/format.c libsys/load/load.c
 * sources: libsys/load/elf.c libsys/load/cpio.c tests/host/servers/proc/world.c
 * sources: tests/host/servers/proc/tool_archive.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <byre/gen/proc.h>
#include <byre/program.h>
#include <byre/table.h>

#include "image.h"
#include "kill.h"
#include "life.h"
#include "news.h"
#include "signals.h"
#include "slots.h"
#include "tool_archive.h"
#include "wait.h"
#include "world.h"

#define ANY UINT64_MAX

static const struct life_block block = {.space_id = 1, .address = PAGE_BYTES, .pages = 1};

static struct process *shell;

static int begin_all(void **state)
{
    (void)state;
    tool_archive_make();
    world_start_proc(200);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(life_spawn(process_init(), "bin/tool", &block, 0, &shell), ERR_OK);
    world_forget_replies();
    return 0;
}

/* Nothing is left but init: the last assertion of every test. */
static int end(void **state)
{
    (void)state;
    while (!list_is_empty(&process_init()->children)) {
        life_end(LIST_OWNER(process_init()->children.next, struct process, sibling), 0);
    }
    assert_int_equal(process_table_statistics().processes, 1);
    assert_int_equal(world_running(), 0);
    assert_int_equal(world_count().spaces, 0);
    assert_int_equal(world_count().accounts, 1);
    return 0;
}

static struct process *fork_of(struct process *parent)
{
    struct thread_start start = {.pc = 0x1000};
    struct process *child;

    assert_int_equal(life_fork(parent, &start, &child), ERR_OK);
    return child;
}

static void assert_same(struct world_count before, struct world_count after)
{
    assert_int_equal(before.objects, after.objects);
    assert_int_equal(before.slots, after.slots);
    assert_int_equal(before.spaces, after.spaces);
    assert_int_equal(before.accounts, after.accounts);
}

/* ------------------------------------------------------------------------------------ tests */

static void a_child_that_ends_leaves_only_its_record(void **state)
{
    (void)state;
    struct world_count before = world_count();
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    life_end(child, 3 << 8);
    assert_same(before, world_count()); /* before anybody has waited */
    assert_int_equal(process_by_pid(pid)->state, PROCESS_ZOMBIE);
    assert_int_equal(wait_begin(shell, pid, 0, &answer), ERR_OK);
    assert_int_equal(answer.pid, pid);
    assert_int_equal(answer.status, 3 << 8);
    assert_null(process_by_pid(pid));
    assert_int_equal(wait_begin(shell, pid, 0, &answer), PROC_ERR_CHILD);
}

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
        life_end(child, 0);
        assert_null(process_by_badge(child->badge));
        assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    }
}

static void orphans_go_to_init_in_every_order(void **state)
{
    (void)state;
    static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (unsigned order = 0; order < 6; order++) {
        struct world_count before = world_count();
        struct wait_answer answer;
        struct process *family[3];
        family[0] = fork_of(shell);
        family[1] = fork_of(family[0]);
        family[2] = fork_of(family[1]);
        for (unsigned i = 0; i < 3; i++) {
            life_end(family[orders[order][i]], 0);
        }
        assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
        assert_int_equal(wait_begin(shell, ANY, 0, &answer), PROC_ERR_CHILD);
        assert_same(before, world_count());
        assert_int_equal(process_table_statistics().processes, 2); /* init and the shell */
    }
}

static void a_waiter_is_answered_when_its_child_ends(void **state)
{
    (void)state;
    struct process *first = fork_of(shell);
    struct process *second = fork_of(shell);
    uint32_t pid = second->pid;
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, pid, 0, &answer), ERR_OK);
    assert_true(answer.deferred);
    life_end(first, 1 << 8);
    assert_int_equal(world_replies(), 0);
    life_end(second, 9);
    assert_int_equal(world_replies(), 1);
    assert_int_equal(world_last_reply().label, ERR_OK);
    assert_int_equal(world_last_reply().w[0], pid);
    assert_int_equal(world_last_reply().w[1], 9);
}

static void a_status_is_not_lost_on_a_caller_that_has_gone(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    assert_true(answer.deferred);
    world_set_callers_gone(true);
    life_end(child, 0);
    world_set_callers_gone(false);
    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, &answer), ERR_OK);
    assert_int_equal(answer.pid, pid);
}

static void two_waiters_for_one_child_get_a_status_and_an_error(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    life_end(child, 0);
    assert_int_equal(world_replies(), 2);
    assert_int_equal(world_last_reply().label, PROC_ERR_CHILD);
}

static void wait_without_hanging_tells_that_none_has_ended(void **state)
{
    (void)state;
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, &answer), PROC_ERR_CHILD);
    (void)fork_of(shell);
    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, &answer), ERR_OK);
    assert_int_equal(answer.pid, 0);
    assert_int_equal(wait_begin(shell, 0, 0, &answer), PROC_ERR_INVAL);
    assert_int_equal(wait_begin(shell, ANY, 8, &answer), PROC_ERR_INVAL);
}

enum act { ACT_FORK, ACT_SPAWN, ACT_SPAWN_TREE, ACT_EXEC, ACTS };

static err_t act(enum act what, struct process **child_out)
{
    struct thread_start start = {.pc = 0x1000};

    switch (what) {
    case ACT_FORK:
        return life_fork(shell, &start, child_out);
    case ACT_SPAWN:
        return life_spawn(shell, "/bin/tool", &block, 0, child_out);
    case ACT_SPAWN_TREE:
        return life_spawn(shell, "bin/tool", &block, SPAWN_TREE, child_out);
    default:
        *child_out = NULL;
        return life_exec(shell, "bin/tool", &block);
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
            life_end(child, 0);
            assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
        }
    }
    for (enum act what = 0; what < ACTS; what++) {
        for (unsigned k = 1;; k++) {
            struct world_count before = world_count();
            uint32_t processes = process_table_statistics().processes;
            unsigned running = world_running();
            uint64_t badge = shell->badge;
            struct process *child;
            /* The last step of exec, starting a thread, cannot fail any more (F3). */
            world_fail_after(k);
            err_t error = act(what, &child);
            bool struck = world_failed();
            world_fail_after(0);
            if (!struck || (what == ACT_EXEC && error == ERR_OK)) {
                assert_int_equal(error, ERR_OK);
                assert_true(k > 4); /* there were steps that could fail */
                if (child != NULL) {
                    life_end(child, 0);
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

    assert_int_equal(life_spawn(shell, "bin/tool", &block, SPAWN_TREE, &bomb), ERR_OK);
    while (life_fork(bomb, &start, &child) == ERR_OK) {
        forks++;
    }
    assert_true(forks > 100);
    assert_int_equal(life_fork(bomb, &start, &child), PROC_ERR_AGAIN);
    assert_int_equal(life_spawn(shell, "bin/tool", &block, SPAWN_TREE, &other), ERR_OK);
    assert_int_equal(kill_request(NULL, (uint64_t) - (int64_t)bomb->pid, SIGNAL_KILL), ERR_OK);
    assert_int_equal(process_table_statistics().processes, 4); /* init, shell, other, zombie */
}

static void a_tree_has_an_account_until_its_last_member_is_reaped(void **state)
{
    (void)state;
    struct world_count before = world_count();
    struct process *leader;
    struct wait_answer answer;

    assert_int_equal(life_spawn(shell, "bin/tool", &block, SPAWN_TREE, &leader), ERR_OK);
    struct process *member = fork_of(leader);
    assert_int_equal(world_count().accounts, before.accounts + 1);
    life_end(leader, 0);
    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    assert_int_equal(world_count().accounts, before.accounts + 1);
    life_end(member, 0);
    assert_same(before, world_count());
}

static void a_pid_comes_back_only_after_all_others(void **state)
{
    (void)state;
    struct tree *emptied;
    struct process *keeper = process_create(shell, shell->tree, "keeper");
    uint32_t last = keeper->pid;
    unsigned wraps = 0;

    for (unsigned i = 0; i < 2 * PROCESS_PID_MAX; i++) {
        struct process *process = process_create(shell, shell->tree, "x");
        uint32_t pid = process->pid;
        assert_true(pid != shell->pid && pid != keeper->pid && pid != PROCESS_PID_INIT);
        assert_true(pid <= PROCESS_PID_MAX);
        wraps += pid < last;
        last = pid;
        process_end(process, 0);
        assert_ptr_equal(process_by_pid(pid), process);
        process_reap(process, &emptied);
        assert_null(process_by_pid(pid));
    }
    assert_int_equal(wraps, 2);
    process_end(keeper, 0);
    process_reap(keeper, &emptied);
}

static void the_console_hears_once_of_ends_that_concern_it(void **state)
{
    (void)state;
    uint64_t badges[NEWS_GONE_MAX];
    struct wait_answer answer;
    struct process *quiet = fork_of(shell);
    struct process *spoke = fork_of(shell);
    struct process *waited = fork_of(shell);
    uint64_t spoke_badge = spoke->badge;
    uint64_t waited_badge = waited->badge;

    spoke->flags |= PROCESS_SESSION;
    waited->flags |= PROCESS_SESSION;
    life_end(quiet, 0);
    life_end(spoke, 0); /* told while it is a zombie */
    assert_int_equal(news_take_gone(badges), 1);
    assert_int_equal(badges[0], spoke_badge);
    uint32_t pid = waited->pid;
    life_end(waited, 0); /* told after it was reaped */
    assert_int_equal(wait_begin(shell, pid, 0, &answer), ERR_OK);
    assert_null(process_by_pid(pid));
    assert_int_equal(news_take_gone(badges), 1);
    assert_int_equal(badges[0], waited_badge);
    assert_int_equal(news_take_gone(badges), 0);
    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
    assert_int_equal(wait_begin(shell, ANY, 0, &answer), ERR_OK);
}

static void children_bound_to_a_parent_end_with_it(void **state)
{
    (void)state;
    struct process *parent = fork_of(shell);
    struct process *bound;
    struct process *free_child;
    struct process *deeper;

    assert_int_equal(life_spawn(parent, "bin/tool", &block, SPAWN_BOUND, &bound), ERR_OK);
    assert_int_equal(life_spawn(parent, "bin/tool", &block, 0, &free_child), ERR_OK);
    assert_int_equal(life_spawn(bound, "bin/tool", &block, SPAWN_BOUND, &deeper), ERR_OK);
    uint64_t bound_badge = bound->badge;
    uint64_t deeper_badge = deeper->badge;
    life_end(parent, 0);
    assert_null(process_by_badge(bound_badge));
    assert_null(process_by_badge(deeper_badge));
    assert_ptr_equal(free_child->parent, process_init());
    assert_int_equal(free_child->state, PROCESS_ALIVE);
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
    struct thread *again;
    uint64_t old = thread_id(threads[3]);
    thread_unmake(body, threads[3]);
    assert_int_equal(thread_make(body, &again), ERR_OK);
    assert_int_not_equal(thread_id(again), old);
    assert_null(thread_by_id(body, old));
    life_end(shell, 0);
    assert_int_equal(world_running(), 0);
}

static void signals_do_what_posix_says_by_default(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint64_t pid = child->pid;

    assert_int_equal(kill_request(child, pid, 0), ERR_OK);
    assert_int_equal(kill_request(child, pid, SIGNAL_CHILD), ERR_OK);
    assert_int_equal(child->state, PROCESS_ALIVE);
    assert_int_equal(kill_request(NULL, pid, 32), PROC_ERR_INVAL);
    assert_int_equal(kill_request(NULL, 1, SIGNAL_KILL), PROC_ERR_PERM);
    assert_int_equal(kill_request(NULL, (uint64_t)-1, SIGNAL_KILL), PROC_ERR_PERM);
    assert_int_equal(kill_request(shell, pid, SIGNAL_KILL), PROC_ERR_PERM); /* K2 */
    assert_int_equal(kill_request(NULL, 9999, SIGNAL_KILL), PROC_ERR_SRCH);
    assert_int_equal(kill_request(child, pid, 15), ERR_OK);
    assert_int_equal(child->state, PROCESS_ZOMBIE);
    assert_int_equal(child->status, 15);
    assert_int_equal(kill_request(child, pid, 15), ERR_OK); /* a zombie can be signalled */
}

static void programs_that_are_none_are_named_errors(void **state)
{
    (void)state;
    struct process *child;
    struct life_block bad = block;

    assert_int_equal(life_spawn(shell, "bin/none", &block, 0, &child), PROC_ERR_NOENT);
    assert_int_equal(life_spawn(shell, "", &block, 0, &child), PROC_ERR_NOENT);
    assert_int_equal(life_spawn(shell, "0123456789012345678901234567890123", &block, 0, &child),
                     PROC_ERR_NOENT);
    bad.address = 5;
    assert_int_equal(life_spawn(shell, "bin/tool", &bad, 0, &child), PROC_ERR_INVAL);
    bad = block;
    bad.pages = 33;
    assert_int_equal(life_spawn(shell, "bin/tool", &bad, 0, &child), PROC_ERR_2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_child_that_ends_leaves_only_its_record, begin, end),
        cmocka_unit_test_setup_teardown(a_badge_is_never_used_again, begin, end),
        cmocka_unit_test_setup_teardown(orphans_go_to_init_in_every_order, begin, end),
        cmocka_unit_test_setup_teardown(a_waiter_is_answered_when_its_child_ends, begin, end),
        cmocka_unit_test_setup_teardown(a_status_is_not_lost_on_a_caller_that_has_gone, begin, end),
        cmocka_unit_test_setup_teardown(two_waiters_for_one_child_get_a_status_and_an_error, begin,
                                        end),
        cmocka_unit_test_setup_teardown(wait_without_hanging_tells_that_none_has_ended, begin, end),
        cmocka_unit_test_setup_teardown(every_failure_leaves_everything_as_it_was, begin, end),
        cmocka_unit_test_setup_teardown(every_shortage_of_records_leaves_everything_as_it_was,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_bomb_leaves_room_for_other_trees, begin, end),
        cmocka_unit_test_setup_teardown(a_tree_has_an_account_until_its_last_member_is_reaped,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_pid_comes_back_only_after_all_others, begin, end),
        cmocka_unit_test_setup_teardown(the_console_hears_once_of_ends_that_concern_it, begin, end),
        cmocka_unit_test_setup_teardown(children_bound_to_a_parent_end_with_it, begin, end),
        cmocka_unit_test_setup_teardown(threads_park_in_slots_of_their_own, begin, end),
        cmocka_unit_test_setup_teardown(signals_do_what_posix_says_by_default, begin, end),
        cmocka_unit_test_setup_teardown(programs_that_are_none_are_named_errors, begin, end),
    };
    return cmocka_run_group_tests(tests, begin_all, NULL);
}
