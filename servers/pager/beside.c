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
        if (beside.steps[t].space_id == space_id) {
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
