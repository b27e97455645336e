/* IPC: call, receive, reply, reply-and-receive, send; faults travel as calls.
 *
 * Where a caller is (H1), and what moves it:
 *
 *   RUNNING --call--> CALLING     no receiver waits: queued on the endpoint (endpoint.h)
 *   RUNNING --call--> REPLYING    a receiver waits: held by that receiver's reply object
 *   CALLING --receive--> REPLYING
 *   REPLYING --reply--> READY     with the answer
 *   CALLING, REPLYING --deadline, drain, abandon, stop--> READY or STOPPED, with an error
 *   RUNNING --receive--> RECEIVING --message, notification, deadline, drain, stop--> READY
 *
 *   Z1  A deadline of a call spans the queue and the wait for the answer.
 *   Z2  A caller that leaves empties its reply object; the late answer gets CALLER_GONE.
 *   Z3  A call whose receiver named no reply object is answered PEER_GONE.
 *   Z4  in_fault: the wait is a fault's. It has no deadline and no registers to write; when it is
 *       abandoned the thread stops (FAULTED).
 */
#pragma once

#include "core/endpoint.h"

/* The current thread calls (or its fault does): its badge and registers are set. */
void ipc_call(struct thread *caller, struct endpoint *endpoint);
/* A thread that waits, anywhere, gets `error` instead of what it waits for. */
void ipc_abandon(struct thread *waiting, err_t error);
