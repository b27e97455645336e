/* Waiting for steps that are out; the contract is in beside.h. */
#include "beside.h"

struct beside beside;

void beside_alone(void)
{
    for (unsigned t = 0; t < PAGER_THREADS_MAX; t++) {
        while (beside.steps[t].out != NULL && !beside_reply_is_done(t)) {
            beside_let_run();
        }
        beside_done(t);
    }
    fault_reach_empty(&beside.reach);
}
