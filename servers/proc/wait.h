/* waitpid: who waits for which child, as continuations that hold the caller's reply object.
 *
 *   W1  A waiter is in its process's list from the request until it is answered or its process
 *       ends or changes its program.
 *   W2  A child is reaped only when its status has reached a caller: an answer that finds the
 *       caller gone leaves the zombie for the next one.
 *   W3  Whenever no child is left that a waiter could get, it is answered CHILD.
 */
#ifndef PROC_WAIT_H
#define PROC_WAIT_H

#include "process.h"

void wait_table_init(const struct store_owner *owner, uint64_t address, uint32_t limit);

struct wait_answer {
    bool deferred;
    uint64_t pid; /* 0: none has ended (WAIT_NOHANG) */
    int32_t status;
};
/* pid > 0: that child; all ones (-1): any. CHILD, INVAL, NOMEM. */
[[nodiscard]] err_t wait_begin(struct process *process, uint64_t pid, uint64_t options,
                               struct wait_answer *answer_out);
/* child has just become a zombie of parent. */
void wait_child_ended(struct process *parent, struct process *child);
/* Answer CHILD to those for whom nothing is left (W3). */
void wait_check(struct process *process);
/* The callers are gone: their threads were destroyed. */
void wait_drop_all(struct process *process);
uint64_t wait_fail_after(uint64_t takes); /* tests */

#endif
