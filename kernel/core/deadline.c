/* Deadlines: the trees. */
#include "core/deadline.h"

#include "arch.h"
#include "core/hart.h"
#include "core/ipc.h"
#include "core/timer.h"

void deadline_arm(struct deadline *deadline, uint64_t ticks, struct hart *hart)
{
    if (ticks == TICKS_NEVER) {
        return;
    }
    deadline->hart = hart;
    tree_insert(&hart->deadlines, &deadline->node, ticks);
    if (tree_first(&hart->deadlines) == &deadline->node) {
        hart->must_set_timer = true;
    }
}

void deadline_disarm(struct deadline *deadline)
{
    if (tree_is_linked(&deadline->node)) {
        tree_remove(&deadline->hart->deadlines, &deadline->node);
    }
}

err_t deadline_check(uint64_t ticks)
{
    REFUSE_IF(ticks == 0, ERR_WOULD_BLOCK);
    return ticks == TICKS_NEVER || ticks > arch_time_ticks() ? ERR_OK : ERR_TIMEOUT;
}

void deadline_fire(struct hart *hart, uint64_t now_ticks)
{
    for (unsigned i = 0; i < DEADLINES_AT_ONCE; i++) {
        struct tree_node *first = tree_first(&hart->deadlines);
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
