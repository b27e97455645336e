/* waitpid: who waits for which child, as continuations that hold the caller's reply object.
 *
 *   W1  A waiter is in its process's list from the request until it is answered or its process
 *       ends or changes its program.
 *   W2  A child is reaped only when its status has reached a caller: an answer that finds the
 *       caller gone leaves the zombie for the next one.
 *   W3  Whenever no child is left that a waiter could get, it is answered CHILD.
 *   W4  One answer may be due: it goes out with the server loop's next receive if the loop has no
 *       other to give, else by itself; before the next request is served in any case. A waiter that
 *       may be gone (it has a deadline, or wait_doubt) is answered at once, for W2: all others are
 *       there until their process ends.
 *   W5  A process has no more waiters than threads. Who would be one more finds one that has gone:
 *       the first that may be is dropped, and told AGAIN should it still be there.
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "process.h"

void wait_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit);

struct wait_answer {
    bool deferred; /* the caller waits, or has its answer already */
    uint64_t pid;  /* 0: none has ended (WAIT_NOHANG) */
    int32_t status;
};
/* pid > 0: that child; all ones (-1): any. may_be_gone: the caller has a deadline. CHILD, INVAL,
 * NOMEM. */
[[nodiscard]] err_t wait_begin(struct process *process, uint64_t pid, uint64_t options,
                               bool may_be_gone, struct wait_answer *answer_out);
/* The waits of those who wait by now may have ended with a single thread. */
void wait_doubt(struct process *process);
/* child has just become a zombie of parent. */
void wait_child_ended(struct process *parent, struct process *child);
bool wait_is_due(void); /* W4 */
/* The answer that is due is in *message_out, and its caller in the loop's own reply object. */
void wait_take_due(struct message *message_out);
/* Let it out by itself. False: the caller is gone. */
bool wait_flush(void);
/* Answer CHILD to those for whom nothing is left (W3). */
void wait_check(struct process *process);
/* The callers are gone: their threads were destroyed. */
void wait_drop_all(struct process *process);
uint64_t wait_fail_after(uint64_t takes); /* tests */

#endif
