/* Deadlines: the one tree. */
#include "core/deadline.h"

#include "arch.h"
#include "core/hart.h"
#include "core/ipc.h"
#include "core/timer.h"

static struct tree deadlines; /* D1 [K] */

void deadline_arm(struct deadline *deadline, uint64_t ticks, struct hart *hart)
{
    if (ticks == TICKS_NEVER) {
        return;
    }
    tree_insert(&deadlines, &deadline->node, ticks);
    if (tree_first(&deadlines) == &deadline->node) {
        hart->must_set_timer = true;
    }
}

void deadline_disarm(struct deadline *deadline)
{
    if (tree_is_linked(&deadline->node)) {
        tree_remove(&deadlines, &deadline->node);
    }
}

uint64_t deadline_first_ticks(void)
{
    const struct tree_node *first = tree_first(&deadlines);

    return first == NULL ? TICKS_NEVER : first->key;
}

err_t deadline_check(uint64_t ticks)
{
    REFUSE_IF(ticks == 0, ERR_WOULD_BLOCK);
    return ticks == TICKS_NEVER || ticks > arch_time_ticks() ? ERR_OK : ERR_TIMEOUT;
}

void deadline_fire(uint64_t now_ticks)
{
    for (unsigned i = 0; i < DEADLINES_AT_ONCE; i++) {
        struct tree_node *first = tree_first(&deadlines);
        struct deadline *deadline;

        if (first == NULL || first->key > now_ticks) {
            return;
        }
        deadline = container_of(first, struct deadline, node);
        if (deadline->is_timer) {
            timer_fire(container_of(deadline, struct timer, deadline));
        } else {
            ipc_abandon(container_of(deadline, struct thread, deadline), ERR_TIMEOUT);
        }
    }
}
