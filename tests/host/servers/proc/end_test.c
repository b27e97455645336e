/* Ends of processes: status, orphans, zombies, trees and who waits for them.
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
#include "news.h"
#include "reply.h"
#include "signals.h"
#include "thread.h"
#include "wait.h"

static void a_child_that_ends_leaves_only_its_record(void **state)
{
    (void)state;
    struct world_count before = world_count();
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    end_process(child, 3 << 8);
    assert_same(before, world_count()); /* before anybody has waited */
    assert_int_equal(process_by_pid(pid)->state, PROCESS_ZOMBIE);
    assert_int_equal(wait_begin(shell, pid, 0, false, &answer), ERR_OK);
    assert_int_equal(answer.pid, pid);
    assert_int_equal(answer.status, 3 << 8);
    assert_null(process_by_pid(pid));
    assert_int_equal(wait_begin(shell, pid, 0, false, &answer), PROC_ERR_CHILD);
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
            end_process(family[orders[order][i]], 0);
        }
        assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
        assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), PROC_ERR_CHILD);
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

    assert_int_equal(wait_begin(shell, pid, 0, false, &answer), ERR_OK);
    assert_true(answer.deferred);
    end_process(first, 1 << 8);
    assert_int_equal(world_replies(), 0);
    end_process(second, 9);
    assert_int_equal(world_replies(), 0);
    assert_true(wait_flush()); /* as the server loop does if it has another answer */
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

    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    assert_true(answer.deferred);
    wait_doubt(shell);
    world_set_callers_gone(true);
    end_process(child, 0);
    world_set_callers_gone(false);
    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, false, &answer), ERR_OK);
    assert_int_equal(answer.pid, pid);
}

static void nor_is_one_that_was_there_before_the_caller(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    end_process(child, 9);
    world_set_callers_gone(true);
    assert_int_equal(wait_begin(shell, pid, 0, true, &answer), ERR_OK);
    assert_true(answer.deferred); /* there is nobody to be answered */
    world_set_callers_gone(false);
    assert_int_equal(wait_begin(shell, pid, 0, true, &answer), ERR_OK);
    assert_true(answer.deferred);
    assert_int_equal(world_replies(), 1);
    assert_int_equal(world_last_reply().w[0], pid);
    assert_int_equal(world_last_reply().w[1], 9);
    assert_null(process_by_pid(pid));
}

static void who_gave_up_keeps_no_place(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, pid, 0, true, &answer), ERR_OK);
    struct world_count before = world_count();
    for (unsigned i = 0; i < 100; i++) {
        world_set_callers_gone(true); /* the one before */
        assert_int_equal(wait_begin(shell, ANY, 0, i < 99, &answer), ERR_OK);
        world_set_callers_gone(false);
        assert_true(answer.deferred);
    }
    assert_same(before, world_count());
    end_process(child, 9);
    assert_true(wait_flush());
    assert_int_equal(world_replies(), 1);
    assert_int_equal(world_last_reply().w[0], pid);
}

static void two_waiters_for_one_child_get_a_status_and_an_error(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    end_process(child, 0);
    assert_true(wait_flush());
    assert_int_equal(world_replies(), 2);
    assert_int_equal(world_last_reply().label, PROC_ERR_CHILD);
}

/* The server loop's part: what is due goes out with its next receive. */
static void an_answer_that_is_due_goes_through_the_loops_reply_object(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct message message;
    struct wait_answer answer;
    cap_t held = reply_current();

    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    assert_int_not_equal(reply_current(), held);
    end_process(child, 9);
    assert_null(process_by_pid(pid)); /* nothing is left of it meanwhile */
    assert_true(wait_is_due());
    memset(&message, 0xff, sizeof(message));
    wait_take_due(&message);
    assert_false(wait_is_due());
    assert_int_equal(reply_current(), held);
    assert_int_equal(message.label, ERR_OK);
    assert_int_equal(message.w[0], pid);
    assert_int_equal(message.w[1], 9);
    assert_int_equal(message.w[2] | message.w[3], 0);
    assert_int_equal(world_replies(), 0);
}

static void a_status_goes_to_the_first_waiter_that_is_there(void **state)
{
    (void)state;
    struct process *child = fork_of(shell);
    uint32_t pid = child->pid;
    struct thread *second;
    struct wait_answer answer;

    assert_int_equal(body_add_thread(&shell->body, &(struct thread_start){0}, &second), ERR_OK);
    assert_int_equal(wait_begin(shell, pid, 0, false, &answer), ERR_OK);
    wait_doubt(shell);
    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    world_set_callers_gone(true);
    end_process(child, 9);
    world_set_callers_gone(false);
    assert_true(wait_is_due());
    assert_true(wait_flush());
    assert_int_equal(world_last_reply().w[0], pid);
    assert_int_equal(world_replies(), 1);
}

static void wait_without_hanging_tells_that_none_has_ended(void **state)
{
    (void)state;
    struct wait_answer answer;

    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, false, &answer), PROC_ERR_CHILD);
    (void)fork_of(shell);
    assert_int_equal(wait_begin(shell, ANY, WAIT_NOHANG, false, &answer), ERR_OK);
    assert_int_equal(answer.pid, 0);
    assert_int_equal(wait_begin(shell, 0, 0, false, &answer), PROC_ERR_INVAL);
    assert_int_equal(wait_begin(shell, ANY, 8, false, &answer), PROC_ERR_INVAL);
}

static void a_tree_has_an_account_until_its_last_member_is_reaped(void **state)
{
    (void)state;
    struct world_count before = world_count();
    struct process *leader;
    struct wait_answer answer;

    assert_int_equal(life_spawn(shell, "bin/tool", &family_block, SPAWN_TREE, &leader), ERR_OK);
    struct process *member = fork_of(leader);
    assert_int_equal(world_count().accounts, before.accounts + 1);
    end_process(leader, 0);
    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    assert_int_equal(world_count().accounts, before.accounts + 1);
    end_process(member, 0);
    assert_same(before, world_count());
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
    end_process(quiet, 0);
    end_process(spoke, 0); /* told while it is a zombie */
    assert_int_equal(news_take_gone(badges), 1);
    assert_int_equal(badges[0], spoke_badge);
    uint32_t pid = waited->pid;
    end_process(waited, 0); /* told after it was reaped */
    assert_int_equal(wait_begin(shell, pid, 0, false, &answer), ERR_OK);
    assert_null(process_by_pid(pid));
    assert_int_equal(news_take_gone(badges), 1);
    assert_int_equal(badges[0], waited_badge);
    assert_int_equal(news_take_gone(badges), 0);
    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
    assert_int_equal(wait_begin(shell, ANY, 0, false, &answer), ERR_OK);
}

static void children_bound_to_a_parent_end_with_it(void **state)
{
    (void)state;
    struct process *parent = fork_of(shell);
    struct process *bound;
    struct process *free_child;
    struct process *deeper;

    assert_int_equal(life_spawn(parent, "bin/tool", &family_block, SPAWN_BOUND, &bound), ERR_OK);
    assert_int_equal(life_spawn(parent, "bin/tool", &family_block, 0, &free_child), ERR_OK);
    assert_int_equal(life_spawn(bound, "bin/tool", &family_block, SPAWN_BOUND, &deeper), ERR_OK);
    uint64_t bound_badge = bound->badge;
    uint64_t deeper_badge = deeper->badge;
    end_process(parent, 0);
    family_finish();
    assert_null(process_by_badge(bound_badge));
    assert_null(process_by_badge(deeper_badge));
    assert_ptr_equal(free_child->parent, process_init());
    assert_int_equal(free_child->state, PROCESS_ALIVE);
}

static void a_tree_ends_in_steps_and_its_leader_last(void **state)
{
    (void)state;
    enum { MEMBERS = 40 };
    struct process *leader;
    struct process *member[MEMBERS];
    struct wait_answer answer;

    assert_int_equal(life_spawn(shell, "bin/tool", &family_block, SPAWN_TREE, &leader), ERR_OK);
    uint32_t leader_pid = leader->pid;
    for (unsigned i = 0; i < MEMBERS; i++) {
        member[i] = fork_of(i % 3 == 0 ? leader : member[i / 2]);
    }
    assert_int_equal(wait_begin(shell, leader_pid, 0, false, &answer), ERR_OK);
    assert_true(answer.deferred);
    unsigned running = world_running();
    assert_int_equal(kill_request(NULL, (uint64_t) - (int64_t)leader_pid, SIGNAL_KILL), ERR_OK);
    assert_int_equal(world_running(), running); /* nothing of it happened in the request */
    assert_true(end_is_doomed(member[7]));
    end_process(member[7], 5 << 8); /* by itself meanwhile: the status is that of the signal */
    assert_int_equal(member[7]->status, SIGNAL_KILL);
    for (running = world_running(); world_replies() == 0; running = world_running()) {
        assert_true(end_work_waits());
        end_step();
        (void)wait_flush();
        assert_true(world_running() + 1 >= running); /* one a step */
    }
    assert_int_equal(world_last_reply().w[0], leader_pid);
    assert_int_equal(world_last_reply().w[1], SIGNAL_KILL);
    assert_int_equal(process_table_statistics().processes, 2); /* init and shell */
}

static void a_parent_of_many_ends_when_they_have_moved(void **state)
{
    (void)state;
    enum { CHILDREN = 3 * END_CHILDREN };
    struct process *parent = fork_of(shell);
    struct process *child[CHILDREN];
    struct wait_answer answer;
    uint32_t pid = parent->pid;

    for (unsigned i = 0; i < CHILDREN; i++) {
        child[i] = fork_of(parent);
        if (i % 2 == 0) {
            end_process(child[i], 0);
        }
    }
    unsigned running = world_running();
    end_process(parent, 3 << 8);
    assert_int_equal(world_running(), running - 1); /* it runs no more, but has not ended */
    assert_int_equal(parent->state, PROCESS_ENDING);
    assert_null(process_by_badge(parent->badge));
    assert_int_equal(wait_begin(shell, pid, 1, false, &answer), ERR_OK);
    assert_int_equal(answer.pid, 0);
    assert_int_equal(kill_request(parent, pid, SIGNAL_KILL), ERR_OK);
    family_finish();
    assert_ptr_equal(child[1]->parent, process_init());
    assert_int_equal(wait_begin(shell, pid, 1, false, &answer), ERR_OK);
    assert_int_equal(answer.pid, pid);
    assert_int_equal(answer.status, 3 << 8);
    assert_int_equal(process_table_statistics().processes, 2 + CHILDREN / 2);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_child_that_ends_leaves_only_its_record, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(orphans_go_to_init_in_every_order, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(a_waiter_is_answered_when_its_child_ends, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(a_status_is_not_lost_on_a_caller_that_has_gone,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(nor_is_one_that_was_there_before_the_caller, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(who_gave_up_keeps_no_place, family_begin, family_end),
        cmocka_unit_test_setup_teardown(two_waiters_for_one_child_get_a_status_and_an_error,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(an_answer_that_is_due_goes_through_the_loops_reply_object,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(a_status_goes_to_the_first_waiter_that_is_there,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(wait_without_hanging_tells_that_none_has_ended,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(a_tree_has_an_account_until_its_last_member_is_reaped,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(the_console_hears_once_of_ends_that_concern_it,
                                        family_begin, family_end),
        cmocka_unit_test_setup_teardown(children_bound_to_a_parent_end_with_it, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(a_tree_ends_in_steps_and_its_leader_last, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(a_parent_of_many_ends_when_they_have_moved, family_begin,
                                        family_end),
        cmocka_unit_test_setup_teardown(signals_do_what_posix_says_by_default, family_begin,
                                        family_end),
    };
    return cmocka_run_group_tests(tests, family_begin_all, NULL);
}
