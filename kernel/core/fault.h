/* Faults: a thread's fault becomes a call to its fault endpoint; the answer may carry a mapping.
 *
 *   X1  A thread with no living fault endpoint, or whose fault nobody will answer, is FAULTED: it
 *       stops, and nothing else does.
 */
#pragma once

#include "core/thread.h"

void fault_deliver_message(struct thread *faulter, struct thread *receiver);
void fault_stop(struct thread *thread); /* X1; it is nowhere */

/* What the replier's flags ask for, done: ARGUMENT, or what the map item says. MAP has written the
 * entry when this returns OK. */
[[nodiscard]] err_t fault_answer(struct thread *faulter, const struct thread *replier,
                                 unsigned flags, uint64_t w0, uint64_t w1, uint64_t w2);
