/* Waiting for steps that are out; the contract is in beside.h. */
#include "beside.h"

struct beside beside;

unsigned beside_free_entries(const volatile uint64_t *entry, unsigned count)
{
    for (unsigned t = 0; t < beside.threads; t++) {
        const volatile uint64_t *out = beside.steps[t].out;
        if (out >= entry && out < entry + count) {
            count = (unsigned)(out - entry);
        }
    }
    return count;
}

void beside_alone(void)
{
    for (unsigned t = 0; t < PAGER_THREADS_MAX; t++) {
        while (beside.steps[t].out != NULL && !beside_reply_is_done(t)) {
            beside_let_run();
        }
        beside_done(t);
    }
    for (unsigned i = 0; i < BESIDE_REACHES; i++) {
        fault_reach_empty(&beside.reaches[i]);
    }
}
