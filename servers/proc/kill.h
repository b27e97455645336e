/* Ends that others cause: signals of kill, and faults that the pager could not answer.
 *
 *   K1  Only default actions exist: a signal ends the process or does nothing.
 *   K2  Init cannot be killed, nor can its tree. Of the processes in it, such as the shell, each
 *       can end itself; nobody else can, for all jobs hang on them.
 *   K3  A victim of a fault is named to the user with pid, address, pc and reason before it ends.
 *   K4  The console has no process; when it faults the system ends, in words.
 */
#ifndef PROC_KILL_H
#define PROC_KILL_H

#include "process.h"

/* pid > 0: that process; below 0 (as a signed word): the tree that -pid began, which is doomed then
 * (end.h). sender: NULL is the console. SRCH, PERM, INVAL. */
[[nodiscard]] err_t kill_request(struct process *sender, uint64_t pid, uint64_t signal);
void kill_know_console(uint64_t space_id); /* K4 */
/* The pager has signalled: victims wait, and kill_next_victim takes one of them. */
void kill_expect_victims(void);
bool kill_victim_waits(void);
void kill_next_victim(void);

#endif
