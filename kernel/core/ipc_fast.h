/* The short path of IPC: the common call, fault and reply-and-receive, from thread to thread in one
 * go. No long message, no capability sent, no deadline, nobody queued, and nobody ready at or above
 * the priority of the thread that is to run.
 *
 * Each returns false, having changed nothing, when the case is any other: the general path (ipc.c)
 * then does it. When it returns true everything that ends an entry is done as well (E2), and the
 * result is what the general path would have made: the host tests run each case through both.
 */
#pragma once

#include <stdbool.h>

#include "core/hart.h"

bool ipc_fast_call(struct hart *hart, struct thread *caller);
bool ipc_fast_fault(struct hart *hart, struct thread *faulter); /* its fault_* are set */
bool ipc_fast_reply_receive(struct hart *hart, struct thread *server);
