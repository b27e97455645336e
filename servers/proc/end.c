/* Ends of processes; contract in end.h. */
#include "end.h"

#include <stddef.h>

#include "account.h"
#include "news.h"
#include "signals.h"
#include "wait.h"

static struct {
    struct list trees;  /* doomed */
    struct list doomed; /* ALIVE, by the doomed node */
    struct list ending; /* ENDING, with children left or a leader that waited (N4) */
    bool waits;         /* one of them may have members, or init may have zombies */
} put_off;

static void end_put_off(struct list *list, struct list *node)
{
    list_append(list, node);
    put_off.waits = true;
}

void end_init(void)
{
    list_init(&put_off.trees);
    list_init(&put_off.doomed);
    list_init(&put_off.ending);
}

void end_drop_tree(struct tree *tree)
{
    list_remove(&tree->doomed);
    account_close(tree->account);
    tree_drop(tree);
}

void end_reap(struct process *zombie)
{
    struct tree *emptied;

    process_reap(zombie, &emptied);
    if (emptied != NULL) {
        end_drop_tree(emptied);
    }
}

/* True: init has none any more. */
static bool end_reap_orphans(void)
{
    struct list *zombies = &process_init()->zombies;

    if (list_is_empty(zombies)) {
        return true;
    }
    for (unsigned i = 0; i < END_ORPHANS && !list_is_empty(zombies); i++) {
        end_reap(LIST_OWNER(zombies->next, struct process, sibling));
    }
    put_off.waits |= !list_is_empty(zombies);
    return list_is_empty(zombies);
}

static bool end_tree_is_doomed(const struct tree *tree)
{
    return !list_is_empty(&tree->doomed);
}

bool end_is_doomed(const struct process *process)
{
    return !list_is_empty(&process->doomed) || end_tree_is_doomed(process->tree);
}

static void end_doom_bound(struct process *child)
{
    if ((child->flags & PROCESS_BOUND) != 0 && child->state == PROCESS_ALIVE &&
        !end_is_doomed(child)) {
        child->status = status_of_signal(SIGNAL_KILL);
        end_put_off(&put_off.doomed, &child->doomed);
    }
}

/* True: it has no children any more. */
static bool end_leave_children(struct process *process)
{
    for (unsigned i = 0; i < END_CHILDREN; i++) {
        struct process *child = process_orphan_next(process);
        if (child == NULL) {
            return true;
        }
        end_doom_bound(child);
    }
    return false;
}

/* N3, the rest. */
static void end_go_on(struct process *process)
{
    struct tree *tree = process->tree;
    struct process *parent = process->parent;

    if (!end_leave_children(process) || !end_reap_orphans()) {
        end_put_off(&put_off.ending, &process->doomed);
        return;
    }
    process_end(process);
    if (tree->unended == 1 && tree->held != NULL) {
        end_put_off(&put_off.ending, &tree->held->doomed);
        tree->held = NULL;
    }
    if ((process->flags & PROCESS_SESSION) != 0) {
        news_signal();
    }
    wait_child_ended(parent, process);
    (void)end_reap_orphans();
}

void end_process(struct process *process, int32_t status)
{
    struct tree *tree = process->tree;
    bool own = !list_is_empty(&process->doomed);

    if (own || end_tree_is_doomed(tree)) {
        status = own ? process->status : tree->doom_status; /* N2 */
    }
    list_remove(&process->doomed);
    process_set_space(process, 0);
    body_unmake(&process->body);
    wait_drop_all(process);
    if ((process->flags & PROCESS_FIRST) != 0) {
        news_power(0, status_exit_code(status));
    }
    process_stop(process, status);
    if (end_tree_is_doomed(tree) && tree->leader == process->pid && tree->unended > 1) {
        tree->held = process; /* N4 */
        return;
    }
    end_go_on(process);
}

void end_tree(struct tree *tree, int32_t status)
{
    if (!end_tree_is_doomed(tree)) {
        tree->doom_status = status;
        end_put_off(&put_off.trees, &tree->doomed);
    }
}

static void end_step_of_tree(struct tree *tree)
{
    if (list_is_empty(&tree->processes)) {
        list_remove(&tree->doomed);
        return;
    }
    end_process(LIST_OWNER(tree->processes.next, struct process, in_tree), tree->doom_status);
}

static struct list *end_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->next;
}

bool end_work_waits(void)
{
    return put_off.waits;
}

bool end_step(void)
{
    struct list *node;

    if (!list_is_empty(&process_init()->zombies)) {
        (void)end_reap_orphans();
    } else if ((node = end_first(&put_off.ending)) != NULL) {
        list_remove(node);
        end_go_on(LIST_OWNER(node, struct process, doomed));
    } else if ((node = end_first(&put_off.doomed)) != NULL) {
        struct process *process = LIST_OWNER(node, struct process, doomed);
        end_process(process, process->status);
    } else if ((node = end_first(&put_off.trees)) != NULL) {
        end_step_of_tree(LIST_OWNER(node, struct tree, doomed));
    } else {
        put_off.waits = false;
    }
    return put_off.waits;
}
