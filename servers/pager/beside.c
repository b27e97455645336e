/* Waiting for steps that are out; the contract is in beside.h. */
#include "beside.h"

#include "request.h"

struct beside beside;

unsigned beside_free_entries(const volatile uint64_t *entry, unsigned count)
{
    for (unsigned t = 0; t < beside.threads; t++) {
        const volatile uint64_t *out = beside.out[t];
        if (out >= entry && out < entry + count) {
            count = (unsigned)(out - entry);
        }
    }
    return count;
}

static const volatile uint64_t no_entry; /* what stands for that of a thread that holds spaces, */
static uint64_t children[PAGER_THREADS_MAX]; /* the one of the step, and this one */

void beside_hold(unsigned thread, uint64_t parent_id, uint64_t child_id)
{
    PAGER_ASSERT(beside.out[thread] == NULL);
    beside.out[thread] = &no_entry;
    beside.steps[thread] = (struct beside_step){.space_id = parent_id};
    children[thread] = child_id;
}

/* Is the thread's step that space's? */
static bool step_is_of(unsigned thread, uint64_t space_id)
{
    return beside.steps[thread].space_id == space_id ||
           (beside.out[thread] == &no_entry && children[thread] == space_id);
}

bool beside_holds(uint64_t space_id)
{
    for (unsigned t = 0; t < beside.threads; t++) {
        if (beside.out[t] == &no_entry && step_is_of(t, space_id)) {
            return true;
        }
    }
    return false;
}

static void wait_for(unsigned thread)
{
    while (beside.out[thread] != NULL && !beside_reply_is_done(thread)) {
        beside_let_run();
    }
    beside_done(thread);
}

bool beside_settle(void)
{
    bool any = false;
    for (unsigned t = 0; t < beside.threads; t++) {
        any = any || beside.out[t] != NULL;
        wait_for(t);
    }
    return any;
}

void beside_alone(void)
{
    (void)beside_settle();
    for (unsigned i = 0; i < BESIDE_REACHES; i++) {
        fault_reach_empty(&beside.reaches[i]);
    }
}

void beside_alone_of(uint64_t space_id)
{
    for (unsigned t = 0; t < beside.threads; t++) {
        if (step_is_of(t, space_id)) {
            wait_for(t);
        }
    }
    fault_reach_empty(&beside.reaches[space_id % BESIDE_REACHES]);
}

/* Those that come often touch one space: its path, its regions, its promises. */
void beside_alone_for(const struct pager_request *request)
{
    switch (request->label) {
    case PAGER_BRK:
    case PAGER_MAP:
    case PAGER_UNMAP:
    case PAGER_PROTECT:
        beside_alone_of(request->badge & ~(PAGER_BADGE_TRUSTED | PAGER_BADGE_AUDIT));
        return;
    case PAGER_SPACE_FORK:
        beside_alone_of(request->in.space_fork.space_id);
        return;
    case PAGER_SPACE_DESTROY:
        beside_alone_of(request->in.space_destroy.space_id);
        return;
    default:
        beside_alone();
    }
}
