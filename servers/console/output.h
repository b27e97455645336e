/* Output: writes of many sessions become one stream of whole lines.
 *
 *   O1  A session that has begun a line owns the terminal until the line ends, so no other
 *       session's bytes stand within it. Lines of sessions that have something take turns.
 *   O2  The owner loses it when it goes, when it waits for input, when it has written
 *       OUTPUT_LINE_BYTES without a newline while others wait, and when it has written nothing for
 *       OUTPUT_PATIENCE_MS while others wait (output_patience).
 *   O3  What the ring has no room for waits in its session; the caller waits with it. So a fast
 *       writer is slowed to the UART's speed, and memory is bounded by the callers there are.
 *   O4  Echo goes past the queue, into room kept for it.
 *   O5  Without framing, newline is sent as CR LF.
 */
#ifndef CONSOLE_OUTPUT_H
#define CONSOLE_OUTPUT_H

#include "session.h"
#include "uart.h"

enum {
    OUTPUT_RING_BYTES = 4096,
    OUTPUT_ECHO_BYTES = 256, /* O4 */
    OUTPUT_LINE_BYTES = 4096,
    OUTPUT_PATIENCE_MS = 20,
};

void output_init(const struct uart_driver *uart, bool framed);
/* Queue a job's bytes and send what can be sent. True: all are in the ring, the job is done. */
bool output_write(struct job *job);
/* Take a job that could not wait out again, and give it back. */
void output_withdraw(struct job *job);
void output_echo(const char *text, size_t bytes);
/* One byte past everything, for the frame. */
void output_mark(uint8_t byte);
/* Go on: the UART has room, or something changed. Jobs that end answer their callers. */
void output_run(void);
void output_release(struct session *session); /* O2: it waits for input */
void output_forget(struct session *session);  /* it goes: its writes are dropped */
bool output_patience(void); /* the owner is idle and others wait: call output_expire later */
void output_expire(void);
bool output_is_empty(void); /* nothing in ring or queues */
bool output_is_sent(void);  /* nothing in the ring, and the line is silent */

#endif
