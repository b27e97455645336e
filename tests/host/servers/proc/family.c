/* The fixture of proc's tests; contract in family.h. */
#include "family.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "end.h"
#include "tool_archive.h"

const struct body_block family_block = {.space_id = 1, .address = 8, .bytes = 100};
struct process *shell;

int family_begin_all(void **state)
{
    (void)state;
    tool_archive_make();
    world_start_proc(200);
    return 0;
}

int family_begin(void **state)
{
    (void)state;
    assert_int_equal(life_spawn(process_init(), "bin/tool", &family_block, 0, &shell), ERR_OK);
    world_forget_replies();
    return 0;
}

void family_finish(void)
{
    while (end_work_waits()) {
        end_step();
    }
}

int family_end(void **state)
{
    (void)state;
    while (!list_is_empty(&process_init()->children)) {
        end_process(LIST_OWNER(process_init()->children.next, struct process, sibling), 0);
        family_finish();
    }
    assert_int_equal(process_table_statistics().processes, 1);
    assert_int_equal(world_running(), 0);
    assert_int_equal(world_count().spaces, 0);
    assert_int_equal(world_count().accounts, 1);
    return 0;
}

struct process *fork_of(struct process *parent)
{
    struct thread_start start = {.pc = 0x1000};
    struct process *child;

    assert_int_equal(life_fork(parent, &start, &child), ERR_OK);
    return child;
}

void assert_same(struct world_count before, struct world_count after)
{
    assert_int_equal(before.objects, after.objects);
    assert_int_equal(before.slots, after.slots);
    assert_int_equal(before.spaces, after.spaces);
    assert_int_equal(before.accounts, after.accounts);
}
